"""`from_transformers`: a schedule of transformers by the arguments of its `get_scheduler`."""

from __future__ import annotations

from typing import Any

from ...schedules import Schedule, checks
from ..after import check_after
from ..settings import call
from .schedules import BUILDERS, Run

_FOLLOWS_A_METRIC = {
    "reduce_lr_on_plateau": "lehr.Plateau(scheduler, factor=..., patience=...)",
    "greedy": "lehr.Greedy(scheduler, factor=..., patience=...)",
}
_WITHOUT_WARMUP = ("constant",)


def from_transformers(
    name: str,
    *,
    lr: float,
    num_warmup_steps: int | None = None,
    num_training_steps: int | None = None,
    after: str = "hold",
    **scheduler_specific_kwargs: Any,
) -> Schedule:
    """The schedule of ``transformers.get_scheduler`` with the same arguments, for an optimizer whose rate is ``lr``.

    The warmup starts at a rate of 0, as there, so the first update changes nothing. The cosines are at their end
    after ``num_training_steps`` updates (``cosine_warmup_with_min_lr``: one update before), and in transformers go on
    along the cosine, which rises again.

    Args:
        name: A name of ``SchedulerType``, such as ``"cosine"``, or the member itself.
        lr: The optimizer's rate, which every factor multiplies.
        num_warmup_steps: Updates of the warmup; ``"constant"`` ignores it.
        num_training_steps: Updates of the run; only ``"constant"``, ``"constant_with_warmup"`` and
            ``"inverse_sqrt"`` need none.
        after: ``"hold"`` holds the final rate and warns where transformers goes on along its cosine, ``"peer"`` does
            as transformers does. So too for a hard restart that transformers misses by rounding.
        **scheduler_specific_kwargs: What ``get_scheduler`` takes under that name, with its defaults.

    Raises:
        ValueError: transformers knows no such name or setting, a setting is missing or out of its range, or the
            schedule follows a metric.

    References:
        transformers/optimization.py of release 5.24.

    >>> schedule = from_transformers("linear", lr=1.0, num_warmup_steps=10, num_training_steps=110)
    >>> [schedule(t) for t in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    check_after(after)
    name = str(getattr(name, "value", name))
    if name in _FOLLOWS_A_METRIC:
        raise ValueError(
            f"{name} follows a metric, so it is not a schedule: use {_FOLLOWS_A_METRIC[name]} beside a schedule"
        )
    checks.one_of("name of a transformers schedule", name, BUILDERS)
    if num_warmup_steps is None and name not in _WITHOUT_WARMUP:
        raise ValueError(f"{name} needs `num_warmup_steps`; without a warmup give num_warmup_steps=0")
    run = Run(
        name,
        checks.number("lr", lr, owner=name),
        checks.integer("num_warmup_steps", num_warmup_steps or 0, owner=name, least=0),
        None if num_training_steps is None else checks.integer("num_training_steps", num_training_steps, owner=name),
        after,
    )
    return call(BUILDERS[name], scheduler_specific_kwargs, run, owner=name)
