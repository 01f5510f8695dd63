"""A Scheduler in ignite: every used rate, its logged ones, and resumes from its Checkpoint."""

import pytest
from catalogue.optimizers import recorded, sgd, through_a_file, update
from catalogue.trainers import CHECKED, printed_by_example

import lehr

ignite = pytest.importorskip("ignite.engine")
from ignite.handlers import Checkpoint  # noqa: E402

EPOCHS, BATCHES = 4, 10
STEPS = EPOCHS * BATCHES
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)
RATES = [COSINE(t) for t in range(STEPS)]
Events = ignite.Events


def started(follow, accumulate=1):
    """An engine, what a checkpoint of it holds, and the rates that it uses."""
    optimizer = sgd(1.0)
    scheduler = lehr.Scheduler(optimizer, COSINE)
    rates = recorded(optimizer)

    def step(engine, batch):
        if engine.state.iteration % accumulate == 0:
            update(optimizer)
        return 0.0

    engine = ignite.Engine(step)
    if follow:
        scheduler.follow()
    else:
        engine.add_event_handler(Events.ITERATION_COMPLETED(every=accumulate), lambda: scheduler.step())
    return engine, {"engine": engine, "optimizer": optimizer, "scheduler": scheduler}, rates


@pytest.mark.parametrize("follow", [False, True])
def test_interrupted_and_resumed(follow):
    engine, parts, before = started(follow)
    saved = []

    def save(engine):
        saved[:] = [through_a_file({name: part.state_dict() for name, part in parts.items()})]

    def kill(engine):
        raise KeyboardInterrupt

    engine.add_event_handler(Events.EPOCH_COMPLETED, save)
    engine.add_event_handler(Events.ITERATION_COMPLETED(once=27), kill)
    with pytest.raises(KeyboardInterrupt):
        engine.run(range(BATCHES), max_epochs=EPOCHS)
    engine, parts, after = started(follow)
    Checkpoint.load_objects(parts, saved[0])
    engine.run(range(BATCHES), max_epochs=EPOCHS)
    assert before == RATES[:27]
    assert after == RATES[20:]


@pytest.mark.parametrize("follow", [False, True])
def test_accumulated_gradients(follow):
    engine, _, rates = started(follow, accumulate=4)
    engine.run(range(4 * BATCHES), max_epochs=EPOCHS)
    assert rates == RATES


def test_what_a_handler_logs_is_what_was_used():
    engine, parts, rates = started(follow=True)
    logged = []
    engine.add_event_handler(Events.ITERATION_COMPLETED, lambda: logged.extend(parts["scheduler"].last_used_lrs))
    engine.run(range(BATCHES), max_epochs=EPOCHS)
    assert logged == rates


def test_the_example():
    assert CHECKED in printed_by_example("with_ignite")
