"""Ten thousand ranks that derive their positions from what they consumed: equal rates everywhere, and no message."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import accumulate
from time import perf_counter
from typing import Any

import numpy as np
import torch.distributed as dist
from torch.utils._python_dispatch import TorchDispatchMode

import lehr
from lehr import Plateau, Scheduler

from .run import Idle
from .table import Row, Section

RANKS, REAL, TOKENS = 10_000, 400, 10**12
SEQUENCE = 4_096
RAMP = ((0.1, 1), (0.3, 2), (1.0, 4))
"""Up to which share of the tokens each rank takes how many sequences for an update."""
SAVE_EVERY = 100
"""Updates from one checkpoint to the next."""
RESTARTS = 3
"""How often a rank is lost and restarted, on average."""
MEETINGS = 100
"""How often every rank is asked for its rate."""


class Messages(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's base class is not typed
    """Counts what is sent to other processes: for torch each collective, send and receive is an operator."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as above
        self.sent = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.sent += func.namespace in ("c10d", "_c10d_functional")
        return func(*args, **(kwargs or {}))


@contextmanager
def one_of(ranks: int) -> Iterator[None]:
    """Make this process one of so many that train together, with the backend of torch that delivers nothing."""
    fake = import_module("torch.testing._internal.distributed.fake_pg")  # this registers the backend
    dist.init_process_group("fake", rank=ranks // 2, world_size=ranks, store=fake.FakeStore())
    try:
        yield
    finally:
        dist.destroy_process_group()


class Simulation:
    """A run on many ranks, a few of which are real.

    A real rank has a Scheduler that advances by the tokens of each update. The others count the sequences that they
    consumed, as arrays, and ask the same schedule. Both are lost at random and go on from a saved state or count.

    Args:
        ranks: All ranks.
        real: Those with a Scheduler.
        tokens: Tokens of the run.
        seed: Of the restarts.

    Attributes:
        updates: Updates of the run.
        restarts: How often a rank was restarted.
        asked: How often a rank was asked for its rate.
        unequal: How often it was another than that of the first rank at the same number of tokens.
        differing: Checkpoints of the real ranks that were not those of the first rank after the same update.
        sent: Messages.
    """

    def __init__(self, ranks: int = RANKS, real: int = REAL, tokens: int = TOKENS, seed: int = 0) -> None:
        self.ranks, self.tokens = ranks, tokens
        self.schedule = lehr.cosine(tokens, "1%", max_lr=3e-4, min_lr=3e-5)
        self.dice = random.Random(seed)
        self.restarts = self.asked = self.unequal = self.differing = 0
        self._rates: dict[int, float] = {}
        self._saved: dict[int, str] = {}
        self.batches = self._batches()
        self._consumed = [0, *accumulate(self.batches)]
        with one_of(ranks), Messages() as messages:
            for _ in range(real):
                self._train_real_rank()
            self._count_on_other_ranks(ranks - real)
        self.sent = messages.sent

    @property
    def updates(self) -> int:
        return len(self.batches)

    def _batches(self) -> list[int]:
        """The tokens of each update, over all ranks."""
        batches, consumed = [], 0
        while consumed < self.tokens:
            sequences = next(count for share, count in RAMP if consumed < share * self.tokens)
            batches.append(min(sequences * SEQUENCE * self.ranks, self.tokens - consumed))
            consumed += batches[-1]
        return batches

    def _new_rank(self) -> tuple[Idle, Scheduler]:
        optimizer = Idle(1)
        return optimizer, Scheduler(optimizer, self.schedule, unit="tokens")

    def _compare(self, consumed: int, rate: float) -> None:
        self.asked += 1
        self.unequal += self._rates.setdefault(consumed, rate) != rate

    def _train_real_rank(self) -> None:
        optimizer, scheduler = self._new_rank()
        update = 0
        lost = sorted(self.dice.sample(range(self.updates), self.dice.randint(0, 2 * RESTARTS)), reverse=True)
        while update < self.updates:
            if update % SAVE_EVERY == 0:
                state = json.dumps(scheduler.state_dict())
                self.differing += self._saved.setdefault(update, state) != state
            if lost and update == lost[-1]:
                lost.pop()
                update -= update % SAVE_EVERY
                optimizer, scheduler = self._restarted_rank(update)
            self._compare(self._consumed[update], optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.advance(self.batches[update])
            update += 1

    def _restarted_rank(self, update: int) -> tuple[Idle, Scheduler]:
        """A new one, with what the first rank that came there had saved."""
        self.restarts += 1
        optimizer, scheduler = self._new_rank()
        scheduler.load_state_dict(json.loads(self._saved[update]))
        return optimizer, scheduler

    def _count_on_other_ranks(self, ranks: int) -> None:
        """Ranks run on their own clocks: one that was lost is behind the others from then on."""
        dice = np.random.default_rng(self.dice.randrange(2**32))
        ends, counts = np.array(RAMP).T
        updates, consumed, saved = (np.zeros(ranks, dtype=np.int64) for _ in range(3))
        meetings = {int(update) for update in np.linspace(0, self.updates - 1, MEETINGS)}
        for now in range(self.updates):
            saved = np.where(updates % SAVE_EVERY == 0, consumed, saved)
            lost = dice.random(ranks) < RESTARTS / self.updates
            self.restarts += int(lost.sum())
            consumed, updates = np.where(lost, saved, consumed), np.where(lost, updates - updates % SAVE_EVERY, updates)
            tokens = consumed * SEQUENCE * self.ranks
            if now in meetings:
                for position in tokens.tolist():
                    self._compare(position, self.schedule(position))
            consumed = consumed + counts[np.searchsorted(ends * self.tokens, tokens, side="right")].astype(np.int64)
            updates = updates + 1


def sent_for_a_metric(ranks: int) -> int:
    """The messages of one metric of a `Plateau`, which takes the mean over the ranks."""
    with one_of(ranks), Messages() as messages:
        scheduler = Scheduler(Idle(1), "constant")
        Plateau(scheduler).update(1.0)
    return int(messages.sent)


def machines() -> Section:
    """Ten thousand ranks, a ramping batch, and restarts."""
    start = perf_counter()
    run = Simulation()
    seconds = perf_counter() - start
    batches = f"{min(run.batches[:-1]) / 1e6:.0f}M to {max(run.batches) / 1e6:.0f}M"
    rows = [
        Row("ranks", f"{run.ranks:,}"),
        Row("… with a Scheduler and an optimizer", f"{REAL:,}"),
        Row(f"updates, of {batches} tokens each", f"{run.updates:,}"),
        Row("restarts of single ranks, at random", f"{run.restarts:,}"),
        Row("rates compared with those of other ranks", f"{run.asked:,}"),
        Row("… different after as many tokens", f"{run.unequal:,}", target="0", met=not run.unequal),
        Row("checkpoints different from those of other ranks", f"{run.differing}", target="0", met=not run.differing),
        Row("messages sent to other ranks", f"{run.sent:,}", target="0", met=not run.sent),
        Row("… for one metric of a `Plateau`, for comparison", f"{sent_for_a_metric(RANKS)}"),
        Row("time of the simulation", seconds),
    ]
    notes = [
        f"A cosine over 10**12 tokens. {REAL} ranks are real: each has a Scheduler in tokens, advances it at every "
        f"update, and after a restart builds a new one and loads a state that another rank saved. The others are "
        f"arithmetic: each counts the sequences that it has consumed, and computes its rate from that number at "
        f"{MEETINGS} moments, with the same schedule. The process group of {RANKS:,} ranks is torch's fake one, which "
        f"delivers nothing; every message is counted."
    ]
    return Section(f"{RANKS:,} ranks, 10**12 tokens", rows, notes)
