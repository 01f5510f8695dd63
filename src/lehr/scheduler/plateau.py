"""`Plateau`: multiplies the rate by a factor when a metric stops improving."""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Protocol, SupportsFloat, runtime_checkable

from ..control import stagnation
from ..control.stagnation import Counters, Settings
from ..schedules import Schedule, checks
from ..warn import warn
from . import ranks


@runtime_checkable
class WatchedScheduler(Protocol):
    """What a `Plateau` needs of a `Scheduler`."""

    _watchers: list[Plateau]

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """Every schedule, by what it drives: ``"lr"``, or ``"lr of group 'head'"``."""

    @property
    def next_position(self) -> float:
        """Position of the next update."""

    @property
    def per_update(self) -> float | None:
        """What one update moves by, if it is always the same."""

    def scale(self, factor: float, why: str = "") -> None:
        """Multiply the rest of the schedule by a factor."""


class Plateau:
    """Multiplies the rest of a schedule by ``factor`` when a metric stops improving.

    A metric is *bad* unless it is better than the best one so far, b, by more than the threshold ε:

    ==================  ===================  ===================
    `threshold_mode`    lower is better      higher is better
    ==================  ===================  ===================
    ``"rel"``           metric < b - ε·|b|   metric > b + ε·|b|
    ``"abs"``           metric < b - ε       metric > b + ε
    ==================  ===================  ===================

    A metric that is not bad becomes the new b. The rate is cut at the bad metric number
    ``patience + 1`` in a row. The next ``cooldown`` metrics may become the new b but never count as
    bad. While the schedule rises (warmup), no metric counts as bad either. A NaN or an infinity is
    ignored, with one warning.

    This is the counting of torch's ``ReduceLROnPlateau``, and for the same settings the cuts come at
    the same metrics, with three exceptions: torch counts a NaN as bad; its relative threshold is on
    the wrong side of a negative b; it leaves out cuts by less than ``eps = 1e-8``, where here only
    `min_lr` ends the cuts. Other libraries cut at the bad metric number ``patience``:

    =====================================  ==============  ==============  ===================
    to count as                            `patience`      `cooldown`      `threshold_mode`
    =====================================  ==============  ==============  ===================
    torch ``ReduceLROnPlateau``            the same        the same        the same
    Keras ``ReduceLROnPlateau``            1 less          1 less          ``"abs"``
    ``optax.contrib.reduce_on_plateau``    1 less          the same        ``rtol`` or ``atol``
    =====================================  ==============  ==============  ===================

    With torch.distributed the mean of the metric over the ranks decides, so all ranks cut at the same
    metric.

    The Scheduler calls `update` in `scheduler.step(metric=...)`, and saves the counters and the
    settings with its state. (`reduce` is not saved: it says how the metric arrives, not when to cut.)

    Args:
        scheduler: The `Scheduler` whose rate is cut.
        factor: What the rate is multiplied by, above 0 and below 1.
        patience: Number of bad metrics in a row that are tolerated.
        threshold: How much better a metric must be, ε: a share of b (below 1), or with
            ``threshold_mode="abs"`` a difference in the unit of the metric.
        threshold_mode: ``"rel"`` or ``"abs"``. Use ``"abs"`` for a metric that comes near 0.
        cooldown: Number of metrics after a cut that do not count as bad.
        min_lr: A cut does not take the rate below this one. It is compared with the rate of the
            schedule, before `group_scale`; of several schedules, with the largest rate.
        window: If b is older than this number of metrics, compare with the best of the last
            ``window`` metrics instead, where that is worse: one lucky metric is forgotten.
            None never forgets.
        higher_is_better: Whether the metric grows as the model gets better, as an accuracy does.
        in_warmup: Whether bad metrics count while the schedule rises.
        reduce: Whether to take the mean over the ranks. Use False for a metric that is already the
            same on all ranks; if it is not, the ranks end at different rates.

    Raises:
        ValueError: A setting is out of its range, or the Scheduler drives no learning rate.

    References:
        ``torch.optim.lr_scheduler.ReduceLROnPlateau``,
        https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html

    >>> import torch, lehr
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    >>> scheduler = lehr.Scheduler(optimizer, lehr.Constant(0.1))
    >>> plateau = lehr.Plateau(scheduler, patience=2)
    >>> rates = []
    >>> for _ in range(7):
    ...     plateau.update(1.0)
    ...     rates.append(round(scheduler.current_lr, 6))
    >>> rates
    [0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001]
    """

    def __init__(
        self,
        scheduler: WatchedScheduler,
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        window: int | None = None,
        higher_is_better: bool = False,
        in_warmup: bool = False,
        reduce: bool = True,
    ) -> None:
        if not isinstance(scheduler, WatchedScheduler):
            raise ValueError(
                f"Plateau needs a lehr.Scheduler, got {type(scheduler).__name__}; for an optimizer without a schedule "
                f"build one with lehr.Scheduler(optimizer, lehr.Constant(lr))"
            )
        self._settings = Settings(
            factor, patience, threshold, threshold_mode, cooldown, min_lr, window, higher_is_better, in_warmup
        )
        self._reduce = checks.boolean("reduce", reduce, owner="Plateau")
        self._counters = Counters()
        self._warned = False
        self._watched = weakref.ref(scheduler)
        if not self._lr_schedules():
            raise ValueError(f"Plateau cuts the lr, and this Scheduler drives only {', '.join(scheduler.schedules)}")
        scheduler._watchers.append(self)

    def __repr__(self) -> str:
        return f"Plateau({', '.join(f'{name}={value!r}' for name, value in self.settings().items())})"

    # A weak reference cannot be pickled; the Scheduler itself can.

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_watched": self._scheduler}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"_watched": weakref.ref(state["_watched"])})

    def update(self, metric: SupportsFloat) -> None:
        """Count one metric, and cut the rate if a cut is due.

        Args:
            metric: A number, or a tensor with one element. With torch.distributed each rank gives its
                own, and all ranks must make the call.

        Raises:
            ValueError: The metric is not a number; nothing has changed.
        """
        value = as_number(metric)
        if self._reduce:
            value = ranks.mean(value)
        if not math.isfinite(value):
            self._warn_of_ignored(value)
            return
        counters = self._settings.counted(self._counters, value, self._is_rising())
        if counters.bad > self._settings.patience:
            self._cut(counters)
            counters = replace(counters, bad=0, cooling=self._settings.cooldown)
        self._counters = counters

    def settings(self) -> dict[str, Any]:
        """The settings that decide when it cuts, as plain numbers and strings."""
        return asdict(self._settings)

    def state_dict(self) -> dict[str, Any]:
        """The settings and the counters, as plain numbers, strings and lists."""
        counters = {**asdict(self._counters), "recent": list(self._counters.recent)}
        return {"settings": self.settings(), **counters}

    def differences(self, state: object) -> list[str]:
        """The settings that differ between a checkpoint's state and the code, one line for each.

        Raises:
            ValueError: `state_dict` did not return the state.
        """
        saved, code = asdict(self._read(state)[0]), self.settings()
        return [
            f"{name}: checkpoint {saved[name]!r}, code {code[name]!r}" for name in code if saved[name] != code[name]
        ]

    def load_state_dict(self, state: object, keep: str | None = None) -> None:
        """Continue with the counters of a checkpoint.

        Args:
            state: What `state_dict` returned.
            keep: Which settings hold where they differ: ``"checkpoint"`` or ``"code"``. (If the code
                changes `higher_is_better`, the metric is another one, and the counters start anew.)
                None refuses a difference.

        Raises:
            ValueError: `state_dict` did not return the state, or the settings differ and `keep` does not
                say which hold. Nothing has changed.
        """
        if keep not in (None, "checkpoint", "code"):
            raise ValueError(f"`keep` must be 'checkpoint' or 'code', got {checks.shown(keep)}")
        saved, counters = self._read(state)
        if keep is None and saved != self._settings:
            raise ValueError(
                f"the settings of the Plateau differ: {'; '.join(self.differences(state))}; "
                f"choose with keep='checkpoint' or keep='code'"
            )
        settings = saved if keep == "checkpoint" else self._settings
        if settings.higher_is_better != saved.higher_is_better:
            counters = Counters()
        self._settings = settings
        self._counters = replace(counters, recent=settings.last(counters.recent))

    def _read(self, state: object) -> tuple[Settings, Counters]:
        if not isinstance(state, Mapping) or "settings" in state:
            return stagnation.read(state)
        # Before version 4 a state had no settings, and metrics of which higher is better were negated.
        settings, counters = stagnation.read({**state, "settings": self.settings()})
        sign = -1.0 if settings.higher_is_better else 1.0
        best = None if counters.best is None else sign * counters.best
        return settings, replace(counters, best=best, recent=tuple(sign * metric for metric in counters.recent))

    @property
    def _scheduler(self) -> WatchedScheduler:
        scheduler = self._watched()
        if scheduler is None:
            raise ValueError("the Scheduler of this Plateau no longer exists: keep a reference to it")
        return scheduler

    def _lr_schedules(self) -> list[Schedule]:
        schedules = self._scheduler.schedules
        return [schedules[name] for name in schedules if name.partition(" ")[0] == "lr"]

    def _is_rising(self) -> bool:
        now, one_update = self._scheduler.next_position, self._scheduler.per_update or 1
        return any(schedule(now + one_update) > schedule(now) for schedule in self._lr_schedules())

    def _cut(self, counters: Counters) -> None:
        rate = max(schedule(self._scheduler.next_position) for schedule in self._lr_schedules())
        factor = max(self._settings.factor, self._settings.min_lr / rate) if rate else 1.0
        if factor < 1 and not math.isclose(factor, 1):  # a rate that is at min_lr but for rounding stays there
            self._scheduler.scale(factor, why=f"no better than {counters.best:g} for {counters.bad} metrics")

    def _warn_of_ignored(self, value: float) -> None:
        if not self._warned:
            self._warned = True
            warn(f"Plateau ignores the metric {value!r}: it counts neither as bad nor as good")


def as_number(metric: SupportsFloat) -> float:
    """A metric as a float.

    Raises:
        ValueError: It is no number.
    """
    try:
        if isinstance(metric, bool | str | bytes):
            raise TypeError
        return float(metric)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # RuntimeError: a tensor with several elements
        raise ValueError(f"Plateau needs a number for `metric`, got {checks.shown(metric)}") from None
