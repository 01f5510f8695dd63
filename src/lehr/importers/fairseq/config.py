"""The arguments of fairseq, side by side or in groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schedules import Schedule, checks
from ..after import check_after
from ..settings import Settings, arguments, refuse_strays
from .schedulers import BUILD

WORDS = (
    "lr_scheduler", "lr_period_updates", "lr_shrink", "lr_decay_period", "lr_deacy_period", "lr_decay", "lr_patience",
    "lr_threshold",
)  # fmt: skip
HINTS = {
    "lr": "the peak rate, as a number or a list of one",
    "updates_per_epoch": "the schedule changes with the epoch: give updates_per_epoch=",
}
REFUSED = {
    "pass_through": "the optimizer has its own schedule: import that one",
    "reduce_lr_on_plateau": "it depends on a metric: use lehr.Plateau beside the schedule of its warmup",
}


def from_fairseq(args: object, *, updates_per_epoch: int | None = None, after: str = "hold") -> Schedule:
    r"""The learning rate that fairseq's arguments ask for.

    It takes the ``lr_scheduler`` ``inverse_sqrt``, ``polynomial_decay``, ``cosine``, ``tri_stage``, ``triangular``,
    ``step``, ``fixed`` and ``manual``.

    Args:
        args: The arguments, as a mapping or an `argparse.Namespace`, or the config with ``lr_scheduler`` and
            ``optimization``. Those that do not concern the schedule are ignored.
        updates_per_epoch: Updates of an epoch, for schedules that change with the epoch.
        after: What follows a ``cosine`` whose period is all of ``max_update``: ``"hold"`` holds its lowest rate and
            warns, ``"peer"`` begins the next cycle, at ``lr_shrink`` of the rate.

    Raises:
        ValueError: The scheduler is unknown or cannot be a schedule, an argument is missing, or fairseq would divide
            by zero.

    References:
        ``fairseq/optim/lr_scheduler/`` of fairseq 0.12.2. There ``cosine`` and a ``t_mult`` other than 1 finds its
        cycle by a rounded logarithm: at a few restarts the first update still has the lowest rate of the cycle before.
        Here every cycle begins at its peak.

    >>> schedule = from_fairseq({"lr_scheduler": "inverse_sqrt", "lr": [0.4], "warmup_updates": 4})
    >>> [round(schedule(t), 12) for t in (0, 1, 4, 16, 64)]
    [0.0, 0.1, 0.4, 0.2, 0.1]
    """
    check_after(after)
    values = _flat(arguments("from_fairseq", args))
    kind = values.get("lr_scheduler")
    if isinstance(kind, str) and kind in REFUSED:
        raise ValueError(f"fairseq's {kind} is no schedule of the position: {REFUSED[kind]}")
    kind = checks.one_of("`lr_scheduler` of fairseq", kind, BUILD)
    refuse_strays("fairseq", values, WORDS, "lr_")
    settings = Settings(
        f"fairseq's {kind}", {**values, "updates_per_epoch": updates_per_epoch, "after": after}, hints=HINTS
    )
    return BUILD[kind](settings)


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether these are arguments of fairseq: they have an ``lr_scheduler`` of fairseq, and ``lr``."""
    try:
        values = _flat(arguments("from_fairseq", config))
    except ValueError:
        return False
    known = values.get("lr_scheduler")
    return isinstance(known, str) and known in (*BUILD, *REFUSED) and "lr" in values


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config that `recognises` accepts."""
    return from_fairseq(config, after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """None: fairseq's schedulers need one of its optimizers, which needs a whole task."""
    return None


def _flat(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments side by side, also of a config in which each group has its own mapping."""
    scheduler = values.get("lr_scheduler")
    if not isinstance(scheduler, Mapping):
        return values
    own = {name: value for name, value in scheduler.items() if not str(value).startswith("${")}  # of another group
    return {**_group(values, "optimization"), **own, "lr_scheduler": scheduler.get("_name")}


def _group(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group = values.get(name)
    return group if isinstance(group, Mapping) else {}
