"""`Plateau`: multiplies the rate by a factor when a metric stops improving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..control import stagnation, watching_state
from ..control.watching import Counters
from .group_keys import BoundsOfGroups, Groups
from .watcher import WatchedScheduler, Watcher


class Plateau(Watcher):
    """Multiplies the rest of a schedule by ``factor`` when a metric stops improving.

    A metric is *bad* unless it is better than the best one so far, b, by more than the threshold ε:

    ==================  ======================  ======================
    `threshold_mode`    lower is better         higher is better
    ==================  ======================  ======================
    ``"rel"``           ``metric < b - ε·|b|``  ``metric > b + ε·|b|``
    ``"abs"``           ``metric < b - ε``      ``metric > b + ε``
    ==================  ======================  ======================

    A metric that is not bad becomes the new b. The rate is cut at the bad metric number
    ``patience + 1`` in a row. The next ``cooldown`` metrics may become the new b but never count as
    bad. While the schedule rises (warmup), no metric counts as bad either. A NaN or an infinity is
    ignored, with one warning.

    This is the counting of torch's ``ReduceLROnPlateau``, and for the same settings the cuts come at
    the same metrics, with three exceptions: torch counts a NaN as bad; its relative threshold is on
    the wrong side of a negative b; its `eps` is 1e-8 by default. Other libraries cut at the bad metric
    number ``patience``:

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
        min_lr: A cut does not take the rate below this one: a number, or where each param group has a
            schedule a list or a mapping with a bound for each. It is compared with the rate of the
            schedule, before `group_scale`.
        window: If b is older than this number of metrics, compare with the best of the last
            ``window`` metrics instead, where that is worse: one lucky metric is forgotten.
            None never forgets.
        higher_is_better: Whether the metric grows as the model gets better, as an accuracy does.
        in_warmup: Whether bad metrics count while the schedule rises.
        eps: A cut of a rate by no more than this is left out.
        groups: The param groups whose rate is cut, by index or name; None for all. It needs a Scheduler
            with a schedule for each group.
        reduce: Whether to take the mean over the ranks. Use False for a metric that is already the
            same on all ranks; if it is not, the ranks end at different rates.

    Raises:
        ValueError: A setting is out of its range, a group is unknown, or the Scheduler drives no
            learning rate, or one schedule for all groups where a setting names groups.

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

    _settings_type = stagnation.Settings

    def __init__(
        self,
        scheduler: WatchedScheduler,
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: BoundsOfGroups = 0.0,
        window: int | None = None,
        higher_is_better: bool = False,
        in_warmup: bool = False,
        eps: float = 0.0,
        groups: Groups = None,
        reduce: bool = True,
    ) -> None:
        self._watch(locals())

    def _read(self, state: object) -> tuple[stagnation.Settings, Counters]:
        if not isinstance(state, Mapping) or "settings" in state:
            return super()._read(state)  # type: ignore[return-value]  # its own kind of settings
        # Before version 4 a state had no settings, and metrics of which higher is better were negated.
        settings, counters = super()._read({**state, "settings": watching_state.to_plain(self._settings)})
        sign = -1.0 if settings.higher_is_better else 1.0
        best = None if counters.best is None else sign * counters.best
        recent = tuple(sign * metric for metric in counters.recent)
        return settings, replace(counters, best=best, recent=recent)  # type: ignore[return-value]  # as above
