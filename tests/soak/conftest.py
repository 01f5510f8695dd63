"""What takes long runs only when it is asked for: ``pytest tests/soak``."""


def pytest_ignore_collect(config):
    """Leave this directory out unless an argument names it."""
    return None if any("soak" in str(argument) for argument in config.invocation_params.args) else True
