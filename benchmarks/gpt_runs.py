"""Trains the demo's GPT under eleven schedules, two seeds each, and keeps the losses in gpt_runs.csv.

    python -m benchmarks.gpt_runs    # trains what the CSV has not: about half an hour on one core if it is empty

A run goes on from the stable run of its seed at the update where their rates part, as cooldowns do in
practice; its rows begin there. The stable run is trained again where runs that leave it are missing, and
must then give the losses it gave before.
"""

from __future__ import annotations

import copy
import csv
import platform
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from examples.train_gpt import GPT, TRAINING, VALIDATION, batch_of, text_of
from torch import nn
from tqdm import tqdm

import lehr
from lehr import spec
from lehr.files import whole_file
from lehr.forecast import Run

CSV = Path(__file__).with_name("gpt_runs.csv")
COLUMNS = ("schedule", "seed", "updates", "val_loss")
SEEDS = (0, 1)
STABLE = "constant_with_warmup(4k, 100, 8e-3)"
SCHEDULES = (
    STABLE,
    "cosine(2k, 100, 8e-3, 8e-4)",
    "linear(2k, 100, 8e-3, 8e-4)",
    "wsd(2k, 100, 8e-3, decay_steps=200, decay_shape=linear)",
    "wsd(2k, 100, 8e-3, decay_steps=400, decay_shape=linear)",
    "wsd(2k, 100, 8e-3, decay_steps=400, decay_shape=1-sqrt)",
    "wsd(2k, 100, 8e-3, decay_steps=800, decay_shape=linear)",
    "multistep(2k, 100, 8e-3, milestones=[1k], decay_factor=0.3)",
    "multistep(2k, 100, 8e-3, milestones=[1k], decay_factor=0.1)",
    "wsd(4k, 100, 8e-3, decay_steps=800, decay_shape=1-sqrt)",
    "cosine(2k, 100, 4e-3, 4e-4)",
)
EVALUATE_EVERY, WINDOWS = 40, 512
"""Updates between evaluations, and windows of held-out text in each: four times the demo's, always the same."""

Losses = dict[int, float]
"""Validation loss, nats per byte, by updates done."""
Runs = dict[tuple[str, int], Losses]
"""What was logged, by schedule and seed."""


@dataclass
class Training:
    """A model in training, and the updates it has had."""

    seed: int
    model: nn.Module
    optimizer: torch.optim.Optimizer
    done: int = 0

    @classmethod
    def afresh(cls, seed: int) -> Training:
        torch.manual_seed(seed)
        model = GPT()
        return cls(seed, model, torch.optim.AdamW(model.parameters(), weight_decay=0.1))

    def follow(self, schedule: lehr.Schedule, until: int, text: torch.Tensor) -> Iterator[int]:
        """Train on, as the demo does; yields the updates done after each."""
        scheduler = lehr.Scheduler(self.optimizer, schedule)
        for step in range(self.done, until):
            scheduler.step(step)
            loss = self.model(*batch_of(text, self.seed, step))
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.done = step + 1
            yield self.done

    @torch.no_grad()
    def evaluate(self, held_out: tuple[torch.Tensor, torch.Tensor]) -> float:
        parts = zip(*(torch.split(tensor, 32) for tensor in held_out), strict=True)  # they stay in the cache
        return float(np.mean([self.model(*part).item() for part in parts]))


def shared_with_stable(schedule: lehr.Schedule) -> int:
    """Updates until the rates of a schedule part from those of the stable run."""
    updates = np.arange(int(schedule.length or 0))
    apart = np.flatnonzero(schedule(updates) != spec.from_text(STABLE)(updates))
    return int(apart[0]) if apart.size else len(updates)


def train_seed(seed: int, missing: Collection[str], note: Callable[[str, Losses], Any]) -> None:
    """Train the missing runs of one seed; each is given to ``note`` when it has ended."""
    text, held_out = text_of(TRAINING), batch_of(text_of(VALIDATION), 0, 0, size=WINDOWS)

    def run(words: str, training: Training, until: int | None = None, keep: Collection[int] = ()) -> Losses:
        schedule, losses = spec.from_text(words), {}
        until = int(schedule.length or 0) if until is None else until
        bar = tqdm(training.follow(schedule, until, text), f"seed {seed}, {words}", until, initial=training.done)
        for done in bar:
            if done % EVALUATE_EVERY == 0 or done == until:
                losses[done] = training.evaluate(held_out)
            if done in keep:
                kept[done] = copy.deepcopy(training)
        return losses

    kept = {0: Training.afresh(seed)}
    since = {words: shared_with_stable(spec.from_text(words)) for words in missing if words != STABLE}
    until = None if STABLE in missing else max(since.values())
    note(STABLE, run(STABLE, Training.afresh(seed), until, keep=set(since.values())))
    for words, update in since.items():
        note(words, run(words, copy.deepcopy(kept[update])))


def logged() -> Runs:
    """What the CSV holds."""
    runs: Runs = {}
    if CSV.exists():
        with CSV.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                runs.setdefault((row["schedule"], int(row["seed"])), {})[int(row["updates"])] = float(row["val_loss"])
    return runs


def write(runs: Runs) -> None:
    """Put all runs into the CSV, in the order of `SCHEDULES`."""
    order = sorted(runs, key=lambda key: (key[1], SCHEDULES.index(key[0])))
    rows = [(*key, done, f"{loss:.5f}") for key in order for done, loss in runs[key].items()]
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    with whole_file(CSV) as file:
        file.write(text.getvalue().encode())


def read_runs(seed: int) -> dict[str, Run]:
    """The runs of one seed by schedule, each joined to the part of the stable run that it shares."""
    runs, found = logged(), {}
    for words in SCHEDULES:
        schedule = spec.from_text(words)
        since = shared_with_stable(schedule)
        past = {done: loss for done, loss in runs[STABLE, seed].items() if done <= since}
        losses = past | runs[words, seed]
        found[words] = Run(schedule, list(losses), list(losses.values()), name=words)
    return found


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    runs, begin = logged(), process_time()

    for seed in SEEDS:
        missing = [words for words in SCHEDULES if (words, seed) not in runs]

        def note(words: str, losses: Losses, seed: int = seed) -> None:
            before = runs.setdefault((words, seed), losses)
            if any(abs(before[done] - loss) > 1e-5 for done, loss in losses.items() if done in before):
                raise SystemExit(f"{CSV.name} was made by another build of Python or torch: remove it to begin anew")
            write(runs)

        if missing:
            train_seed(seed, missing, note)
    print(
        f"{len(runs)} runs in {CSV.name}; this took {(process_time() - begin) / 60:.0f} min of one core "
        f"with Python {platform.python_version()} on {sys.platform}, torch {torch.__version__}, NumPy {np.__version__}"
    )


if __name__ == "__main__":
    main()
