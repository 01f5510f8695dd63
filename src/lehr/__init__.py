"""Learning-rate schedules for PyTorch: built, drawn, saved, forecast, and followed exactly by any optimizer.

A schedule is a value: ``schedule(position)`` is the rate of the update at that position, counted from 0.

>>> import lehr
>>> schedule = lehr.cosine("100k", "1k", max_lr=1e-3)  # training_steps, warmup_steps
>>> schedule(1_000)
0.001

**Start here**

- `cosine`, `linear`, `constant`: the standard schedules. ``lehr.Scheduler(optimizer, schedule)`` follows one;
  ``schedule.describe()`` prints its numbers, and ``schedule.plot()`` draws it.

**Recipes**: the schedules that have a name. Each takes ``training_steps``, ``warmup_steps``, ``max_lr``, ``min_lr``
and further settings; ``help(lehr.wsd)`` explains them.

- `constant_with_warmup`, `polynomial`, `exponential`, `rex`, `k_decay`, `tanh_decay`, `inverse_sqrt`, `inverse_time`,
  `noam`: a warmup, then a constant or a decay.
- `wsd`, `trapezoid`, `power`, `infinite`: a warmup, a long phase, and a cooldown at the end.
- `cosine_restarts`, `one_cycle`, `triangular`, `triangular2`, `exp_range`, `chebyshev`: cycles. `with_momentum` adds
  a momentum that moves against the rate.
- `step_decay`, `multistep`, `piecewise_constant`: steps.
- `range_test`: a rising rate, to find a peak rate.

**Parts**: to build any other schedule.

- `Schedule`: the base class. Schedules are joined by ``a.then(b)``, ``a + b``, ``a - b``, ``a * b``, ``a ** p``,
  ``a.repeat()``, ``a.clip()``, ``a.cut()``, ``a.stretch()`` and ``a.stairs()``.
- `Constant`, `Ramp`, `Exponential`, `PowerLaw`: formulas. `Table`, `Knots`: given rates; `tabulate`: a function.
- `lengths`: numbers of steps, such as ``"100k"`` and ``"2%"``, and the updates of a run over a data set.

**Training** (needs torch)

- `Scheduler`: writes the rates into an optimizer, changes the schedule during training, saves and resumes.
- `Plateau`: lowers the rate when a metric stops improving. `Greedy`: raises it too, while the metric improves.

**Modules**, loaded when they are first used

- `plot`: pictures (needs matplotlib).
- `spec`: schedules to and from dicts, JSON, YAML, TOML and one line of text.
- `check`: what would go wrong in a run, found before it starts.
- `control`: changes of a schedule during training, as values: ``Cooldown``, ``Extend``, ``Rebase``, ``Dip``, ``Scale``
  and ``Amend``.
- `forecast`: from the losses of one or two runs, the losses under any other schedule, and a better schedule.
- `peak`: the peak rates that published laws name for a language model, and a range test that settles it.
- `report`: one HTML file about a run or a comparison (needs matplotlib and Jinja2).
- `importers`: schedules of torch, transformers, timm, optax, Keras and other libraries, as schedules of lehr.
- `integrations`: what a trainer wants beside a Scheduler, and schedules in the form that other libraries take.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from .schedules import Constant as Constant
from .schedules import Exponential as Exponential
from .schedules import Knots as Knots
from .schedules import PowerLaw as PowerLaw
from .schedules import Ramp as Ramp
from .schedules import Schedule as Schedule
from .schedules import Table as Table
from .schedules import lengths as lengths
from .schedules import tabulate as tabulate
from .schedules.recipes import chebyshev as chebyshev
from .schedules.recipes import constant as constant
from .schedules.recipes import constant_with_warmup as constant_with_warmup
from .schedules.recipes import cosine as cosine
from .schedules.recipes import cosine_restarts as cosine_restarts
from .schedules.recipes import exp_range as exp_range
from .schedules.recipes import exponential as exponential
from .schedules.recipes import infinite as infinite
from .schedules.recipes import inverse_sqrt as inverse_sqrt
from .schedules.recipes import inverse_time as inverse_time
from .schedules.recipes import k_decay as k_decay
from .schedules.recipes import linear as linear
from .schedules.recipes import multistep as multistep
from .schedules.recipes import noam as noam
from .schedules.recipes import one_cycle as one_cycle
from .schedules.recipes import piecewise_constant as piecewise_constant
from .schedules.recipes import polynomial as polynomial
from .schedules.recipes import power as power
from .schedules.recipes import range_test as range_test
from .schedules.recipes import rex as rex
from .schedules.recipes import step_decay as step_decay
from .schedules.recipes import tanh_decay as tanh_decay
from .schedules.recipes import trapezoid as trapezoid
from .schedules.recipes import triangular as triangular
from .schedules.recipes import triangular2 as triangular2
from .schedules.recipes import with_momentum as with_momentum
from .schedules.recipes import wsd as wsd

if _TYPE_CHECKING:
    from . import check as check
    from . import control as control
    from . import forecast as forecast
    from . import importers as importers
    from . import integrations as integrations
    from . import peak as peak
    from . import plot as plot
    from . import report as report
    from . import spec as spec
    from .scheduler import Greedy as Greedy
    from .scheduler import Plateau as Plateau
    from .scheduler import Scheduler as Scheduler

__version__ = "0.1.0"

__all__ = [
    "Constant", "Exponential", "Greedy", "Knots", "Plateau", "PowerLaw", "Ramp", "Schedule", "Scheduler", "Table",
    "chebyshev", "check", "constant", "constant_with_warmup", "control", "cosine", "cosine_restarts", "exp_range",
    "exponential", "forecast", "importers", "infinite", "integrations", "inverse_sqrt", "inverse_time", "k_decay",
    "lengths", "linear", "multistep", "noam", "one_cycle", "peak", "piecewise_constant", "plot", "polynomial", "power",
    "range_test", "report", "rex", "spec", "step_decay", "tabulate", "tanh_decay", "trapezoid", "triangular",
    "triangular2", "with_momentum", "wsd",
]  # fmt: skip

_LAZY_CLASSES = {"Greedy": "scheduler", "Plateau": "scheduler", "Scheduler": "scheduler"}
_LAZY_MODULES = ("check", "control", "forecast", "importers", "integrations", "peak", "plot", "report", "spec")


def __getattr__(name: str) -> object:
    """Load on first use the names that need torch or another library (PEP 562)."""
    if name in _LAZY_CLASSES:
        return getattr(_import_module(f".{_LAZY_CLASSES[name]}", __name__), name)
    if name in _LAZY_MODULES:
        return _import_module(f".{name}", __name__)
    raise AttributeError(f"module 'lehr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
