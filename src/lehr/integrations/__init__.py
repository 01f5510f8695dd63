"""What a trainer wants beside a schedule or a Scheduler: one file a trainer.

A framework is imported only when one of its functions is called.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from .optuna import suggest as suggest
    from .ray import search_space as search_space
    from .search import schedule_of as schedule_of

_FILES: dict[str, str] = {
    "schedule_of": "search",
    "search_space": "ray",
    "suggest": "optuna",
}
"""Public name -> the file it is in."""

__all__ = sorted(_FILES)


def __getattr__(name: str) -> object:
    """Load on first use what a name needs (PEP 562)."""
    if name in _FILES:
        return getattr(_import_module(f".{_FILES[name]}", __name__), name)
    raise AttributeError(f"module 'lehr.integrations' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
