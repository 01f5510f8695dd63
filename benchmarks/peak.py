"""How good a range test's peak is: ``python -m benchmarks.peak`` (about half an hour on one core).

For three small models it trains at peaks a factor of two apart, and three range tests of different lengths, and prints
what each reading of the test costs beside the best peak of the sweep.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from examples.train_gpt import GPT, TRAINING, VALIDATION, batch_of, text_of
from torch import Tensor, nn
from tqdm import tqdm

import lehr
from lehr.peak import RangeTest

STEPS, TEST_STEPS, SEEDS, WINDOWS = 600, (150, 300, 600), (0, 1), 512


class MLP(nn.Module):
    """Predicts the last byte of each window from the 16 before it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Embedding(256, 32), nn.Flatten(), nn.Linear(16 * 32, 256), nn.ReLU(), nn.Linear(256, 256)
        )

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(self.layers(inputs[:, -16:]), targets[:, -1])


@dataclass(frozen=True)
class Task:
    """A model, its optimizer, the windows of a batch, and the peaks of the sweep."""

    name: str
    model: Callable[[], nn.Module]
    optimizer: Callable[[nn.Module], torch.optim.Optimizer]
    batch: int
    clip: float
    peaks: tuple[float, ...]


TASKS = (
    Task("GPT, AdamW, clipped", GPT, lambda m: torch.optim.AdamW(m.parameters(), weight_decay=0.1), 8, 1.0,
         tuple(1e-3 * 2.0**k for k in range(-2, 6))),
    Task("MLP, AdamW", MLP, lambda m: torch.optim.AdamW(m.parameters()), 128, np.inf,
         tuple(1e-3 * 2.0**k for k in range(-2, 6))),
    Task("MLP, SGD with momentum", MLP, lambda m: torch.optim.SGD(m.parameters(), momentum=0.9), 128, np.inf,
         tuple(1e-2 * 2.0**k for k in range(-2, 7))),
)  # fmt: skip


def trained(task: Task, schedule: lehr.Schedule, seed: int, steps: int) -> tuple[list[float], float]:
    """The training loss of each update, and the held-out loss at the end."""
    training, validation = text_of(TRAINING), batch_of(text_of(VALIDATION), 0, 0, size=WINDOWS)
    torch.manual_seed(seed)
    model = task.model()
    optimizer = task.optimizer(model)
    scheduler = lehr.Scheduler(optimizer, schedule)
    losses = []
    for step in tqdm(range(steps), file=sys.stderr, leave=False):
        scheduler.step(step)
        loss = model(*batch_of(training, seed, step, size=task.batch))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), task.clip)
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        return losses, float(model(*validation))


def main() -> None:
    """Print a sweep and the readings of range tests for each task."""
    for task in TASKS:
        final = {
            peak: float(np.mean([trained(task, lehr.linear(STEPS, "5%", peak), seed, STEPS)[1] for seed in SEEDS]))
            for peak in task.peaks
        }
        best = min(final, key=lambda peak: final[peak])
        print(f"\n### {task.name}\n\n| peak | final loss | above the best |\n| ---: | ---: | ---: |")
        for peak, loss in final.items():
            print(f"| {peak:.2g} | {loss:.3f} | {loss - final[best]:.3f} |")
        print("\n| range test of | steepest | lowest | lowest / best |\n| ---: | ---: | ---: | ---: |", flush=True)
        for steps in TEST_STEPS:
            schedule = lehr.range_test(steps, min_lr=1e-5, max_lr=10.0)
            for seed in SEEDS:
                try:
                    found = RangeTest(schedule(np.arange(steps)), trained(task, schedule, seed, steps)[0])
                except ValueError as error:
                    print(f"| {steps} | {error} |")
                else:
                    ratio = found.lowest / best
                    print(f"| {steps} | {found.steepest:.2g} | {found.lowest:.2g} | {ratio:.2g} |", flush=True)


if __name__ == "__main__":
    main()
