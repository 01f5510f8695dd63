"""How large a checkpoint's part of the scheduler is."""

from __future__ import annotations

import pickle
from typing import Any

from torch.optim import lr_scheduler

from lehr import Scheduler

from .run import MAX_LR, TRAINING_STEPS, WARMUP_STEPS, cosine, optimizer
from .table import Row, Section

MOST = 2048


def sizes() -> Section:
    """``state_dict`` in the middle of a run, pickled."""
    rows = []
    for groups in (1, 512):
        for what, scheduler, promised in _schedulers(groups):
            size = len(pickle.dumps(scheduler.state_dict()))
            target = f"≤ {MOST:,} bytes" if promised else ""
            named = f"{what}, {groups} group{'s' if groups > 1 else ''}"
            rows.append(Row(named, size, "bytes", target=target, met=size <= MOST if promised else None))
    return Section("`state_dict`, pickled", rows)


def _schedulers(groups: int) -> list[tuple[str, Any, bool]]:
    same = cosine(Scheduler, optimizer(groups), "cosine")
    layered = optimizer(groups)
    for index, group in enumerate(layered.param_groups):
        group["lr"] = MAX_LR * 0.9 ** (index * 32 // groups)
    scaled = Scheduler(layered, "cosine", TRAINING_STEPS, WARMUP_STEPS, MAX_LR, group_scale="ratio")
    for scheduler in (same, scaled):
        scheduler.step(TRAINING_STEPS // 2)
    made = [("lehr", same, True), ("torch SequentialLR", _sequential(optimizer(groups)), False)]
    return made if groups == 1 else [made[0], ("lehr, 32 rates in the groups", scaled, True), made[1]]


def _sequential(made: Any) -> Any:
    warmup = lr_scheduler.LinearLR(made, 1 / WARMUP_STEPS, total_iters=WARMUP_STEPS)
    decay = lr_scheduler.CosineAnnealingLR(made, TRAINING_STEPS - WARMUP_STEPS)
    return lr_scheduler.SequentialLR(made, [warmup, decay], [WARMUP_STEPS])
