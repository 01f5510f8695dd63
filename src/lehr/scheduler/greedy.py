"""`Greedy`: raises the rate while a metric improves, and lowers it when the metric stops improving."""

from __future__ import annotations

from ..control import greed
from .group_keys import BoundsOfGroups, Groups
from .watcher import WatchedScheduler, Watcher


class Greedy(Watcher):
    """Divides the rest of a schedule by ``factor`` while a metric improves, and multiplies by it when it does not.

    A metric is *good* if it is better than the best one so far, b, by more than the threshold, as for
    `Plateau`, and becomes the new b; else it is *bad*. At the good metric number ``patience + 1`` in a
    row the rate is divided by ``factor``, but not raised above `max_lr`; at the bad one number
    ``patience + 1`` in a row it is multiplied by ``factor``, but not lowered below `min_lr`. The next
    `raise_cooldown` or `cooldown` metrics do not count and do not become b. The cut number
    `reset_after` since the last raise that leaves every rate at `min_lr` starts anew instead: the rate
    goes back to the schedule as the last change of somebody else left it, and all counters to 0. While
    the schedule rises (warmup), no metric counts as good or bad. A NaN or an infinity is ignored, with
    one warning.

    These are the rules of transformers' ``GreedyLR``, and for the same settings the rates are the same
    after each metric, with two exceptions: there a NaN counts as bad, and the relative threshold is on
    the wrong side of a negative b. Its settings, and what they are called here:

    ===================================  =============================================
    ``GreedyLR``                         here
    ===================================  =============================================
    ``mode="max"``                       ``higher_is_better=True``
    ``warmup``                           `raise_cooldown`
    ``smooth=True, window_size=50``      ``average_over=50``
    ``reset_start``                      `reset_after`
    ``min_lr=0.001``, ``max_lr=1.0``     no default for `max_lr`; `min_lr` is 0
    ``eps=1e-8``                         the same, 0 by default
    ===================================  =============================================

    All its changes share one entry of the history, until somebody else makes a change. At least the
    last 250 are kept as they were, and of older ones each two neighbours become their mean, so that the
    state of a run has a bounded size. The rates to come are exact.

    The Scheduler calls `update` in `scheduler.step(metric=...)`, and saves the counters and the
    settings with its state. With torch.distributed the mean of the metric over the ranks decides.

    Args:
        scheduler: The `Scheduler` whose rate is changed.
        max_lr: A raise does not take the rate above this one: a number, or where each param group has a
            schedule a list or a mapping with a bound for each. It is compared with the rate of the
            schedule, before `group_scale`.
        min_lr: A cut does not take the rate below this one; given as `max_lr`.
        factor: What the rate is multiplied by at a cut and divided by at a raise, above 0 and below 1.
        patience: Number of good or bad metrics in a row that change nothing.
        threshold: How much better a metric must be: with ``threshold_mode="abs"`` a difference in the
            unit of the metric, else a share of b.
        threshold_mode: ``"abs"`` or ``"rel"``.
        cooldown: Number of metrics after a cut that do not count.
        raise_cooldown: Number of metrics after a raise that do not count.
        average_over: Count the mean of so many last metrics instead of the metric; None for the metric.
        reset_after: Number of cuts at `min_lr` that start anew; None never does.
        higher_is_better: Whether the metric grows as the model gets better, as an accuracy does.
        in_warmup: Whether metrics count while the schedule rises.
        eps: A change of a rate by no more than this is left out.
        groups: The param groups whose rate is changed, by index or name; None for all. It needs a
            Scheduler with a schedule for each group.
        reduce: Whether to take the mean over the ranks. Use False for a metric that is already the
            same on all ranks; if it is not, the ranks end at different rates.

    Raises:
        ValueError: A setting is out of its range, a group is unknown, or the Scheduler drives no
            learning rate, or one schedule for all groups where a setting names groups.

    References:
        GreedyLR (2025), https://arxiv.org/abs/2512.14527, as ``transformers.optimization.GreedyLR`` does it.

    >>> import torch, lehr
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    >>> scheduler = lehr.Scheduler(optimizer, lehr.Constant(0.1))
    >>> greedy = lehr.Greedy(scheduler, max_lr=1.0, factor=0.5, patience=1)
    >>> rates = []
    >>> for loss in (5.0, 4.0, 3.0, 2.0, 2.0, 2.0):
    ...     greedy.update(loss)
    ...     rates.append(scheduler.current_lr)
    >>> rates
    [0.1, 0.2, 0.2, 0.4, 0.4, 0.2]
    """

    _settings_type = greed.Settings
    _merges = True

    def __init__(
        self,
        scheduler: WatchedScheduler,
        *,
        max_lr: BoundsOfGroups,
        min_lr: BoundsOfGroups = 0.0,
        factor: float = 0.95,
        patience: int = 10,
        threshold: float = 1e-6,
        threshold_mode: str = "abs",
        cooldown: int = 0,
        raise_cooldown: int = 0,
        average_over: int | None = None,
        reset_after: int | None = 500,
        higher_is_better: bool = False,
        in_warmup: bool = False,
        eps: float = 0.0,
        groups: Groups = None,
        reduce: bool = True,
    ) -> None:
        self._watch(locals())
