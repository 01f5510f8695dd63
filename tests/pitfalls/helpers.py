"""What the tests of pitfalls share: small optimizers, schedules of every kind, and real processes."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch

import lehr
from lehr import Constant, Exponential, Knots, PowerLaw, Ramp, Schedule, Table

SCHEDULES: dict[str, Schedule] = {
    "constant": lehr.constant(100, max_lr=1.0),
    "linear": lehr.linear(100, 10, max_lr=1.0),
    "cosine": lehr.cosine(100, 10, max_lr=1.0, min_lr=0.01),
    "cosine without warmup": lehr.cosine(100, max_lr=1.0),
    "polynomial": lehr.polynomial(100, 10, max_lr=1.0),
    "exponential": lehr.exponential(100, 10, max_lr=1.0, min_lr=0.001),
    "rex": lehr.rex(100, 10, max_lr=1.0),
    "constant_with_warmup": lehr.constant_with_warmup(100, 10, max_lr=1.0),
    "wsd": lehr.wsd(100, 10, max_lr=1.0, decay_steps=30),
    "trapezoid": lehr.trapezoid(100, 10, max_lr=1.0, decay_steps=30),
    "power": lehr.power(100, 10, max_lr=1.0, decay_steps=30),
    "infinite": lehr.infinite(100, 10, max_lr=1.0, constant_lr=0.3, cooldown_steps=20, decay_steps=20),
    "inverse_sqrt": lehr.inverse_sqrt(100, 10, max_lr=1.0),
    "noam": lehr.noam(100, 10, model_dim=64),
    "step_decay": lehr.step_decay(100, 10, max_lr=1.0, decay_steps=20),
    "multistep": lehr.multistep(100, 10, max_lr=1.0, milestones=[40, 70]),
    "cosine_restarts": lehr.cosine_restarts(100, 10, max_lr=1.0, cycle_steps=30),
    "one_cycle": lehr.one_cycle(100, max_lr=1.0),
    "triangular": lehr.triangular(100, max_lr=1.0, cycle_steps=30),
    "triangular2": lehr.triangular2(100, max_lr=1.0, cycle_steps=30),
    "exp_range": lehr.exp_range(100, max_lr=1.0, cycle_steps=30, decay_factor=0.99),
    "range_test": lehr.range_test(100, max_lr=10.0),
    "parts": Ramp(0.1, 1.0, 10).then(Constant(1.0, 40)).then(Ramp(1.0, 0.0, 50, "1-sqrt")),
    "product": lehr.multistep(100, max_lr=1.0, milestones=[40, 70]) * Ramp(0.1, 1.0, 10),
    "endless": Ramp(0.1, 1.0, 10).then(Exponential(1.0, 0.99)),
    "power law": PowerLaw(1.0, -0.5, 10),
    "table": Table([1.0 / (1 + i) for i in range(100)]),
    "knots": Knots([0, 10, 100], [0.1, 1.0, 0.0]),
    "repeated": Ramp(1.0, 0.0, 25).repeat(4, height_factor=0.5),
}
"""Schedules of every kind, most of length 100 with a warmup of 10."""

POSITIONS = (0, 1, 5, 9, 10, 11, 39, 40, 41, 50, 69, 70, 71, 99, 100, 101, 10_000)
"""The ends, in a warmup, at the boundaries of `SCHEDULES` and one beside, the last and beyond."""


def parameter(size: int = 2) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.ones(size))


def sgd(*rates: float, **options: Any) -> torch.optim.SGD:
    """An optimizer with a group of one parameter for each rate."""
    return torch.optim.SGD([{"params": [parameter()], "lr": rate} for rate in rates or (1.0,)], **options)


def adamw(*rates: float, **options: Any) -> torch.optim.AdamW:
    return torch.optim.AdamW([{"params": [parameter()], "lr": rate} for rate in rates or (1.0,)], **options)


def rates_of(optimizer: Any) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]


def update(optimizer: Any) -> float:
    """One update with a gradient for every parameter; the rate it was made with."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    rate = rates_of(optimizer)[0]
    optimizer.step()
    return rate


def recorded(optimizer: torch.optim.Optimizer) -> list[float]:
    """The rate of the first group in each update from here on; hooks that are there already come first."""
    rates: list[float] = []
    optimizer.register_step_pre_hook(lambda inner, *_: rates.append(float(inner.param_groups[0]["lr"])))
    return rates


def quietly(call: Callable[[], Any]) -> Any:
    """A call of a peer, which may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


class Rows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Samples for a `Line`."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"x": torch.ones(2) * (1 + index % 3), "labels": torch.ones(1)}


class Line(torch.nn.Module):
    """A model that every trainer takes."""

    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(2, 1)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": 1e-6 * (self.line(x) - labels).pow(2).mean()}


def batches(n: int) -> Any:
    """As many batches of one sample."""
    return torch.utils.data.DataLoader(Rows(n), batch_size=1)


def lightning_model(
    build: Callable[[torch.optim.Optimizer], Any], interval: str = "step", follow: bool = False, lr: float = 1.0
) -> Any:
    """A Lightning module with a scheduler; it keeps the rates of its updates in `rates`."""
    import pytorch_lightning

    class Module(pytorch_lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.line = Line()

        def training_step(self, batch: Any, index: int) -> Any:
            return self.line(**batch)["loss"]

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=lr)
            self.scheduler = build(optimizer)
            if follow:
                self.scheduler.follow()
            self.rates = recorded(optimizer)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": self.scheduler, "interval": interval}}

    return Module()


def lightning_trainer(path: Any, epochs: int, **options: Any) -> Any:
    import pytorch_lightning

    defaults = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "barebones": False}
    given = defaults | {"enable_checkpointing": False} | options
    return pytorch_lightning.Trainer(max_epochs=epochs, accelerator="cpu", default_root_dir=str(path), **given)


# Real processes.

PRELOADED = ["torch", "torch._dynamo", "torch.nn.parallel", "accelerate", "lehr.scheduler", "pytest"]


def on_ranks(work: Callable[..., Any], world: int, *args: Any) -> list[Any]:
    """What ``work(*args)`` returns on each of ``world`` real processes, with gloo between them.

    The processes are forked from a server that has loaded what they need, so that only the first has to wait.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    answers = context.Queue()
    port = _free_port()
    processes = [context.Process(target=_rank, args=(answers, work, rank, world, port, args)) for rank in range(world)]
    for process in processes:
        process.start()
    try:
        found = dict(answers.get(timeout=120) for _ in range(world))
    finally:
        for process in processes:
            process.join(timeout=10)
            if process.is_alive():
                process.kill()
                process.join()
    failed = [f"rank {rank}: {answer}" for rank, answer in sorted(found.items()) if isinstance(answer, str)]
    if failed:
        raise AssertionError("\n".join(failed))
    return [found[rank] for rank in range(world)]


def _rank(answers: Any, work: Callable[..., Any], rank: int, world: int, port: int, args: Iterable[Any]) -> None:
    import traceback

    ranks = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    os.environ |= {name: str(value) for name, value in (ranks | where).items()}
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    try:
        torch.distributed.init_process_group("gloo")
        answers.put((rank, work(*args)))
        torch.distributed.barrier()  # nobody leaves while another still talks
        torch.distributed.destroy_process_group()
    except Exception:
        answers.put((rank, traceback.format_exc()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
