"""lehr: a learning-rate schedule as a value, and a scheduler that follows it exactly."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from .schedules import Constant as Constant
from .schedules import Exponential as Exponential
from .schedules import Knots as Knots
from .schedules import PowerLaw as PowerLaw
from .schedules import Ramp as Ramp
from .schedules import Schedule as Schedule
from .schedules import Table as Table
from .schedules import lengths as lengths
from .schedules.recipes import constant as constant
from .schedules.recipes import constant_with_warmup as constant_with_warmup
from .schedules.recipes import cosine as cosine
from .schedules.recipes import cosine_restarts as cosine_restarts
from .schedules.recipes import exp_range as exp_range
from .schedules.recipes import exponential as exponential
from .schedules.recipes import infinite as infinite
from .schedules.recipes import inverse_sqrt as inverse_sqrt
from .schedules.recipes import linear as linear
from .schedules.recipes import multistep as multistep
from .schedules.recipes import noam as noam
from .schedules.recipes import one_cycle as one_cycle
from .schedules.recipes import polynomial as polynomial
from .schedules.recipes import power as power
from .schedules.recipes import range_test as range_test
from .schedules.recipes import rex as rex
from .schedules.recipes import step_decay as step_decay
from .schedules.recipes import trapezoid as trapezoid
from .schedules.recipes import triangular as triangular
from .schedules.recipes import triangular2 as triangular2
from .schedules.recipes import wsd as wsd

if _TYPE_CHECKING:
    from . import forecast as forecast
    from . import plot as plot
    from . import spec as spec
    from .scheduler import Plateau as Plateau
    from .scheduler import Scheduler as Scheduler

__version__ = "0.1.0"

_LAZY = {"Plateau": "scheduler", "Scheduler": "scheduler", "forecast": None, "plot": None, "spec": None}


def __getattr__(name: str) -> _Any:
    """Load on first use what needs torch, matplotlib or another library (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module 'lehr' has no attribute {name!r}")
    module = _import_module(f".{_LAZY[name] or name}", __name__)
    return getattr(module, name) if _LAZY[name] else module


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
