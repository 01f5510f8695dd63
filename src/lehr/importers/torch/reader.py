"""From a scheduler of torch to schedules: of every hyperparameter that it drives, and of every param group."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...schedules import Schedule, Table, checks
from ...warn import warn
from . import momentum, simulated
from .combined import onward
from .law import Inexpressible
from .source import Source, of_object

_CLOSE, _NOTHING = 1e-6, 1e-12


def from_torch(
    scheduler: Any, *, key: str = "lr", group: int | str | None = None, after: str = "hold", tabulate: int | None = None
) -> Schedule:
    """The schedule of a scheduler of ``torch.optim.lr_scheduler``, or of ``torch.optim.swa_utils.SWALR``.

    The value at t is the rate that update t uses if the scheduler is built anew and stepped after each update,
    wherever the scheduler stands now. The scheduler and its optimizer stay as they are. B is the rate that the
    scheduler multiplies:

    ===============================  ====================================================================
    ConstantLR                       B·f for t < N, then B
    LinearLR                         B·(a + (b - a)·min(t, N)/N)
    StepLR                           B·γ^⌊t/s⌋
    MultiStepLR                      B·γ^(number of milestones up to t)
    ExponentialLR                    B·γ^t
    PolynomialLR                     B·(1 - min(t, N)/N)^p
    CosineAnnealingLR                η + (B - η)·(1 + cos(πt/T))/2; after T it rises again
    CosineAnnealingWarmRestarts      the same in cycles of T_0·m^i steps
    CyclicLR                         b + (M - b)·triangle(t)·k, with k = 1, ½^cycle or γ^t
    OneCycleLR                       ramps that end at pct·T - 1 and T - 1; at T it extrapolates, then raises
    SWALR                            from the rate in force to ``swa_lr`` in n steps
    SequentialLR                     one after another; each begins at 0 at its milestone
    ChainedScheduler                 the product of those that multiply the rate
    ===============================  ====================================================================

    torch multiplies the rate step by step and so drifts from these formulas: in 200,000 steps by less than 1e-12 of the
    highest rate, and in cycles of a few steps (CosineAnnealingLR after its end, CyclicLR) by less than 1e-10 of it.

    Args:
        scheduler: The scheduler.
        key: The hyperparameter: ``"lr"``, or ``"momentum"`` or ``"betas[0]"`` where the scheduler drives it.
        group: Index or name of a param group. Without it all groups must have the same schedule.
        after: What holds after the end, where the original misbehaves: ``"hold"`` holds the final rate and warns;
            ``"peer"`` reproduces the original.
        tabulate: Number of steps whose rates are computed by stepping a new scheduler like it, where no formula says
            them: LambdaLR, MultiplicativeLR, a `scale_fn`, a chain that is no product. After them the last rate holds.

    Raises:
        ValueError: It is no scheduler of torch itself, depends on a metric (ReduceLROnPlateau: use `lehr.Plateau`),
            calls a Python function and ``tabulate`` is not given, or the groups have different schedules.

    References:
        ``torch/optim/lr_scheduler.py`` and ``torch/optim/swa_utils.py`` of PyTorch.

    >>> import torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    >>> from_torch(torch.optim.lr_scheduler.StepLR(optimizer, step_size=30))
    Exponential(start=0.1, factor=0.1, every=30, staircase=True)
    """
    source = of_object(scheduler)
    by_key = hyperparameters(source, after=after, tabulate=tabulate, keys=[key])
    if key not in by_key:
        raise ValueError(f"this {source.kind} does not drive {checks.shown(key)}, only {' and '.join(driven(source))}")
    return chosen(source, by_key[key], group)


def close(a: float, b: float, base: float) -> bool:
    """Whether two rates of a schedule that multiplies ``base`` are the same but for float32 and torch's drift."""
    return math.isclose(a, b, rel_tol=_CLOSE, abs_tol=_NOTHING * base)


