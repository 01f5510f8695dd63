"""The control file of a test, at which its run looks at every step."""

from control.control_files import look_at_every_step, path  # noqa: F401  # fixtures
