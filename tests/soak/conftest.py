"""What takes long runs only when it is asked for: ``pytest tests/soak``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # its tests are those beside it, with larger numbers


def pytest_ignore_collect(config):
    """Leave this directory out unless an argument names it."""
    return None if any("soak" in str(argument) for argument in config.invocation_params.args) else True
