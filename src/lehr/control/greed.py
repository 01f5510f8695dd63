"""When the rate should go up, down, or back to its start: how a `Greedy` counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..schedules import checks
from . import watching
from .acts import GroupKey
from .watching import Bounds, Decision


@dataclass(frozen=True)
class Counters(watching.Counters):
    """What a `Greedy` remembers of the metrics.

    Attributes:
        good: Number of good metrics in a row.
        at_min: Number of cuts since the last raise that left every rate at its lower bound.
    """

    good: int = 0
    at_min: int = 0


@dataclass(frozen=True, kw_only=True)
class Settings(watching.Settings[Counters]):
    """The settings of a `Greedy` that decide when it changes the rate, and by how much."""

    max_lr: Bounds
    raise_cooldown: int
    average_over: int | None
    reset_after: int | None

    owner = "Greedy"
    counters = Counters
    bounds = ("min_lr", "max_lr")

    def __post_init__(self) -> None:
        super().__post_init__()
        owner = self.owner
        checks.store(self, raise_cooldown=checks.integer("raise_cooldown", self.raise_cooldown, owner=owner, least=0))
        if self.average_over is not None:
            most = watching.LONGEST_WINDOW
            checks.store(self, average_over=checks.integer("average_over", self.average_over, owner=owner, most=most))
        if self.reset_after is not None:
            checks.store(self, reset_after=checks.integer("reset_after", self.reset_after, owner=owner))
        keyed = {group for name in self.bounds for group in _keys(getattr(self, name))} or {None}
        for group in keyed:
            low, high = self.bound("min_lr", group), self.bound("max_lr", group)
            if low > high:
                where = "" if group is None else f" of group {group!r}"
                raise ValueError(f"{owner} needs `min_lr` of at most `max_lr`, got {low:g} and {high:g}{where}")

    @property
    def keeps(self) -> int:
        return self.average_over or 0

    def counted(self, counters: Counters, metric: float, rising: bool) -> Counters:
        recent = self.last((*counters.recent, metric))
        if counters.cooling:
            return replace(counters, bad=0, good=0, cooling=counters.cooling - 1, recent=recent)
        value = math.fsum(recent) / len(recent) if recent else metric
        improved = self.is_better(value, counters.best)
        best = value if improved else counters.best
        if rising and not self.in_warmup:
            return replace(counters, best=best, bad=0, good=0, recent=recent)
        bad, good = (0, counters.good + 1) if improved else (counters.bad + 1, 0)
        return replace(counters, best=best, bad=bad, good=good, recent=recent)

    def is_due(self, counters: Counters) -> bool:
        return max(counters.good, counters.bad) > self.patience

    def decided(
        self, counters: Counters, rates: dict[GroupKey, float], own: Mapping[GroupKey, float]
    ) -> Decision[Counters]:
        if counters.good > self.patience:
            after = replace(counters, good=0, at_min=0, cooling=self.raise_cooldown)
            return Decision(after, self._raises(rates), f"better for {counters.good} metrics, now {counters.best:g}")
        cuts = self.cuts(rates)
        at_min = counters.at_min + self._are_at_min({g: rate * cuts.get(g, 1.0) for g, rate in rates.items()})
        if self.reset_after is not None and at_min >= self.reset_after:
            factors = {g: 1 / f for g, f in own.items() if rates.get(g) and not math.isclose(f, 1)}
            return Decision(
                Counters(cooling=self.cooldown), factors, f"back to the start after {at_min} cuts at min_lr"
            )
        after = replace(counters, bad=0, at_min=at_min, cooling=self.cooldown)
        return Decision(after, cuts, f"no better than {counters.best:g} for {counters.bad} metrics")

    def _raises(self, rates: Mapping[GroupKey, float]) -> dict[GroupKey, float]:
        factors = {g: min(1 / self.factor, self.bound("max_lr", g) / rate) for g, rate in rates.items() if rate}
        return {g: f for g, f in factors.items() if f > 1 and self.is_change(rates[g], f)}

    def _are_at_min(self, rates: Mapping[GroupKey, float]) -> bool:
        bounds = {g: self.bound("min_lr", g) for g in rates}
        return all(rate <= bounds[g] or math.isclose(rate, bounds[g]) for g, rate in rates.items())


def _keys(bounds: Bounds) -> tuple[GroupKey, ...]:
    return tuple(bounds) if isinstance(bounds, Mapping) else ()
