"""A Scheduler under accelerate, in one process and in two: every used rate, and resumes from ``save_state``."""

import pytest
import torch
from catalogue.optimizers import recorded
from catalogue.processes import on_ranks
from catalogue.trainers import CHECKED, printed_by_example, quietly

import lehr

accelerate = pytest.importorskip("accelerate")

STEPS, ACCUMULATE = 20, 2
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)
RATES = [COSINE(t) for t in range(STEPS)]


def train(path, stop, follow, accumulate=1):
    """Train to an update, from the saved state if there is one; the used rates, and the prepared scheduler's own."""
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=False)
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=accumulate)
    model = torch.nn.Linear(2, 1)
    inner = torch.optim.SGD(model.parameters(), lr=1.0)
    made = lehr.Scheduler(inner, COSINE)
    rates = recorded(inner)
    model, optimizer, scheduler = accelerator.prepare(model, inner, made.follow() if follow else made)
    if path.exists():
        accelerator.load_state(str(path))
    shown = []
    while made.next_position < stop:
        with accelerator.accumulate(model):
            accelerator.backward(1e-9 * model(torch.ones(3, 2)).sum())
            optimizer.step()
            shown += made.last_used_lrs if accelerator.sync_gradients else []
            scheduler.step()
            optimizer.zero_grad()
    accelerator.wait_for_everyone()
    accelerator.save_state(str(path))
    return rates, shown


def twice(path, follow, accumulate=1):
    """Train, stop within, and go on with everything built anew; what `train` gives of both."""
    before, after = (quietly(lambda stop=stop: train(path, stop, follow, accumulate)) for stop in (7, STEPS))
    return before[0] + after[0], before[1] + after[1]


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("accumulate", [1, ACCUMULATE])
def test_in_one_process(tmp_path, follow, accumulate):
    assert twice(tmp_path / "state", follow, accumulate) == (RATES, RATES)


@pytest.mark.parametrize("follow", [False, True])
def test_in_two_processes(tmp_path, follow):
    """Accelerate calls ``step`` once for each process; one update is one step all the same."""
    assert on_ranks(twice, 2, tmp_path / "state", follow) == [(RATES, RATES)] * 2


def test_the_example():
    assert CHECKED in printed_by_example("with_accelerate")
