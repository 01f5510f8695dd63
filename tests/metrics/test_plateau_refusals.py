"""What a Plateau refuses: settings, Schedulers and metrics."""

import math

import pytest
import torch
from catalogue.optimizers import adamw

from lehr import Constant, Plateau, Scheduler
from metrics.plateaus import watched

BAD_SETTINGS = [
    ({"factor": 0}, "above 0 for `factor`, got 0"),
    ({"factor": 1.0}, "`factor` below 1"),
    ({"factor": "0.1"}, "got the string '0.1'; write it without quotes: 0.1"),
    ({"factor": math.nan}, "`factor`"),
    ({"patience": -1}, "an integer of at least 0 for `patience`, got -1"),
    ({"patience": 1.5}, "an integer of at least 0 for `patience`, got 1.5"),
    ({"patience": True}, "`patience`"),
    ({"cooldown": None}, "an integer of at least 0 for `cooldown`"),
    ({"window": 0}, "an integer of at least 1 for `window`, got 0"),
    ({"window": 10**6}, "at most 10,000 for `window`"),
    ({"threshold": -0.1}, "`threshold`"),
    ({"threshold": 1.0}, "below 1, got 1; for a threshold in the unit of the metric use threshold_mode='abs'"),
    ({"threshold_mode": "absolute"}, "did you mean 'abs'"),
    ({"threshold_mode": None}, "Available: rel, abs"),
    ({"min_lr": [0.1]}, "`min_lr`"),
    ({"min_lr": math.inf}, "`min_lr`"),
    ({"higher_is_better": "max"}, "True or False for `higher_is_better`, got 'max'"),
    ({"in_warmup": 1}, "True or False for `in_warmup`"),
    ({"reduce": None}, "True or False for `reduce`"),
]


@pytest.mark.parametrize(("options", "message"), BAD_SETTINGS, ids=str)
def test_a_setting_out_of_range_is_refused(options, message):
    scheduler = Scheduler(adamw(0.1), Constant(0.1))
    with pytest.raises(ValueError, match=message):
        Plateau(scheduler, **options)
    assert scheduler._watchers == []
    name = next(iter(options))
    if name != "reduce":
        _, plateau = watched()
        state = plateau.state_dict()
        with pytest.raises(ValueError, match=message):
            plateau.load_state_dict(state | {"settings": state["settings"] | options}, keep="checkpoint")


def test_it_needs_a_scheduler_with_a_learning_rate():
    with pytest.raises(ValueError, match=r"needs a lehr.Scheduler, got AdamW; .*lehr.Scheduler\(optimizer"):
        Plateau(adamw(0.1))
    decay_alone = Scheduler(adamw(0.1), {"weight_decay": Constant(0.1)})
    with pytest.raises(ValueError, match="drives only weight_decay"):
        Plateau(decay_alone)
    assert decay_alone._watchers == []


@pytest.mark.parametrize("metric", ["loss", "1.0", b"1", None, True, [1.0], torch.ones(2), 10**400, 1j], ids=repr)
def test_what_is_no_number_is_refused_and_counts_nothing(metric):
    scheduler, plateau = watched(patience=0)
    plateau.update(1.0)
    before = scheduler.state_dict()
    with pytest.raises(ValueError, match="needs a number for `metric`"):
        plateau.update(metric)
    assert scheduler.state_dict() == before


def test_a_cut_that_is_refused_counts_nothing(monkeypatch):
    scheduler, plateau = watched(patience=0)
    plateau.update(1.0)
    before = plateau.state_dict()

    def refuse(act, why):
        raise ValueError("too many parts")

    monkeypatch.setattr(scheduler, "change", refuse)
    with pytest.raises(ValueError, match="too many parts"):
        plateau.update(1.0)
    assert plateau.state_dict() == before


def test_settings_are_shown():
    assert repr(watched(patience=2)[1]).startswith("Plateau(factor=0.1, patience=2, threshold=0.0001")