def chosen(source: Source, schedules: dict[int, Schedule], group: int | str | None) -> Schedule:
    """The schedule of a group, or the one that all groups have.

    Raises:
        ValueError: The group is unknown, or none is given and they have different schedules.
    """
    if group is not None:
        return schedules[index_of(source, group)]
    first, *others = schedules.values()
    if any(other != first for other in others):
        names = [checks.named(member.get("name", index)) for index, member in enumerate(source.groups)]
        firsts = ", ".join(f"{names[index]}: {schedule(0):g}" for index, schedule in list(schedules.items())[:8])
        raise ValueError(
            f"the param groups have different schedules (their first values are {firsts}): say which with group=, by "
            f"index or name; Scheduler.replacing(scheduler) takes all of them"
        )
    return first


def index_of(source: Source, group: int | str) -> int:
    """The index of a param group, from that or from its name."""
    known = {index: index for index in range(len(source.groups))} | {
        member["name"]: index for index, member in enumerate(source.groups) if "name" in member
    }
    if group not in known:
        raise ValueError(checks.unknown("param group", group, map(str, known)))
    return int(known[group])


def driven(source: Source) -> list[str]:
    """The hyperparameters that a scheduler writes."""
    return ["lr", *([momentum.key(source)] if momentum.drives_momentum(source) else [])]


def hyperparameters(
    source: Source, *, after: str = "hold", tabulate: int | None = None, keys: list[str] | None = None
) -> dict[str, dict[int, Schedule]]:
    """Hyperparameter -> index of the param group -> its schedule; see `from_torch`.

    Args:
        source: The scheduler.
        after: As `from_torch` takes it.
        tabulate: As `from_torch` takes it.
        keys: Which hyperparameters are wanted; None for all that the scheduler drives.
    """
    wanted = [key for key in driven(source) if keys is None or key in keys]
    groups = range(len(source.groups))
    firsts = [_in_force(source, group) for group in groups]
    try:
        return {key: _of_groups(source, key, firsts, after) for key in wanted}
    except Inexpressible as error:
        if tabulate is None:
            raise Inexpressible(
                f"{error}; tabulate=N keeps the rates of N steps (N is the number of steps of the run)"
            ) from None
        steps = checks.integer("tabulate", tabulate, owner="from_torch")
    known = simulated.rates(source, steps, firsts)
    return {key: {group: Table(tuple(known[key][group])) for group in groups} for key in wanted}


def _of_groups(source: Source, key: str, firsts: list[float], after: str) -> dict[int, Schedule]:
    found: dict[int, Schedule] = {}
    for group, first in enumerate(firsts):
        onwards = onward(source, group, first) if key == "lr" else momentum.onward(source, group)
        quiet = key != "lr" or bool(found)  # one warning is enough
        found[group] = onwards.up_to(after, quiet=quiet)
    return found


def _in_force(source: Source, group: int) -> float:
    """The rate of a group before the scheduler was built.

    It is the one that the scheduler multiplies, unless the optimizer's rate was another one by then, as after another
    scheduler. That shows in the rate that it wrote last, which all but a few depend on linearly.
    """
    base, last = source.base(group), source.last_lrs
    if last is None:
        return base
    try:
        at = _rate_at(source, group)
        expected = at(base)
        if close(expected, last[group], base):
            return base
        nothing, one = at(0.0), at(1.0)
    except ValueError:
        return base
    if abs(one - nothing) < 1e-200:
        return base
    if source.position and source.kind != "SWALR":
        warn(
            f"{source.kind} alone would have the rate {expected:g} at step {source.position}, and it wrote "
            f"{last[group]:g}: other code has changed the rate; the schedule is the one that leads to the present rate"
        )
    return (last[group] - nothing) / (one - nothing)


def _rate_at(source: Source, group: int) -> Callable[[float], float]:
    """The rate in force before a scheduler is built -> the rate that it has at its present position."""
    position = source.position
    return lambda rate: onward(source, group, rate).exact(position)(position)
