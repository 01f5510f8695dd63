"""The momentum that CyclicLR and OneCycleLR drive beside the rate, as a schedule."""

from __future__ import annotations

from ...schedules import Constant
from . import cycles, one_cycle
from .combined import Segment, joined, segments
from .law import Onward
from .source import Source


def drives_momentum(source: Source) -> bool:
    """Whether a scheduler writes the momentum, or one inside it does."""
    return any(leaf.fields.get("cycle_momentum") for leaf in source.leaves)


def key(source: Source) -> str:
    """The hyperparameter that it writes: ``"momentum"`` or ``"betas[0]"``."""
    first = next(leaf for leaf in source.leaves if leaf.fields.get("cycle_momentum"))
    return "betas[0]" if first.fields.get("use_beta1") else "momentum"


def onward(source: Source, group: int) -> Onward:
    """The momentum of a group from position 0 on."""
    last = [leaf for leaf in source.leaves if drives_momentum(leaf)][-1]
    return _onward(source, group, _of_leaf(last, group).body(0), 0)  # each constructor writes its own first value


def _onward(source: Source, group: int, value: float, stepped: int) -> Onward:
    if not drives_momentum(source):
        return Onward(Constant(value))
    if source.kind == "ChainedScheduler":
        last = [child for child in source.children if drives_momentum(child)][-1]
        return _onward(last, group, value, stepped)
    if source.kind != "SequentialLR":
        return _of_leaf(source, group)

    def of_segment(segment: Segment, value: float) -> Onward:
        return _onward(segment.child, group, value, segment.stepped)

    return joined(segments(source, stepped), value, of_segment)


def _of_leaf(source: Source, group: int) -> Onward:
    if source.kind == "OneCycleLR":
        return one_cycle.momentum(source, group)
    return Onward(cycles.momentum(source, group))
