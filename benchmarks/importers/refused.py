"""What an original can do and no schedule can say: each is refused with the reason and the way out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import torch
from torch.optim import lr_scheduler as torchs
from torch.optim.swa_utils import SWALR

from lehr import importers


class Refusal(NamedTuple):
    """A schedule that is refused.

    Attributes:
        framework: Whose it is.
        schedule: What it is called there.
        call: What imports it, and raises.
        says: Words of the reason.
    """

    framework: str
    schedule: str
    call: Callable[[], object]
    says: str


def reason(refusal: Refusal) -> str | None:
    """The words of the refusal; None where the framework is not installed.

    Raises:
        AssertionError: It is not refused.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            refusal.call()
    except ImportError:
        return None
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{refusal.framework}'s {refusal.schedule} is not refused")


def sgd(*rates: float) -> Any:
    """An optimizer with a param group for each rate."""
    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in rates or (0.1,)])


def of_torch(build: Callable[[Any], Any], **options: Any) -> Callable[[], object]:
    """Import a scheduler of torch."""
    return lambda: importers.from_torch(build(sgd()), **options)


def of_timm(name: str, **settings: Any) -> Callable[[], object]:
    """Import a scheduler of timm."""

    def call() -> object:
        import_module(f"{__package__}.timm")  # which makes timm.scheduler importable without torchvision
        return importers.from_timm(getattr(import_module("timm.scheduler"), name)(sgd(), **settings))

    return call


def of_ignite(build: Callable[[Any], Any]) -> Callable[[], object]:
    """Import a scheduler of ignite, built from the module of its handlers."""
    return lambda: importers.from_ignite(build(import_module("ignite.handlers")))


def different_groups(handlers: Any) -> Any:
    """A scheduler of two param groups, each with its rate."""
    optimizer = sgd(0.1, 0.2)
    rates = enumerate((0.1, 0.2))
    parts = [handlers.PiecewiseLinear(optimizer, "lr", [(0, rate)], param_group_index=i) for i, rate in rates]
    return handlers.ParamGroupScheduler(parts)


class Halved(torchs.StepLR):
    """A class of a user."""


