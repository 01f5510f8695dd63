"""`Plateau`: lowers the rate when a metric no longer gets better."""

from __future__ import annotations

import math
import weakref
from collections import deque
from typing import Any

from . import ranks
from .core import Core
from .steering import Steers
from .warn import warn

_STATE = ("best", "bad", "cooling", "recent")


class Plateau:
    r"""Multiplies what is left of a schedule by ``factor`` when a metric has stopped improving.

    A metric is *bad* if it is not below :math:`b \, (1 - \epsilon)`, where :math:`b` is the best so far
    (or the best of the last ``window``) and :math:`\epsilon` the threshold. The cut comes with the bad
    metric number ``patience + 1`` in a row; then ``cooldown`` metrics are not counted. A NaN or an
    infinity counts neither as bad nor as good, and is warned of once. While the schedule rises (warmup)
    metrics only set the best.

    With torch.distributed the mean of the metric over the ranks is what counts, so all ranks cut at once;
    ``reduce=False`` leaves that message out.

    Args:
        scheduler: The `Scheduler` whose rate is cut; it saves this one's counters with its state, and
            `scheduler.step(metric=...)` updates it.
        factor: What the rate is multiplied by, between 0 and 1.
        patience: Bad metrics in a row that are borne.
        threshold: What counts as better, as a share of the best, :math:`\epsilon`.
        cooldown: Metrics after a cut that are not counted.
        min_lr: The cuts do not go below this rate.
        window: Compare with the best of so many metrics before, not of all: a spike is forgotten.
        higher_is_better: For an accuracy.
        in_warmup: Whether metrics count while the schedule rises.
        reduce: Whether to take the mean over the ranks. False is for a metric that has been reduced
            already: ranks that give different ones then end at different rates.

    Raises:
        ValueError: A setting is refused.

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
        scheduler: Steers,
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        window: int | None = None,
        higher_is_better: bool = False,
        in_warmup: bool = False,
        reduce: bool = True,
    ) -> None:
        if not isinstance(scheduler, Core):
            raise ValueError(f"Plateau watches over a lehr.Scheduler, got {type(scheduler).__name__}")
        for name, value, low, high in [
            ("factor", factor, 0.0, 1.0),
            ("threshold", threshold, 0.0, 1.0),
            ("min_lr", min_lr, 0.0, math.inf),
        ]:
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value < high:
                raise ValueError(f"Plateau needs `{name}` of at least {low:g} and below {high:g}, got {value!r}")
        for name, whole in [
            ("patience", patience),
            ("cooldown", cooldown),
            ("window", 1 if window is None else window),
        ]:
            if type(whole) is not int or whole < 0:
                raise ValueError(f"Plateau needs a whole number of at least 0 for `{name}`, got {whole!r}")
        self._watched, self._factor, self._patience = weakref.ref(scheduler), factor, patience
        self._threshold, self._rest, self._min_lr = threshold, cooldown, min_lr
        self._sign, self._in_warmup, self._reduce = -1.0 if higher_is_better else 1.0, in_warmup, reduce
        self._best: float | None = None
        self._bad = self._cooling = 0
        self._recent: deque[float] = deque(maxlen=window)
        self._windowed, self._warned = window is not None, False
        scheduler._watchers.append(self)

    @property
    def _scheduler(self) -> Steers:
        scheduler = self._watched()
        if scheduler is None:
            raise ValueError("the Scheduler that this Plateau watches over is gone: keep it as long as the Plateau")
        return scheduler

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_watched": self._scheduler}  # a weak reference cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"_watched": weakref.ref(state["_watched"])})

    def update(self, metric: float) -> None:
        """Take one metric, and cut the rate if it is time.

        Args:
            metric: A number; with torch.distributed each rank gives its own, at the same moment.

        Raises:
            ValueError: It is no number.
        """
        try:
            value = self._sign * (ranks.mean(float(metric)) if self._reduce else float(metric))
        except (TypeError, ValueError):
            raise ValueError(f"Plateau needs a number for a metric, got {metric!r}") from None
        if not math.isfinite(value):
            self._warn(metric)
            return
        reference = (min(self._recent) if self._recent else None) if self._windowed else self._best
        better = reference is None or value < reference - self._threshold * abs(reference)
        self._recent.append(value)
        self._best = value if self._best is None else min(self._best, value)
        if self._rises() and not self._in_warmup:
            self._bad = 0
            return
        self._bad = 0 if better else self._bad + 1
        if self._cooling:
            self._cooling, self._bad = self._cooling - 1, 0
        if self._bad > self._patience:
            self._cut(metric)

    def _rises(self) -> bool:
        now = self._scheduler._coming
        return self._scheduler.schedule(now + 1) > self._scheduler.schedule(now)

    def _cut(self, metric: float) -> None:
        rate = self._scheduler.schedule(self._scheduler._coming)
        factor = max(self._factor, self._min_lr / rate) if rate else 1.0
        if factor < 1:
            self._scheduler.scale(
                factor, why=f"no better than {self._sign * (self._best or 0.0):g} for {self._bad} metrics"
            )
        self._bad, self._cooling = 0, self._rest

    def _warn(self, metric: float) -> None:
        if not self._warned:
            self._warned = True
            warn(f"Plateau got the metric {metric!r}, which counts neither as bad nor as good")

    def state_dict(self) -> dict[str, Any]:
        """The counters; the Scheduler keeps them in its own state."""
        recent = list(self._recent) if self._windowed else []
        return {"best": self._best, "bad": self._bad, "cooling": self._cooling, "recent": recent}

    def check_state(self, state: Any) -> None:
        """Refuse what `state_dict` did not give.

        Raises:
            ValueError: It is something else.
        """
        best, recent = state.get("best"), state.get("recent")
        counts = [state.get("bad"), state.get("cooling")]
        right = set(state) == set(_STATE) and isinstance(recent, list)
        right = right and all(type(n) in (int, float) for n in [*([] if best is None else [best]), *recent])
        if not right or not all(type(n) is int and n >= 0 for n in counts):
            raise ValueError(f"a Plateau's state has {', '.join(_STATE)}, got {state!r:.80}")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the counters of a checkpoint.

        Raises:
            ValueError: It is no such state; nothing has changed.
        """
        self.check_state(state)
        self._best, self._bad, self._cooling = state["best"], state["bad"], state["cooling"]
        self._recent = deque(state["recent"], maxlen=self._recent.maxlen)
