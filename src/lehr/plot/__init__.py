"""Pictures of schedules with matplotlib: each function draws on an Axes and returns it.

Without an Axes a function draws on pyplot's current one where pyplot is in use, as in a notebook, and
else on a new figure outside pyplot. A new figure has lehr's look, `STYLE`, in the size of one column
of a paper; no setting of matplotlib is changed. `save` writes a picture to a file.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from .inline import inline_svg as inline_svg
    from .look import STYLE as STYLE
    from .look import add_legend as add_legend
    from .look import current_axes as current_axes
    from .look import new_axes as new_axes
    from .look import save as save
    from .pictures import plot_schedule as plot_schedule
    from .pictures import plot_schedules as plot_schedules

__all__ = [
    "STYLE", "add_legend", "current_axes", "inline_svg", "new_axes", "plot_schedule", "plot_schedules", "save",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Load matplotlib on first use, and say how to get it where it is missing."""
    if name not in __all__:
        raise AttributeError(f"module 'lehr.plot' has no attribute {name!r}")
    try:
        import matplotlib  # noqa: F401  # asked for here, to say in one place how to get it
    except ImportError as error:
        raise ImportError('lehr.plot draws with matplotlib: pip install "lehr[plot]"') from error
    module = "pictures" if name.startswith("plot") else "inline" if name == "inline_svg" else "look"
    return getattr(_import_module(f".{module}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
