"""What all that watch a metric have in common: their settings, what they remember of the metrics, what they decide."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from ..schedules import checks
from .acts import GroupKey

LONGEST_WINDOW = 10_000
"""The metrics of a window are saved in each checkpoint."""
THRESHOLD_MODES = ("rel", "abs")

Bounds = float | Mapping[GroupKey, float]
"""A bound of the rate: one for all param groups, or one for each."""


@dataclass(frozen=True)
class Counters:
    """What is remembered of the metrics.

    Attributes:
        best: The best metric so far; None before the first.
        bad: Number of bad metrics in a row.
        cooling: Number of metrics that are still to come and will not count.
        recent: The last metrics, where the settings have a window.
    """

    best: float | None = None
    bad: int = 0
    cooling: int = 0
    recent: tuple[float, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The same as numbers and a list."""
        return {**asdict(self), "recent": list(self.recent)}


C = TypeVar("C", bound=Counters)


class Decision(NamedTuple, Generic[C]):
    """What follows from the metrics: new counters, and the factor of each group whose rate changes, with the reason."""

    counters: C
    factors: dict[GroupKey, float]
    why: str


@dataclass(frozen=True, kw_only=True)
class Settings(ABC, Generic[C]):
    """The settings that decide when the rate is changed, and by how much."""

    factor: float
    patience: int
    threshold: float
    threshold_mode: str
    cooldown: int
    min_lr: Bounds
    higher_is_better: bool
    in_warmup: bool
    eps: float
    groups: tuple[GroupKey, ...] | None

    owner: ClassVar[str]
    counters: ClassVar[type[Counters]]
    bounds: ClassVar[tuple[str, ...]] = ("min_lr",)
    """The settings that may differ between param groups."""

    def __post_init__(self) -> None:
        owner = self.owner
        if self.threshold_mode not in THRESHOLD_MODES:
            raise ValueError(checks.unknown("threshold_mode", self.threshold_mode, THRESHOLD_MODES))
        checks.store(
            self,
            factor=checks.number("factor", self.factor, owner=owner, above=0),
            patience=checks.integer("patience", self.patience, owner=owner, least=0),
            threshold=checks.number("threshold", self.threshold, owner=owner),
            cooldown=checks.integer("cooldown", self.cooldown, owner=owner, least=0),
            higher_is_better=checks.boolean("higher_is_better", self.higher_is_better, owner=owner),
            in_warmup=checks.boolean("in_warmup", self.in_warmup, owner=owner),
            eps=checks.number("eps", self.eps, owner=owner),
            groups=None if self.groups is None else tuple(self.groups),
            **{name: self._checked_bounds(name) for name in self.bounds},
        )
        if self.factor >= 1:
            raise ValueError(f"{owner} needs `factor` below 1, because it lowers the rate; got {self.factor:g}")
        if self.threshold_mode == "rel" and self.threshold >= 1:
            raise ValueError(
                f"{owner} needs a relative `threshold` below 1, got {self.threshold:g}; for a threshold in the unit "
                f"of the metric use threshold_mode='abs'"
            )
        self._check_that_bounds_agree()

    def _checked_bounds(self, name: str) -> Bounds:
        value = getattr(self, name)
        if not isinstance(value, Mapping):
            return checks.number(name, value, owner=self.owner)
        return {
            group: checks.number(f"{name} of group {group!r}", bound, owner=self.owner)
            for group, bound in value.items()
        }

    def _bounds_by_group(self) -> list[Mapping[GroupKey, float]]:
        """The bounds that differ between param groups."""
        return [value for name in self.bounds if isinstance(value := getattr(self, name), Mapping)]

    def _check_that_bounds_agree(self) -> None:
        """Refuse bounds by group that are not for the same groups, or not for the chosen ones."""
        each = self._bounds_by_group()
        for value in each:
            groups = self.groups or tuple(each[0])
            if set(value) != set(groups):
                raise ValueError(
                    f"{self.owner} needs a bound of the rate for each of {', '.join(map(repr, groups))}, got "
                    f"{checks.shown(value)}"
                )

    # What a kind defines.

    @property
    @abstractmethod
    def keeps(self) -> int:
        """How many of the last metrics are remembered."""

    @abstractmethod
    def counted(self, counters: C, metric: float, rising: bool) -> C:
        """The counters after one more metric.

        Args:
            counters: Those before it.
            metric: A finite number.
            rising: Whether the schedule rises.
        """

    @abstractmethod
    def is_due(self, counters: C) -> bool:
        """Whether the rate is to be changed now."""

    @abstractmethod
    def decided(self, counters: C, rates: dict[GroupKey, float], own: Mapping[GroupKey, float]) -> Decision[C]:
        """The change that is due.

        Args:
            counters: Those under which it is due.
            rates: The rate of the next update for each param group.
            own: The product of all factors so far, for each group that has one.
        """

    # What the kinds share.

    def is_better(self, metric: float, best: float | None) -> bool:
        """Whether a metric is better than the best by more than the threshold."""
        if best is None:
            return True
        direction = 1.0 if self.higher_is_better else -1.0
        if self.threshold_mode == "abs":
            bound = best + direction * self.threshold
        else:  # away from the best in the direction that is better, whatever its sign
            bound = best * (1.0 + direction * math.copysign(self.threshold, best))
        return metric > bound if self.higher_is_better else metric < bound

    def last(self, metrics: tuple[float, ...]) -> tuple[float, ...]:
        """Those of the metrics that are remembered."""
        return metrics[-self.keeps :] if self.keeps else ()

    def bound(self, name: str, group: GroupKey) -> float:
        """The bound that holds for a group."""
        value: Bounds = getattr(self, name)
        return value[group] if isinstance(value, Mapping) else value

    def cuts(self, rates: Mapping[GroupKey, float]) -> dict[GroupKey, float]:
        """The factor of each group whose rate a cut lowers: not below its `min_lr`, and not by `eps` or less."""
        factors = {g: max(self.factor, self.bound("min_lr", g) / rate) for g, rate in rates.items() if rate}
        return {g: f for g, f in factors.items() if f < 1 and self.is_change(rates[g], f)}

    def is_change(self, rate: float, factor: float) -> bool:
        """Whether a factor changes a rate by more than `eps`; a rate that is at its bound but for rounding stays."""
        return abs(rate - rate * factor) > self.eps and not math.isclose(factor, 1)

    def check_groups(self, known: Sequence[GroupKey]) -> None:
        """Refuse settings for other param groups than there are.

        Raises:
            ValueError: They name a group that has no schedule, or leave one without a bound.
        """
        acted = known if self.groups is None else self.groups
        if not set(acted) <= set(known) or any(set(value) != set(acted) for value in self._bounds_by_group()):
            raise ValueError(
                f"the settings of the {self.owner} are for other param groups than there are: {checks.shown(self)}; "
                f"there is {', '.join(map(repr, known))}"
            )

    def taking_over(self, counters: C, saved: Settings[C]) -> C:
        """Counters that were saved under other settings, as these go on with them."""
        if self.higher_is_better != saved.higher_is_better:
            return self.counters()  # type: ignore[return-value]  # a kind's own counters
        return replace(counters, recent=self.last(counters.recent))

    def by_name(self) -> dict[str, Any]:
        """Every setting by name."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return values | {"groups": None if self.groups is None else list(self.groups)}
