"""Changes during a run: a schedule is cut where the run stands and another is put after it.

Everything here is a value: a schedule and a position in, a schedule out. The past keeps its rates, and
what is over is dropped from what comes, so that a run of many changes stays as quick as one without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from .schedules import Constant, Ramp, Schedule, checks
from .schedules.combinators import Clip, Cut, Product, Stretch, Sum, Then, sequence
from .schedules.recipes import Recipe
from .schedules.recipes import get as get_recipe

POLICIES = ("stretch", "hold", "replan", "restart")
MOST_PARTS, DEEPEST = 10_000, 50
"""What a spec may have; a schedule beyond could be saved and not loaded."""


@dataclass(frozen=True)
class Change:
    """One change of a run's schedule.

    Attributes:
        position: Where in the run it was made.
        time: When, in seconds since 1970.
        what: The call, as text.
        why: Its reason, in the words of who made it.
        rest: What the schedule says from there on, counted from there; by hyperparameter and group.
    """

    position: int
    time: int
    what: str
    why: str
    rest: tuple[Schedule, ...]


def amended(schedule: Schedule, position: float, rest: Schedule) -> Schedule:
    """``schedule`` up to ``position``, and from there on ``rest``.

    Raises:
        ValueError: ``rest`` has no finite rate where it begins, or more parts than a checkpoint holds.
    """
    if not _fits(rest):
        raise ValueError(
            f"after this change the schedule would have more than {MOST_PARTS:,} parts, or be more than {DEEPEST} "
            f"deep, and no checkpoint holds that; amend with one that is built anew"
        )
    rate_at(rest, 0)
    return sequence(until(schedule, position), rest)


def rate_at(schedule: Schedule, position: float) -> float:
    """The rate there, if it is one: what nobody has written into an optimizer yet.

    Raises:
        ValueError: It cannot be computed, or is infinite.
    """
    try:
        return checks.number("rate", schedule(position), owner=f"position {position} of the run")
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(f"the rate at position {position} cannot be computed: {error}") from None


def _fits(schedule: Schedule) -> bool:
    """Whether a spec may say it; it stops counting where it may not."""
    parts, left = 0, [(schedule, 0)]
    while left:
        part, depth = left.pop()
        parts += 1
        if parts > MOST_PARTS or depth > DEEPEST:
            return False
        inner = [part.of] if hasattr(part, "of") else getattr(part, "parts", ())
        left += [(one, depth + 1) for one in inner]
    return True


def until(schedule: Schedule, position: float) -> Schedule:
    """What a schedule says before ``position``, in few words."""
    if isinstance(schedule, Then):
        before = []
        for start, part in schedule._starts():
            if start >= position:
                break
            over = part.length is not None and start + part.length <= position
            before.append(part if over else until(part, position - start))
        gap = position - sum(part.length or 0 for part in before)
        return sequence(*before, Constant(schedule._final(), gap)) if gap > 0 else sequence(*before, *_none(before))
    if isinstance(schedule, Cut):
        return (
            schedule.of.cut(schedule.start, schedule.start + position)
            if _inside(schedule, position)
            else schedule.cut(0, position)
        )
    return schedule if schedule.length == position else schedule.cut(0, position)


def _none(before: list[Schedule]) -> list[Schedule]:
    return [] if before else [Constant(0.0, 0)]


def _inside(schedule: Schedule, position: float) -> bool:
    return schedule.length is None or position <= schedule.length


def after(schedule: Schedule, position: float) -> Schedule:
    """What a schedule says from ``position`` on, without what is over by then."""
    if not position:
        return schedule
    if schedule.length is not None and position >= schedule.length:
        return Constant(schedule(position))
    if isinstance(schedule, Then):
        later = [
            (start, part) for start, part in schedule._starts() if part.length is None or start + part.length > position
        ]
        (start, first), *others = later
        return sequence(after(first, position - start), *(part for _, part in others))
    if isinstance(schedule, Product | Sum):
        return _together(type(schedule), [after(part, position) for part in schedule.parts])
    if isinstance(schedule, Clip):
        return after(schedule.of, position).clip(schedule.lo, schedule.hi)
    if isinstance(schedule, Cut):
        rest = after(schedule.of, schedule.start + position)
        return rest if schedule.stop is None else rest.cut(0, schedule.stop - schedule.start - position)
    if isinstance(schedule, Constant):
        return Constant(schedule.rate, None if schedule.length is None else schedule.length - position)
    return schedule.cut(position)


def _together(kind: type[Product] | type[Sum], parts: list[Schedule]) -> Schedule:
    """A product or a sum in which all constants have become one."""
    constants = [p.rate for p in parts if isinstance(p, Constant) and p.length is None]
    moving = [p for p in parts if not (isinstance(p, Constant) and p.length is None)]
    neutral = 1.0 if kind is Product else 0.0
    level = reduce(lambda a, b: a * b if kind is Product else a + b, constants, neutral)
    if not moving:
        return Constant(level)
    kept = moving if level == neutral else [*moving, Constant(level)]
    return kind(tuple(kept)) if len(kept) > 1 else kept[0]


def scaled(schedule: Schedule, factor: float) -> Schedule:
    """``schedule × factor``, without piling factor upon factor."""
    checks.number("factor", factor, owner="scale")
    return _together(Product, [*(schedule.parts if isinstance(schedule, Product) else [schedule]), Constant(factor)])


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
    rest = after(schedule, position)
    if policy == "restart":
        return stretched(schedule, left)
    if policy == "replan":
        return after(_replanned(schedule, training_steps), position)
    if not rest.length:
        return Constant(schedule(position), left)
    if policy == "stretch":
        return stretched(rest, left)
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


def stretched(schedule: Schedule, length: float) -> Schedule:
    """``schedule.stretch(length)``, without stretch upon stretch, however often that is done.

    The parts are stretched and not the whole, so that what is over can be dropped from each.
    """
    result = _stretched(schedule, length)
    same = result.length == length and abs(result(0) - schedule(0)) <= 1e-12 * schedule(0)
    return result if same else schedule.stretch(length)  # rounding has moved a stair to where it begins


def _stretched(schedule: Schedule, length: float) -> Schedule:
    old = schedule.length
    if not old or not length:
        return schedule
    if isinstance(schedule, Then):
        return _stretched_parts(schedule, length / old, length)
    if isinstance(schedule, Product | Sum):
        return _together(
            type(schedule), [_stretched(p, _exact((p.length or 0) * length / old)) for p in schedule.parts]
        )
    if isinstance(schedule, Clip):
        return _stretched(schedule.of, length).clip(schedule.lo, schedule.hi)
    if isinstance(schedule, Constant):
        return Constant(schedule.rate, length)
    if isinstance(schedule, Stretch):
        return _stretched(schedule.of, length)
    if isinstance(schedule, Cut) and schedule.stop is None and isinstance(schedule.of, Stretch):
        inner = schedule.of.of
        return _stretched(after(inner, schedule.start * (inner.length or 0) / schedule.of.length), length)
    return schedule.stretch(length)


def _stretched_parts(schedule: Then, ratio: float, length: float) -> Schedule:
    """Each part to where the stretched whole has its end, so that rounding does not add up."""
    ends = [_exact((start + (part.length or 0)) * ratio) for start, part in schedule._starts()]
    ends[-1] = length
    starts = [0.0, *ends[:-1]]
    return sequence(*(_stretched(p, stop - start) for p, start, stop in zip(schedule.parts, starts, ends, strict=True)))


def _exact(position: float) -> float:
    """The nearest 1024th: sums of such are exact, and lengths of schedules are sums."""
    return round(position * 1024) / 1024


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
    return scaled(after(schedule, position), wanted / rate)


def dipped(schedule: Schedule, position: float, factor: float, recover: float) -> Schedule:
    """What is left, times ``factor``, which recovers to 1 in ``recover`` positions; the end stays where it is."""
    if checks.number("factor", factor, owner="dip") > 1:
        raise ValueError(f"dip lowers the rate, and `factor` is {factor!r}; to raise it use scale")
    rest = after(schedule, position)
    dip: Schedule = Ramp(factor, 1.0, checks.length("recover", recover, owner="dip", above=0))
    # A product ends where its last moving part does.
    return Product((rest, dip.then(Constant(1.0)) if rest.length is None else until(dip, min(recover, rest.length))))


Rest = Callable[[Schedule, float], Schedule]
"""A schedule and a position -> what comes from there on."""


def described(what: str, **settings: Any) -> str:
    """A call as text, without the settings that are None."""
    return f"{what}({', '.join(f'{name}={value!r}' for name, value in settings.items() if value is not None)})"
