"""A Plateau where each param group has a schedule of its own."""

import pytest
import torch
from catalogue.optimizers import adamw, rates_of, through_a_file
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, Plateau, Ramp, Scheduler
from lehr.scheduler import StateMismatchError
from metrics.plateaus import FLAT, NAMES, by_group, common, positive, watched


@settings(max_examples=200)
@given(
    st.lists(positive, max_size=40),
    st.fixed_dictionaries(
        common
        | {
            "min_lr": st.lists(st.sampled_from([0.0, 1e-3, 0.007, 0.03, 0.5]), min_size=2, max_size=2),
            "eps": st.sampled_from([0.0, 1e-8, 0.00311, 0.0291]),
        }
    ),
)
def test_each_group_has_the_rates_that_torch_gives_it(metrics, options):
    theirs, mode = adamw(0.1, 0.02), "max" if options["higher_is_better"] else "min"
    of_torch = {name: value for name, value in options.items() if name != "higher_is_better"}
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, mode, **of_torch)
    ours, _, plateau = by_group(**options)
    for metric in metrics:
        peer.step(metric)
        plateau.update(metric)
        assert rates_of(ours) == pytest.approx(rates_of(theirs), rel=1e-9)


@pytest.mark.parametrize("groups", ["head", ["head"], 1, (1,)], ids=repr)
def test_only_the_chosen_groups_are_cut(groups):
    opt, scheduler, plateau = by_group(patience=0, groups=groups)
    plateau.update(1.0)
    plateau.update(1.0)
    assert rates_of(opt) == pytest.approx([0.1, 0.002])
    assert scheduler.history[0].what == "scale(factor={'head': 0.1})"
    assert plateau.settings()["groups"] == ["head"]


@pytest.mark.parametrize("bounds", [{"head": 0.01, "body": 0.05}, {1: 0.01, "body": 0.05}, [0.05, 0.01]], ids=repr)
def test_a_bound_for_each_group_by_name_index_or_in_order(bounds):
    opt, _, plateau = by_group(patience=0, min_lr=bounds)
    for metric in FLAT:
        plateau.update(metric)
    assert rates_of(opt) == pytest.approx([0.05, 0.01])
    assert plateau.settings()["min_lr"] == {"body": 0.05, "head": 0.01}


def test_a_group_in_its_warmup_delays_only_those_who_watch_it():
    for groups, expected in (("head", [0.1]), ("body", [0.01]), (None, [0.1])):
        opt = adamw(0.1, 0.1, names=NAMES)
        scheduler = Scheduler(opt, {"body": Constant(0.1), "head": Ramp(0.1, 0.2, 50)})
        plateau = Plateau(scheduler, patience=0, groups=groups)
        for _ in range(2):
            plateau.update(1.0)
        assert rates_of(opt)[:1] == pytest.approx(expected)


@pytest.mark.parametrize("names", [NAMES, None], ids=["names", "indices"])
def test_groups_are_saved(names):
    options = {"patience": 0, "groups": [1], "min_lr": [0.005]}
    opt, scheduler, plateau = by_group(names=names or (), **options)
    plateau.update(1.0)
    plateau.update(1.0)
    state = through_a_file(scheduler.state_dict())
    again, second, resumed = by_group(names=names or (), **options)
    second.load_state_dict(state)
    assert (resumed.state_dict(), rates_of(again)) == (plateau.state_dict(), rates_of(opt))
    _, third, others = by_group(names=names or (), patience=0)
    with pytest.raises(StateMismatchError, match=r"Plateau: min_lr: checkpoint \{.*0.005\}, code 0.0"):
        third.load_state_dict(state)
    third.load_state_dict(state, keep="checkpoint")
    assert others.settings() == plateau.settings()


BAD_GROUPS = [
    ({"groups": "neck"}, "unknown param group 'neck' in `groups`; Available: 'body', 'head'"),
    ({"groups": 2}, "unknown param group 2"),
    ({"groups": True}, "unknown param group True"),
    ({"groups": []}, r"each of its param groups once in `groups`, got \[\]"),
    ({"groups": ["head", 1]}, "each of its param groups once"),
    ({"groups": [None]}, "unknown param group None"),
    ({"min_lr": [0.1]}, r"for each of the 2 param groups 'body', 'head', got \[0.1\]"),
    ({"min_lr": [0.1, 0.1, 0.1]}, "for each of the 2 param groups"),
    ({"min_lr": {"head": 0.1}}, "for each of the 2 param groups"),
    ({"min_lr": {"head": 0.1, 1: 0.1}}, "for each of the 2 param groups"),
    ({"min_lr": {"neck": 0.1, "head": 0.1}}, "unknown param group 'neck' in `min_lr`"),
    ({"min_lr": [0.1, -0.1]}, "`min_lr of group 'head'`, got -0.1"),
    ({"min_lr": [0.1, 0.1], "groups": "head"}, "for each of the 1 param groups 'head'"),
    ({"min_lr": "0.1"}, "write it without quotes"),
]


@pytest.mark.parametrize(("options", "message"), BAD_GROUPS, ids=str)
def test_groups_that_there_are_not_are_refused(options, message):
    _, scheduler, _ = by_group()
    with pytest.raises(ValueError, match=message):
        Plateau(scheduler, **options)
    assert len(scheduler._watchers) == 1


@pytest.mark.parametrize("options", [{"groups": "head"}, {"min_lr": [0.1, 0.1]}, {"min_lr": {"head": 0.1}}], ids=str)
def test_one_schedule_for_all_groups_cannot_be_cut_for_one_of_them(options):
    scheduler = Scheduler(adamw(0.1, 1.0, names=NAMES), Constant(1.0), group_scale="ratio")
    way_out = r"lehr.Scheduler\(optimizer, \{'body': schedule \* 0.1, 'head': schedule\}\)"
    with pytest.raises(ValueError, match=f"`{next(iter(options))}` by group.*{way_out}"):
        Plateau(scheduler, **options)


def test_a_mapping_scales_the_groups_that_it_names():
    opt, scheduler, _ = by_group()
    scheduler.scale({"body": 0.5})
    assert rates_of(opt) == [0.05, 0.02]
    scheduler.scale({"body": 2.0, "head": 3.0})
    assert rates_of(opt) == pytest.approx([0.1, 0.06])
    before = scheduler.state_dict()
    for wrong in ({"neck": 0.5}, {}, {None: 0.5}, {"body": -1.0}):
        with pytest.raises(ValueError, match="scale needs"):
            scheduler.scale(wrong)
    with pytest.raises(ValueError, match="none with a schedule of its own"):
        watched()[0].scale({0: 0.5})
    assert scheduler.state_dict() == before
