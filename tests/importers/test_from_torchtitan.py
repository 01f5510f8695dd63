"""torchtitan's TOML: rates to check by hand, the end of a schedule that is shorter than the run, and what is refused.

The rates follow ``torchtitan/components/optimizer/lr_scheduler.py`` of torchtitan 0.3.0.
"""

import pytest

from lehr.importers import from_torchtitan


def imported(steps=10, lr=1.0, after="hold", **scheduler):
    config = {"training": {"steps": steps}, "optimizer": {"lr": lr}, "lr_scheduler": scheduler}
    return from_torchtitan(config, after=after)


def rates(schedule, n):
    return [round(schedule(t), 9) for t in range(n)]


def test_decay_over_all_that_is_left():
    """(t + 1) / 2, then 1 at t = 2, down by 1/8 an update; the lowest rate is that of update 10, after the run."""
    assert rates(imported(warmup_steps=2), 11) == [0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]


def test_stable_then_decay():
    """The last 40 % of 10, to a tenth of the rate."""
    schedule = imported(warmup_steps=2, decay_ratio=0.4, min_lr_factor=0.1)
    assert rates(schedule, 12) == [0.5, 1, 1, 1, 1, 1, 1, 0.775, 0.55, 0.325, 0.1, 0.1]


def test_square_root():
    """1 - √(k / 4), from update 6 on."""
    schedule = imported(warmup_steps=0, decay_ratio=0.4, decay_type="sqrt")
    assert [schedule(t) for t in (5, 6, 7, 10)] == pytest.approx([1, 1, 0.5, 0])


def test_a_warmup_or_decay_that_is_too_long_is_cut_as_there():
    assert rates(imported(steps=2, warmup_steps=5), 3) == [0.5, 1, 1]
    assert imported(warmup_steps=6, decay_ratio=0.9) == imported(warmup_steps=6, decay_ratio=0.4)


def test_a_run_that_is_longer_than_its_schedule():
    """``total_steps`` below ``steps``: the original goes on down, by 1/4 an update."""
    with pytest.warns(
        UserWarning, match="linear decay goes on along its curve after step 4; .* holds its final value, 0,"
    ):
        held = imported(steps=20, total_steps=4, warmup_steps=0)
    peer = imported(steps=20, total_steps=4, warmup_steps=0, after="peer")
    assert [held(t) for t in (3, 4, 6)] == [0.25, 0, 0]
    assert [peer(t) for t in (3, 4, 6)] == [0.25, 0, -0.5]


def test_a_cosine_rises_again():
    with pytest.warns(UserWarning, match="cosine decay rises again after step 4"):
        held = imported(steps=20, total_steps=4, warmup_steps=0, decay_type="cosine")
    peer = imported(steps=20, total_steps=4, warmup_steps=0, decay_type="cosine", after="peer")
    assert [held(8), peer(6), peer(8), peer(12)] == pytest.approx([0, 0.5, 1, 0])


def test_defaults_are_those_of_torchtitan():
    schedule = from_torchtitan({"lr_scheduler": {}})
    assert [schedule.length, schedule(199), schedule(0)] == pytest.approx([10_000, 8e-4, 4e-6])


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        ({"lr_min": 0.1}, "its present name is `min_lr_factor`"),
        ({"decay_type": "exponential"}, "unknown `decay_type` of torchtitan's `lr_scheduler` 'exponential'"),
        ({"warmup": 3}, "did you mean 'warmup_steps'?"),
        ({"warmup_steps": -1}, "an integer of at least 0 for `warmup_steps`, got -1"),
        ({"decay_ratio": "0.1"}, "write it without quotes: 0.1"),
    ],
)
def test_what_is_refused(scheduler, message):
    with pytest.raises(ValueError) as refused:
        imported(**scheduler)
    assert message in str(refused.value)


@pytest.mark.parametrize("config", [3, {"lr_scheduler": 3}, {"training": [1]}])
def test_what_is_no_config(config):
    with pytest.raises(ValueError, match="mapping"):
        from_torchtitan(config)