def sequence_first(first: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A scheduler in the first part of a SequentialLR in another."""

    def build(optimizer: Any) -> Any:
        inner = torchs.SequentialLR(optimizer, [first(optimizer), torchs.StepLR(optimizer, 3)], [4])
        return torchs.SequentialLR(optimizer, [inner, torchs.StepLR(optimizer, 3)], [9])

    return build


def chain_later(optimizer: Any) -> Any:
    """A ChainedScheduler after a milestone."""
    chain = torchs.ChainedScheduler([torchs.StepLR(optimizer, 3)])
    return torchs.SequentialLR(optimizer, [torchs.StepLR(optimizer, 3), chain], [4])


def no_product(optimizer: Any) -> Any:
    """A chain with a floor of its own."""
    return torchs.ChainedScheduler([torchs.CosineAnnealingLR(optimizer, 9, 0.01), torchs.StepLR(optimizer, 3)])


def of_args(importer: Callable[..., object], config: Mapping[str, Any], **options: Any) -> Callable[[], object]:
    """Import a config."""
    return lambda: importer(config, **options)


def olmo(kind: str, **settings: Any) -> Callable[[], object]:
    """Import a scheduler of OLMo-core."""
    return of_args(importers.from_olmo, {"type": kind, **settings}, lr=0.1, training_steps=9)


RUN: dict[str, Any] = {"lr": 0.1, "num_warmup_steps": 0, "num_training_steps": 9}
FAIRSEQ: dict[str, Any] = {"lr": [0.1], "max_update": 9}
CYCLIC: dict[str, Any] = {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 3}

REFUSED = [
    Refusal("torch", "ReduceLROnPlateau", of_torch(torchs.ReduceLROnPlateau), "depends on a metric"),
    Refusal("torch", "LambdaLR", of_torch(lambda o: torchs.LambdaLR(o, lambda t: 0.9**t)), "tabulate=N"),
    Refusal("torch", "MultiplicativeLR", of_torch(lambda o: torchs.MultiplicativeLR(o, lambda t: 0.9)), "tabulate=N"),
    Refusal(
        "torch", "CyclicLR, scale_fn", of_torch(lambda o: torchs.CyclicLR(o, **CYCLIC, scale_fn=abs)), "tabulate=N"
    ),
    Refusal(
        "torch", "CyclicLR, exp_range, gamma above 1",
        of_torch(lambda o: torchs.CyclicLR(o, **CYCLIC, mode="exp_range", gamma=1.1)), "grows for ever",
    ),
    Refusal("torch", "ChainedScheduler that is no product", of_torch(no_product), "multiply the rate in force"),
    Refusal("torch", "SWALR first in an inner SequentialLR", of_torch(sequence_first(lambda o: SWALR(o, 0.1))), "anew"),
    Refusal("torch", "ChainedScheduler after a milestone", of_torch(chain_later), "NotImplementedError"),
    Refusal(
        "torch", "ConstantLR, factor 0",
        of_torch(lambda o: torchs.ConstantLR(o, 0, 4), after="peer"), "divides by zero",
    ),
    Refusal("torch", "a class of a user", of_torch(lambda o: Halved(o, 3)), r"lehr\.tabulate"),
    Refusal(
        "transformers", "reduce_lr_on_plateau",
        lambda: importers.from_transformers("reduce_lr_on_plateau", **RUN), r"lehr\.Plateau",
    ),
    Refusal("transformers", "greedy", lambda: importers.from_transformers("greedy", **RUN), r"lehr\.Greedy"),
    Refusal("timm", "PlateauLRScheduler", of_timm("PlateauLRScheduler"), "follows a metric"),
    Refusal("timm", "noise without an end", of_timm("CosineLRScheduler", t_initial=9, noise_range_t=3), "tabulate=N"),
    Refusal(
        "pytorch_optimizer", "schedulers of torch", lambda: importers.from_pytorch_optimizer("one_cycle"), "from_torch"
    ),
    Refusal("pytorch_optimizer", "proportion", lambda: importers.from_pytorch_optimizer("proportion"), "that one"),
    Refusal(
        "ignite", "LRScheduler", of_ignite(lambda i: i.LRScheduler(torchs.StepLR(sgd(), 3))), "from_torch"
    ),
    Refusal(
        "ignite", "ReduceLROnPlateauScheduler", of_ignite(lambda i: i.ReduceLROnPlateauScheduler(sgd(), "loss")),
        "depends on a metric",
    ),
    Refusal("ignite", "StateParamScheduler", of_ignite(lambda i: i.ExpStateScheduler(0.1, 0.9, "p")), "engine's state"),
    Refusal("ignite", "ParamGroupScheduler, groups that differ", of_ignite(different_groups), "import each"),
    Refusal(
        "optax", "a value below 0", lambda: importers.from_optax("constant_schedule", value=-0.1), "at least 0"
    ),
    Refusal("keras", "CosineDecayRestarts, t_mul below 1", of_args(importers.from_keras, {
        "class_name": "CosineDecayRestarts",
        "config": {"initial_learning_rate": 0.1, "first_decay_steps": 9, "t_mul": 0.5},
    }), "`t_mul` of at least 1"),
    Refusal("composer", "several schedulers", of_args(
        importers.from_composer, {"schedulers": [{"name": "constant"}, {"name": "linear"}]}, lr=0.1
    ), "import each"),
    Refusal("deepspeed", "a list, one value for each param group", of_args(
        importers.from_deepspeed, {"type": "WarmupLR", "params": {"warmup_max_lr": [0.1, 0.2]}}
    ), "import each group's by itself"),
    Refusal("deepspeed", "a scheduler of torch", of_args(
        importers.from_deepspeed, {"type": "StepLR", "params": {"step_size": 3}}
    ), "from_torch"),
    Refusal("fairseq", "reduce_lr_on_plateau", of_args(
        importers.from_fairseq, {"lr_scheduler": "reduce_lr_on_plateau", **FAIRSEQ}
    ), "depends on a metric"),
    Refusal("fairseq", "pass_through", of_args(
        importers.from_fairseq, {"lr_scheduler": "pass_through", **FAIRSEQ}
    ), "has its own schedule"),
    Refusal("fairseq", "polynomial_decay, force_anneal", of_args(
        importers.from_fairseq, {"lr_scheduler": "polynomial_decay", "force_anneal": 3, **FAIRSEQ}
    ), "no schedule of the position"),
    Refusal("fairseq", "cosine, t_mult below 1", of_args(
        importers.from_fairseq, {"lr_scheduler": "cosine", "t_mult": 0.5, **FAIRSEQ}
    ), "give at least 1"),
    Refusal("megatron", "rampup_batch_size, in updates", of_args(
        importers.from_megatron, {"lr": 0.1, "train_iters": 9, "rampup_batch_size": [1, 1, 9]}
    ), "unit='samples'"),
    Refusal("nanogpt", "lr_decay_iters equal to warmup_iters", of_args(
        importers.from_nanogpt, {"warmup_iters": 9, "lr_decay_iters": 9}
    ), "divides by"),
    Refusal("olmo", "power_lr without a warmup", olmo("power_lr", warmup=0), "a warmup of at least 1"),
    Refusal("torchtitan", "lr_min of an older release", of_args(
        importers.from_torchtitan, {"lr_scheduler": {"lr_min": 0.1}}
    ), "min_lr_factor"),
]  # fmt: skip


def lines() -> Iterator[str]:
    """A list in Markdown: the framework, the schedule, and what its refusal says."""
    for refusal in REFUSED:
        yield f"- {refusal.framework}, {refusal.schedule}: {reason(refusal) or 'not installed here'}"
