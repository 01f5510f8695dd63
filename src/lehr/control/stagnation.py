"""When a metric has stopped improving: the settings that decide it, and what is remembered of the metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..schedules import checks

LONGEST_WINDOW = 10_000
"""The metrics of a window are saved in each checkpoint."""
THRESHOLD_MODES = ("rel", "abs")
OWNER = "the state of a Plateau"


@dataclass(frozen=True)
class Counters:
    """What a `Plateau` remembers of the metrics.

    Attributes:
        best: The best metric so far; None before the first.
        bad: Number of bad metrics in a row.
        cooling: Number of metrics of the cooldown that are still to come.
        recent: The last ``window`` metrics.
    """

    best: float | None = None
    bad: int = 0
    cooling: int = 0
    recent: tuple[float, ...] = ()


@dataclass(frozen=True)
class Settings:
    """The settings of a `Plateau` that decide when it cuts, and by how much."""

    factor: float
    patience: int
    threshold: float
    threshold_mode: str
    cooldown: int
    min_lr: float
    window: int | None
    higher_is_better: bool
    in_warmup: bool

    def __post_init__(self) -> None:
        if self.threshold_mode not in THRESHOLD_MODES:
            raise ValueError(checks.unknown("threshold_mode", self.threshold_mode, THRESHOLD_MODES))
        checks.store(
            self,
            factor=checks.number("factor", self.factor, owner="Plateau", above=0),
            patience=checks.integer("patience", self.patience, owner="Plateau", least=0),
            threshold=checks.number("threshold", self.threshold, owner="Plateau"),
            cooldown=checks.integer("cooldown", self.cooldown, owner="Plateau", least=0),
            min_lr=checks.number("min_lr", self.min_lr, owner="Plateau"),
            higher_is_better=checks.boolean("higher_is_better", self.higher_is_better, owner="Plateau"),
            in_warmup=checks.boolean("in_warmup", self.in_warmup, owner="Plateau"),
        )
        if self.window is not None:
            window = checks.integer("window", self.window, owner="Plateau", most=LONGEST_WINDOW)
            checks.store(self, window=window)
        if self.factor >= 1:
            raise ValueError(f"Plateau needs `factor` below 1, because it lowers the rate; got {self.factor:g}")
        if self.threshold_mode == "rel" and self.threshold >= 1:
            raise ValueError(
                f"Plateau needs a relative `threshold` below 1, got {self.threshold:g}; for a threshold in the unit "
                f"of the metric use threshold_mode='abs'"
            )

    def counted(self, counters: Counters, metric: float, rising: bool) -> Counters:
        """The counters after one more metric; a cut is due when ``bad`` is greater than ``patience``."""
        improved = self._improves(metric, counters)
        best = metric if improved else counters.best
        recent = self.last((*counters.recent, metric))
        if rising and not self.in_warmup:
            return replace(counters, best=best, bad=0, recent=recent)
        bad = 0 if improved or counters.cooling else counters.bad + 1
        return Counters(best, bad, max(0, counters.cooling - 1), recent)

    def last(self, metrics: tuple[float, ...]) -> tuple[float, ...]:
        """Those of the metrics that are in the window."""
        return metrics[-self.window :] if self.window else ()

    def _improves(self, metric: float, counters: Counters) -> bool:
        if counters.best is None:
            return True
        better, worse = (max, min) if self.higher_is_better else (min, max)
        best = worse(counters.best, better(counters.recent, default=counters.best))
        direction = 1.0 if self.higher_is_better else -1.0
        if self.threshold_mode == "abs":
            bound = best + direction * self.threshold
        else:  # away from the best in the direction that is better, whatever its sign
            bound = best * (1.0 + direction * math.copysign(self.threshold, best))
        return metric > bound if self.higher_is_better else metric < bound


def read(state: object) -> tuple[Settings, Counters]:
    """The settings and the counters of a state, if `Plateau.state_dict` may have returned it."""
    counters = _with_keys({"settings", *(field.name for field in fields(Counters))}, state, OWNER)
    names = {field.name for field in fields(Settings)}
    settings = Settings(**_with_keys(names, counters.pop("settings"), f"`settings` in {OWNER}"))
    best, recent = counters["best"], counters["recent"]
    if not isinstance(recent, list) or len(recent) > (settings.window or 0):
        raise ValueError(
            f"{OWNER} needs a list of at most {settings.window or 0} metrics for `recent`, got {checks.shown(recent)}"
        )
    return settings, Counters(
        best=None if best is None else checks.real("best", best, owner=OWNER),
        bad=checks.integer("bad", counters["bad"], owner=OWNER, least=0),
        cooling=checks.integer("cooling", counters["cooling"], owner=OWNER, least=0),
        recent=tuple(checks.real("recent", metric, owner=OWNER) for metric in recent),
    )


def _with_keys(keys: set[str], value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) != keys:
        raise ValueError(f"{what} must have the keys {', '.join(sorted(keys))}; got {checks.shown(value)}")
    return dict(value)
