"""The schedulers that lehr is measured beside, each set up as its documentation says.

Peers are imported by name, when they are asked for: one that is not installed costs its row.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

from torch.optim import Optimizer, lr_scheduler

from .run import MAX_LR, MIN_LR, TRAINING_STEPS, WARMUP_STEPS, Stepper

DECAY_STEPS = TRAINING_STEPS - WARMUP_STEPS


def _each_step(step: Callable[[], object]) -> Stepper:
    """What steps a scheduler that counts by itself."""

    def run(steps: range) -> None:
        for _ in steps:
            step()

    return run


def torch_cosine(optimizer: Optimizer) -> Stepper:
    """Torch's cosine alone, without a warmup."""
    return _each_step(lr_scheduler.CosineAnnealingLR(optimizer, DECAY_STEPS, MIN_LR).step)


def torch_sequential(optimizer: Optimizer) -> Stepper:
    """Torch's warmup and cosine."""
    warmup = lr_scheduler.LinearLR(optimizer, 1 / WARMUP_STEPS, total_iters=WARMUP_STEPS)
    decay = lr_scheduler.CosineAnnealingLR(optimizer, DECAY_STEPS, MIN_LR)
    return _each_step(lr_scheduler.SequentialLR(optimizer, [warmup, decay], [WARMUP_STEPS]).step)


def transformers(optimizer: Optimizer) -> Stepper:
    """Transformers' `get_cosine_schedule_with_warmup`, which has no floor."""
    make = import_module("transformers").get_cosine_schedule_with_warmup
    return _each_step(make(optimizer, WARMUP_STEPS, TRAINING_STEPS).step)


def pytorch_optimizer(optimizer: Optimizer) -> Stepper:
    """pytorch_optimizer's cosine, which has a warmup."""
    make = import_module("pytorch_optimizer").CosineScheduler
    return _each_step(make(optimizer, TRAINING_STEPS, MAX_LR, MIN_LR, warmup_steps=WARMUP_STEPS).step)


def ignite_cosine(optimizer: Optimizer) -> Stepper:
    """Ignite's cosine alone."""
    return _as_ignite_calls(_ignite_decay(optimizer))


def ignite_warmup(optimizer: Optimizer) -> Stepper:
    """Ignite's warmup and cosine."""
    make = import_module("ignite.handlers").create_lr_scheduler_with_warmup
    return _as_ignite_calls(make(_ignite_decay(optimizer), warmup_start_value=0.0, warmup_duration=WARMUP_STEPS))


def _ignite_decay(optimizer: Optimizer) -> Any:
    return import_module("ignite.handlers").CosineAnnealingScheduler(optimizer, "lr", MAX_LR, MIN_LR, DECAY_STEPS)


def _as_ignite_calls(scheduler: Callable[[None], object]) -> Stepper:
    def run(steps: range) -> None:
        for _ in steps:
            scheduler(None)  # the engine, which it does not look at

    return run


def timm(optimizer: Optimizer) -> Stepper:
    """Timm's cosine, which has a warmup."""
    make = _timm_scheduler().CosineLRScheduler
    scheduler = make(optimizer, DECAY_STEPS, MIN_LR, warmup_t=WARMUP_STEPS, warmup_prefix=True)

    def run(steps: range) -> None:
        for step in steps:
            scheduler.step(step)

    return run


def _timm_scheduler() -> Any:
    """`timm.scheduler` without the rest of timm, which needs a torchvision that fits the torch."""
    if "timm" not in sys.modules:
        spec = find_spec("timm")
        if spec is None:
            raise ModuleNotFoundError("No module named 'timm'", name="timm")
        sys.modules["timm"] = module_from_spec(spec)
    return import_module("timm.scheduler")


PEERS: dict[str, Callable[[Optimizer], Stepper]] = {
    "pytorch_optimizer": pytorch_optimizer,
    "ignite, cosine alone": ignite_cosine,
    "ignite, warmup + cosine": ignite_warmup,
    "timm CosineLRScheduler": timm,
    "torch CosineAnnealingLR alone": torch_cosine,
    "torch SequentialLR": torch_sequential,
    "transformers": transformers,
}


def built(name: str, optimizer: Optimizer) -> Stepper | str:
    """The peer past its warmup, or why it is not there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = PEERS[name](optimizer)
            optimizer.step()  # torch's schedulers warn when they are stepped before it
            run(range(WARMUP_STEPS))
    except ImportError as error:
        return "not installed" if isinstance(error, ModuleNotFoundError) else f"not importable: {error}"
    return run
