"""The position is not saved (timm), is saved under another counter, or is counted again when it is loaded.

The state holds the position of the next update, no matter when it was saved, and loading it twice changes nothing.

Reported in https://github.com/pytorch/torchtitan/pull/275 https://github.com/meta-pytorch/torchtune/issues/2730 https://github.com/Lightning-AI/pytorch-lightning/issues/20495
"""

import pytest
from catalogue.optimizers import adamw, rates_of, sgd, update

import lehr
from lehr import Scheduler

COSINE = lehr.cosine(100, max_lr=1.0)


def after(updates, step_after_the_last=True, follow=False):
    """A run of some updates, saved before or after the last call of `step`."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, COSINE)
    if follow:
        scheduler.follow()
    for i in range(updates):
        update(optimizer)
        if i < updates - 1 or step_after_the_last:
            scheduler.step()
    return scheduler, optimizer


def resumed(state):
    scheduler = Scheduler(optimizer := sgd(), COSINE)
    scheduler.load_state_dict(state)
    return scheduler, optimizer


def test_loading_twice_changes_nothing():
    state = after(50)[0].state_dict()
    scheduler, optimizer = resumed(state)
    scheduler.load_state_dict(state)
    assert scheduler.state_dict() == state
    update(optimizer)
    scheduler.step()
    assert scheduler.position == 51
    assert rates_of(optimizer) == [COSINE(51)]


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("step_after_the_last", [False, True])
@pytest.mark.parametrize("updates", [1, 50, 99])
def test_saved_before_or_after_the_step_of_the_same_update(updates, step_after_the_last, follow):
    state = after(updates, step_after_the_last, follow)[0].state_dict()
    scheduler, optimizer = resumed(state)
    assert scheduler.position == updates
    assert rates_of(optimizer) == [COSINE(updates)]
    update(optimizer)
    scheduler.step()
    assert rates_of(optimizer) == [COSINE(updates + 1)]


def test_saving_moves_nothing():
    scheduler, optimizer = after(50, step_after_the_last=False)
    scheduler.state_dict()
    assert rates_of(optimizer) == [COSINE(49)]
    scheduler.step()
    assert rates_of(optimizer) == [COSINE(50)]


@pytest.mark.parametrize("follow", [False, True])
def test_the_state_counts_updates(follow):
    for updates in (0, 1, 50, 100):
        scheduler, _optimizer = after(updates, follow=follow)
        state = scheduler.state_dict()
        scheduler.detach()
        assert state["position"] == state["updates"] == updates


def test_updates_are_counted_on_after_a_resume():
    scheduler, optimizer = resumed(after(50)[0].state_dict())
    for _ in range(10):
        update(optimizer)
        scheduler.step()
    assert scheduler.state_dict()["position"] == scheduler.state_dict()["updates"] == 60


def test_the_keys_are_the_same_before_and_after():
    assert list(after(0)[0].state_dict()) == list(after(50)[0].state_dict())


def test_the_peer_still_has_no_position():
    CosineLRScheduler = timm_cosine()
    old = CosineLRScheduler(adamw(), t_initial=100)
    old.step(50)
    new = CosineLRScheduler(optimizer := adamw(), t_initial=100)
    new.load_state_dict(old.state_dict())
    assert rates_of(optimizer) == [1.0]
    assert 50 not in old.state_dict().values()


def timm_cosine():
    """timm's scheduler, without timm's own __init__, which needs torchvision."""
    import importlib
    import importlib.util
    import sys
    import types
    from pathlib import Path

    found = importlib.util.find_spec("timm")
    if found is None or found.origin is None:
        pytest.skip("timm is not installed")
    folder = Path(found.origin).parent
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "timm"}
    for name in ("timm", "timm.scheduler"):
        package = types.ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    try:
        return importlib.import_module("timm.scheduler.cosine_lr").CosineLRScheduler
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "timm"]:
            del sys.modules[name]
        sys.modules.update(before)
