"""SequentialLR and ChainedScheduler of torch, in each other too: what the whole does with the rate of one group."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import reduce
from operator import mul
from typing import NamedTuple

from ...schedules import Schedule
from ...schedules.combinators import sequence
from . import cosine, cycles, factors, lambdas, one_cycle
from .law import Inexpressible, Law, Onward, absolute
from .source import FUNCTIONS, LEHR, Source, schedule_of_lehr

LAWS: dict[str, Callable[[Source, int], Law]] = {
    "ConstantLR": factors.constant,
    "CosineAnnealingLR": cosine.annealing,
    "CosineAnnealingWarmRestarts": cosine.warm_restarts,
    "CyclicLR": cycles.rate,
    "ExponentialLR": factors.exponential,
    "LambdaLR": lambdas.rate,
    "LinearLR": factors.linear,
    "MultiStepLR": factors.multistep,
    "OneCycleLR": one_cycle.rate,
    "PolynomialLR": factors.polynomial,
    "SWALR": cosine.swa,
    "StepLR": factors.step,
    LEHR: lambda source, group: absolute(Onward(schedule_of_lehr(source, group))),
}
BUILT, BEGUN, STEPPED, ENTERED = "built", "begun", "stepped", "entered"
_PLATEAU = (
    "ReduceLROnPlateau depends on a metric, so its rates are not a schedule: give lehr.Scheduler the schedule below it "
    "(lehr.Constant(lr) if there is none), and lehr.Plateau(scheduler, ...) the same `factor`, `patience`, "
    "`threshold`, `threshold_mode` and `cooldown`; its `mode='max'` is higher_is_better=True"
)


def law_of(source: Source, group: int) -> Law:
    """The law of a scheduler that combines no others.

    Raises:
        Inexpressible: It calls a Python function.
        ValueError: It depends on a metric, or a setting is refused.
    """
    if source.kind == "ReduceLROnPlateau":
        raise ValueError(_PLATEAU)
    if source.kind == FUNCTIONS:
        raise ValueError(
            f"a state does not hold the Python functions of a {FUNCTIONS}: give the scheduler itself, and tabulate=N"
        )
    if source.kind not in LAWS:
        raise Inexpressible(f"{source.kind} calls a Python function, whose values cannot be read")
    return LAWS[source.kind](source, group)


def onward(source: Source, group: int, rate: float, how: str = BUILT, stepped: int = 0) -> Onward:
    """What a scheduler does with the rate of a group from its position 0 on.

    Args:
        source: The scheduler.
        group: Index of the param group.
        rate: The rate in force before.
        how: How it comes to position 0, as a `Law` names it.
        stepped: How many plain steps it was given while the schedulers around it were built.

    Raises:
        Inexpressible: lehr's parts cannot say it.
        ValueError: torch fails too, or a scheduler in it depends on a metric.
    """
    if source.kind == "ChainedScheduler":
        return _chained(source, group, rate, how, stepped)
    if source.kind == "SequentialLR":
        return _sequential(source, group, rate, stepped)
    law = law_of(source, group)
    return law.onward(law.first(how, rate))


def _chained(source: Source, group: int, rate: float, how: str, stepped: int) -> Onward:
    children = source.children
    if any(leaf.kind == LEHR for leaf in source.leaves):
        raise ValueError(
            "a ChainedScheduler with a lehr.Scheduler in it writes over its rates: multiply the schedules, a * b"
        )
    last = children[-1]
    if len(children) == 1 or (not last.children and law_of(last, group).is_absolute):
        return onward(last, group, rate, how, stepped)  # it writes over the rates of the others
    if not all(_is_factor(child, group) for child in children):
        kinds = ", ".join(child.kind for child in children)
        raise Inexpressible(
            f"a ChainedScheduler is a product only of schedulers that multiply the rate in force, and it has {kinds}"
        )
    factors = [onward(child, group, 1.0 if index else rate, how, stepped) for index, child in enumerate(children)]
    ends = [factor for factor in factors if factor.does]
    body = reduce(mul, (factor.body for factor in factors))
    if not ends:
        return Onward(body)
    first_end = min(ends, key=lambda factor: factor.end or 0)
    return Onward(body, None, first_end.does, first_end.owner, first_end.end)


def _is_factor(source: Source, group: int) -> bool:
    if source.kind == "SequentialLR":
        return False
    if source.kind == "ChainedScheduler":
        return all(_is_factor(child, group) for child in source.children)
    return law_of(source, group).is_factor


class Segment(NamedTuple):
    """A scheduler inside a SequentialLR: how it begins, and for how many steps it is used; None for all that follow."""

    child: Source
    how: str
    stepped: int
    length: int | None


def segments(source: Source, stepped: int) -> list[Segment]:
    """Which schedulers a SequentialLR uses, in order.

    Inside the first part of another SequentialLR its clock is ahead of that part's: each SequentialLR around it has
    stepped it once.

    Raises:
        Inexpressible: It begins behind a milestone of its own.
        ValueError: Its milestones are not in order, or torch cannot run it.
    """
    milestones = [int(milestone) for milestone in source.fields["_milestones"]]
    if milestones != sorted(milestones):
        raise ValueError(f"SequentialLR needs its milestones in order, got {milestones}")
    clock, found = stepped, []
    index = bisect_right(milestones, clock)
    if stepped and index and milestones[index - 1] != clock:
        raise Inexpressible(f"a SequentialLR inside another begins behind its own milestone {milestones[index - 1]}")
    how = ENTERED if stepped and index else STEPPED if stepped or source.children[index].children else BEGUN
    while True:
        child = source.children[index]
        if how == ENTERED and child.children:
            raise ValueError(
                f"torch raises NotImplementedError for a {child.kind} that follows a milestone of a SequentialLR: put "
                f"its parts into the outer one"
            )
        last = index == len(milestones)
        found.append(Segment(child, how, stepped + 1, None if last else milestones[index] - clock))
        if last:
            return found
        clock, how = milestones[index], ENTERED
        index = bisect_right(milestones, clock)


def _sequential(source: Source, group: int, rate: float, stepped: int) -> Onward:
    rate = float(source.groups[group].get("initial_lr", rate))  # where torch begins, whatever the rate in force
    return joined(segments(source, stepped), rate, lambda s, rate: onward(s.child, group, rate, s.how, s.stepped))


def joined(parts: list[Segment], value: float, onward_of: Callable[[Segment, float], Onward]) -> Onward:
    """One segment after another, each from the value that the last update before it used."""
    *others, last = parts
    schedules: list[Schedule] = []
    for segment in others:
        length = segment.length or 0
        schedules.append(onward_of(segment, value).exact(length).cut(0, length))
        value = schedules[-1](length - 1)
    final = onward_of(last, value)
    if not schedules:
        return final
    peer = None if final.peer is None else sequence(*schedules, final.peer)
    begin = sum(segment.length or 0 for segment in others)
    end = None if final.end is None else begin + final.end
    return Onward(sequence(*schedules, final.body), peer, final.does, final.owner, end)
