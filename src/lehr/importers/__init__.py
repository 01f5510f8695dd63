"""Schedules of other libraries, as schedules of lehr: one file a framework.

Each ``from_…`` function returns a `Schedule` whose value at ``t`` is the rate that update ``t`` really uses there,
off-by-ones included. A framework is imported only where its own objects are read.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from .torch import from_torch as from_torch

_FILES: dict[str, str] = {
    "from_torch": "torch",
}
"""Public name -> the file it is in."""

__all__ = sorted(_FILES)


def __getattr__(name: str) -> object:
    """Load on first use what a name needs (PEP 562)."""
    if name in _FILES:
        return getattr(_import_module(f".{_FILES[name]}", __name__), name)
    raise AttributeError(f"module 'lehr.importers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
