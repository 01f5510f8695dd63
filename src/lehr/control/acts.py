"""What people ask for while a run goes on: from a schedule and a position, what comes from there on."""

from __future__ import annotations

from ..schedules import Constant, Ramp, Schedule, checks
from ..schedules.combinators import Product, Then, sequence
from ..schedules.recipes import Recipe
from ..schedules.recipes import get as get_recipe

POLICIES = ("stretch", "hold", "replan", "restart")


def extended(schedule: Schedule, position: float, training_steps: float, policy: str) -> Schedule:
    """What is left of a schedule, so that it ends at ``training_steps``.

    ``"stretch"`` runs what is left at another speed; ``"hold"`` keeps the present rate for as long as
    the run got longer, then goes on; ``"replan"`` goes on as if the length had been known from the
    start, which may jump; ``"restart"`` runs the whole schedule again in what is left, which jumps.

    Raises:
        ValueError: There is no such policy, the schedule has no end, or the new end is not ahead.
    """
    if policy not in POLICIES:
        raise ValueError(f"extend takes the policies {', '.join(map(repr, POLICIES))}; got {policy!r}")
    if schedule.length is None:
        raise ValueError(f"extend needs a schedule that ends, and {schedule!r:.200} never does: use cooldown or amend")
    left = training_steps - position
    if left <= 0:
        raise ValueError(f"extend needs `training_steps` beyond the present position {position}, got {training_steps}")
    rest = schedule.cut(position)
    if policy == "restart":
        return schedule._stretched(left)
    if policy == "replan":
        return _replanned(schedule, training_steps).cut(position)
    if not rest.length:
        return Constant(schedule(position), left)
    if policy == "stretch":
        return rest._stretched(left)
    if left < rest.length:
        raise ValueError(
            f"extend with policy='hold' needs `training_steps` of at least {schedule.length}, the length the "
            f"schedule has, got {training_steps}; to shorten a run use policy='stretch', or cooldown"
        )
    return _held(schedule(position), left - rest.length, rest)


def _held(rate: float, gap: float, rest: Schedule) -> Schedule:
    """``rate`` for ``gap`` positions, then ``rest``, in one part if that begins with the same."""
    first, *others = rest.parts if isinstance(rest, Then) else (rest,)
    if isinstance(first, Constant) and first.rate == rate and first.length is not None:
        return sequence(Constant(rate, gap + first.length), *others)
    return sequence(Constant(rate, gap), rest)


def _replanned(schedule: Schedule, training_steps: float) -> Schedule:
    if not isinstance(schedule, Recipe) or "training_steps" not in schedule.settings():
        raise ValueError(
            f"extend with policy='replan' needs a recipe that was built from `training_steps`, got {schedule!r:.200}; "
            f"use policy='stretch', or amend"
        )
    return get_recipe(schedule.name)(**{**schedule.settings(), "training_steps": training_steps})


def cooled(schedule: Schedule, position: float, steps: float, to: float, shape: str) -> Schedule:
    """From the present rate down to ``to`` in ``steps`` positions."""
    rate, end = schedule(position), checks.number("to", to, owner="cooldown")
    if end > rate:
        raise ValueError(f"cooldown goes down, and `to` is {to!r} while the rate is {rate!r}; to go up use amend")
    return Ramp(rate, end, checks.length("steps", steps, owner="cooldown", above=0), shape)


def rebased(schedule: Schedule, position: float, lr: float) -> Schedule:
    """What is left, times what makes the present rate ``lr``."""
    rate, wanted = schedule(position), checks.number("lr", lr, owner="rebase")
    if not rate:
        raise ValueError("rebase multiplies the present rate, which is 0: use amend to leave 0")
    return scaled(schedule.cut(position), wanted / rate)


def dipped(schedule: Schedule, position: float, factor: float, recover: float) -> Schedule:
    """What is left, times ``factor``, which recovers to 1 in ``recover`` positions; the end stays where it is."""
    if checks.number("factor", factor, owner="dip") > 1:
        raise ValueError(f"dip lowers the rate, and `factor` is {factor!r}; to raise it use scale")
    rest = schedule.cut(position)
    dip: Schedule = Ramp(factor, 1.0, checks.length("recover", recover, owner="dip", above=0))
    if rest.length == 0:
        return Product((Constant(rest(0)), dip))
    # A product ends where its last moving part does.
    return Product((rest, dip.then(Constant(1.0)) if rest.length is None else dip.cut(0, min(recover, rest.length))))


def scaled(schedule: Schedule, factor: float) -> Schedule:
    """``schedule × factor``, without piling factor upon factor."""
    factor = checks.number("factor", factor, owner="scale")
    return schedule._scaled(factor)
