"""When a metric has stopped improving: how a `Plateau` counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..schedules import checks
from . import watching
from .acts import GroupKey
from .watching import Counters, Decision


@dataclass(frozen=True, kw_only=True)
class Settings(watching.Settings[Counters]):
    """The settings of a `Plateau` that decide when it cuts, and by how much."""

    window: int | None

    owner = "Plateau"
    counters = Counters

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window is not None:
            window = checks.integer("window", self.window, owner=self.owner, most=watching.LONGEST_WINDOW)
            checks.store(self, window=window)

    @property
    def keeps(self) -> int:
        return self.window or 0

    def counted(self, counters: Counters, metric: float, rising: bool) -> Counters:
        improved = self.is_better(metric, self._best(counters))
        best = metric if improved else counters.best
        recent = self.last((*counters.recent, metric))
        if rising and not self.in_warmup:
            return replace(counters, best=best, bad=0, recent=recent)
        bad = 0 if improved or counters.cooling else counters.bad + 1
        return Counters(best, bad, max(0, counters.cooling - 1), recent)

    def _best(self, counters: Counters) -> float | None:
        """What a metric is compared with: in a window, the worse of the best so far and the best of the window."""
        if counters.best is None:
            return None
        better, worse = (max, min) if self.higher_is_better else (min, max)
        return worse(counters.best, better(counters.recent, default=counters.best))

    def is_due(self, counters: Counters) -> bool:
        return counters.bad > self.patience

    def decided(
        self, counters: Counters, rates: dict[GroupKey, float], own: Mapping[GroupKey, float]
    ) -> Decision[Counters]:
        why = f"no better than {counters.best:g} for {counters.bad} metrics"
        return Decision(replace(counters, bad=0, cooling=self.cooldown), self.cuts(rates), why)
