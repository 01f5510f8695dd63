"""The schedules of pytorch_optimizer, each under the name of its registry.

With the formulas of pytorch_optimizer/lr_scheduler of release 4.1. The keyword-only parameters of each function are
those of the class or the function there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ...schedules import Constant, PowerLaw, Ramp, Schedule, Table, checks
from ...schedules.combinators import sequence
from ..after import ended
from ..building import FAR, extrapolated, spliced, turned, wave
from .restarts import cosine_annealing_with_warmup


@dataclass(frozen=True)
class Run:
    """What a schedule is built from beside its own arguments.

    Attributes:
        name: Its name.
        peak: The optimizer's rate, which the schedules with a rate of their own ignore.
        after: What the import does where the original misbehaves.
    """

    name: str
    peak: float
    after: str


def _linear(
    run: Run, *, t_max: int, max_lr: float, min_lr: float = 0.0, init_lr: float = 0.0, warmup_steps: int = 0
) -> Schedule:
    length = _decay(run, t_max, warmup_steps)
    tail = extrapolated(max_lr, min_lr, length)
    rise = _late(min_lr, init_lr, max_lr, warmup_steps)
    return ended(rise.then(Ramp(max_lr, min_lr, length)), tail, run.after, owner=run.name, does="goes on below 0")


def _cosine(
    run: Run, *, t_max: int, max_lr: float, min_lr: float = 0.0, init_lr: float = 0.0, warmup_steps: int = 0
) -> Schedule:
    length = _decay(run, t_max, warmup_steps)
    body = _late(min_lr, init_lr, max_lr, warmup_steps).then(Ramp(max_lr, min_lr, length, "cosine"))
    return ended(body, wave(min_lr, max_lr, length), run.after, owner=run.name, does="rises again")


def _poly(
    run: Run,
    *,
    t_max: int,
    max_lr: float,
    poly_order: float = 0.5,
    min_lr: float = 0.0,
    init_lr: float = 0.0,
    warmup_steps: int = 0,
) -> Schedule:
    """After its warmup it grows with the power of the update."""
    power = checks.number("poly_order", poly_order, owner=run.name, above=0)
    length = _decay(run, t_max, warmup_steps)
    growth = PowerLaw(checks.number("max_lr - min_lr", max_lr - min_lr, owner=run.name), power, 1, FAR) + min_lr
    growth = Constant(max_lr, 1).then(growth)
    body = _late(min_lr, init_lr, max_lr, warmup_steps).then(growth.cut(0, length))
    return ended(body, growth.cut(length), run.after, owner=run.name, does="goes on growing")


def _decay(run: Run, t_max: int, warmup_steps: int) -> int:
    """The updates after the warmup."""
    total = checks.integer("t_max", t_max, owner=run.name)
    warmup = checks.integer("warmup_steps", warmup_steps, owner=run.name, least=0)
    if warmup >= total:
        raise ValueError(
            f"{run.name} needs `warmup_steps` below `t_max`, got warmup_steps={warmup} and t_max={total}: "
            f"pytorch_optimizer divides by their difference"
        )
    return total - warmup


def _late(first: float, start: float, peak: float, warmup: int) -> Schedule:
    """A warmup that begins with the first ``step()``, and so with the second update."""
    return sequence(Constant(first, 1), Ramp(start, peak, warmup))


def _rex(run: Run, *, total_steps: int, max_lr: float = 1.0, min_lr: float = 0.0) -> Schedule:
    """The constructor makes a ``step()`` and writes the lowest rate over it, so only the first update is another."""
    return spliced(Ramp(max_lr, min_lr, total_steps, "rex"), {0: min_lr})


_COOLDOWNS = ("cosine", "1-sqrt", "linear", "1-square")


def _warmup_stable_decay(
    run: Run,
    *,
    num_warmup_steps: int,
    num_stable_steps: int,
    num_decay_steps: int,
    min_lr_ratio: float = 0.0,
    num_cycles: float = 0.5,
    cooldown_type: str = "1-sqrt",
) -> Schedule:
    """Only the cosine comes to the lowest rate; the others come to 0, and then jump up to it."""
    checks.one_of("cooldown_type", cooldown_type, _COOLDOWNS)
    low = run.peak * checks.number("min_lr_ratio", min_lr_ratio, owner=run.name)
    if cooldown_type == "cosine":
        fall = turned(run.peak, low, num_decay_steps, 2 * num_cycles)
    else:
        fall = Ramp(run.peak, 0.0, num_decay_steps, cooldown_type)
    rise = Ramp(0.0, run.peak, num_warmup_steps)
    return sequence(rise, Constant(run.peak, num_stable_steps), fall, Constant(low, 0))


def _chebyshev(run: Run, *, num_epochs: int, is_warmup: bool = False) -> Schedule:
    """The reciprocals of Chebyshev nodes in a fractal order; the first of them is used three times."""
    if is_warmup:
        return Constant(run.peak)
    epochs = checks.integer("num_epochs", num_epochs, owner=run.name)
    nodes = 1 << (epochs - 1).bit_length() if epochs > 1 else 1
    order = [0]
    while len(order) < nodes - 2:
        order = [index for i in order for index in (i, 2 * len(order) - 1 - i)]
    middle, radius = (1.0 + 0.05) / 2, (1.0 - 0.05) / 2
    factors = [1.0 / (middle - radius * math.cos((i + 0.5) * math.pi / nodes)) for i in order if i < nodes]
    return Table(tuple(run.peak * factor for factor in (factors[0], factors[0], *factors)))


BUILDERS: dict[str, Callable[..., Schedule]] = {
    "chebyshev": _chebyshev,
    "cosine": _cosine,
    "cosine_annealing_with_warmup": cosine_annealing_with_warmup,
    "linear": _linear,
    "poly": _poly,
    "rex": _rex,
    "warmup_stable_decay": _warmup_stable_decay,
}
"""The name in the registry of pytorch_optimizer -> the function that builds it."""

CLASSES = {
    "CosineAnnealingWarmupRestarts": "cosine_annealing_with_warmup",
    "CosineScheduler": "cosine",
    "LinearScheduler": "linear",
    "PolyScheduler": "poly",
    "REXScheduler": "rex",
    "get_chebyshev_schedule": "chebyshev",
    "get_wsd_schedule": "warmup_stable_decay",
}
"""The class or the function -> its name in the registry."""
