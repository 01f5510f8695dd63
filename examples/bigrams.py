"""What the examples of the trainers share: a small model of a text, and the check of the rates that were used."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import lehr

BATCH, BATCHES, EPOCHS = 64, 16, 3
UPDATES = BATCHES * EPOCHS
TEXT = torch.tensor(list(Path(argparse.__file__).read_bytes()[: BATCH * BATCHES + 1]))


class Bigrams(nn.Module):
    """Predicts each byte from the one before it; gives the mean loss, in nats per byte."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Embedding(256, 256)

    def forward(self, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
        return {"loss": nn.functional.cross_entropy(self.logits(inputs), labels)}


def pairs() -> TensorDataset:
    """Each byte of the text with the next one."""
    return TensorDataset(TEXT[:-1], TEXT[1:])


def loader() -> DataLoader[tuple[Tensor, ...]]:
    """The pairs in batches."""
    return DataLoader(pairs(), BATCH)


def update(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Sequence[Tensor]) -> float:
    """Make one update, and return the loss before it."""
    optimizer.zero_grad()
    loss: Tensor = model(*batch)["loss"]
    loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
    optimizer.step()
    return loss.item()


def watched(optimizer: torch.optim.Optimizer) -> list[float]:
    """A list that gets the rate of each update from here on, as the optimizer reads it."""
    rates: list[float] = []
    optimizer.register_step_pre_hook(lambda inner, *_: rates.append(float(inner.param_groups[0]["lr"])))
    return rates


def check(schedule: lehr.Schedule, *runs: Sequence[float], tolerance: float = 0) -> None:
    """Compare the rates of runs, each of which resumed the one before it, with those of the schedule.

    Raises:
        SystemExit: A rate differs by more than ``tolerance``, relative to the schedule's, or updates are missing.
    """
    used = [rate for run in runs for rate in run]
    for t, rate in enumerate(used):
        if not abs(rate - schedule(t)) <= tolerance * schedule(t):
            raise SystemExit(f"update {t} used the rate {rate}, and the schedule has {schedule(t)}")
    if len(used) != schedule.length or not all(runs):
        raise SystemExit(f"{list(map(len, runs))} updates were made, and the schedule has {schedule.length}")
    print(f"{len(used)} rates and {len(runs) - 1} resume checked: each update used the rate of the schedule")
