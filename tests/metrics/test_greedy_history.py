"""The many changes of a Greedy are one entry of the history, of a bounded size."""

import json

import pytest

from lehr import Constant, Greedy, cosine
from lehr.control import Scale, steps
from metrics.greedies import rates_after, up_and_down, watched


def test_the_rate_is_the_schedule_times_a_factor():
    scheduler, greedy = watched(schedule=cosine(100, max_lr=0.1))
    scheduler.step(10)
    rates_after([5.0, 4.0, 4.0, 4.0], scheduler, greedy)  # up, up, down, down
    assert [scheduler.schedule(t) / cosine(100, max_lr=0.1)(t) for t in (9, 10, 11, 12, 13, 90)] == pytest.approx(
        [1, 2, 4, 2, 1, 1]
    )
    assert (scheduler.training_steps, scheduler.schedule(100)) == (100, 0.0)
    [change] = scheduler.history
    assert (change.position, change.merged, change.what) == (10, 4, "scale(factor=1.0)")
    assert change.why == "4 changes, the last at 13: no better than 4 for 1 metrics"


def test_changes_of_others_stay_entries_of_their_own():
    scheduler, greedy = watched(min_lr=0.02, reset_after=2)
    rates_after([5.0, 5.0, 5.0], scheduler, greedy)  # 0.2, 0.1, 0.05
    scheduler.rebase(0.08, why="by hand")
    rates_after([5.0, 5.0], scheduler, greedy)  # 0.04, 0.02
    assert scheduler.current_lr == pytest.approx(0.02)
    rates_after([5.0], scheduler, greedy)
    assert scheduler.current_lr == pytest.approx(0.08)  # back to what the change by hand left
    kinds = [(change.what.partition("(")[0], change.merged) for change in scheduler.history]
    assert kinds == [("scale", 3), ("rebase", 0), ("scale", 3)]
    assert [scheduler.schedule(t) for t in range(7)] == pytest.approx([0.2, 0.1, 0.05, 0.04, 0.02, 0.08, 0.08])


def test_after_a_step_back_the_later_change_still_comes_as_after_any_scale():
    scheduler, greedy = watched()
    scheduler.step(10)
    greedy.update(5.0)
    scheduler.step(4)
    rates_after([4.0, 3.0], scheduler, greedy)
    assert [scheduler.schedule(t) for t in (3, 4, 5, 20)] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert [(change.position, change.merged) for change in scheduler.history] == [(10, 1), (4, 2)]


def test_several_with_groups_of_their_own_share_an_entry():
    scheduler, greedy = watched(0.1, 0.04, groups=0)
    other = Greedy(scheduler, max_lr=1.0, patience=0, factor=0.5, groups=1)
    rates_after([5.0], scheduler, greedy)
    rates_after([5.0, 5.0], scheduler, other)
    rates_after([5.0], scheduler, greedy)
    [change] = scheduler.history
    assert (change.merged, change.what) == (4, "scale(factor=1.0)")
    first, second = scheduler.schedules.values()
    assert [first(t) for t in range(5)] == pytest.approx([0.2, 0.2, 0.2, 0.1, 0.1])
    assert [second(t) for t in range(5)] == pytest.approx([0.04, 0.08, 0.04, 0.04, 0.04])


@pytest.mark.parametrize("schedule", [Constant(0.1), cosine(10_000, max_lr=0.1)], ids=["constant", "cosine"])
def test_of_many_changes_the_last_ones_and_the_sum_of_the_past_stay(schedule, monkeypatch):
    def factors(n):
        scheduler, greedy = watched(schedule=schedule, factor=0.9, max_lr=10.0)
        rates = rates_after(up_and_down(n), scheduler, greedy)
        assert [scheduler.schedule(n - 1)] == rates[-1]
        return scheduler, [scheduler.schedule(t) / schedule(t) for t in range(n)]

    _, exact = factors(200)
    monkeypatch.setattr(steps, "MOST_STEPS", 40)
    scheduler, kept = factors(200)
    assert kept[-20:] == pytest.approx(exact[-20:], rel=1e-12)
    assert kept != pytest.approx(exact, rel=1e-3)  # alive
    assert sum(kept) == pytest.approx(sum(exact), rel=1e-12)
    [change] = scheduler.history
    assert change.merged == 200
    assert len(change.rest[0].parts[-1].parts) <= 40


def test_the_size_of_the_state_is_bounded():
    scheduler, greedy = watched(factor=0.95, average_over=None, min_lr=1e-3)
    sizes = []
    for metrics in (up_and_down(20), up_and_down(700)):
        rates_after(metrics, scheduler, greedy)
        sizes.append(len(json.dumps(scheduler.state_dict())))
    assert sizes[0] < 2_000
    assert sizes[1] < 6_000
    assert len(scheduler.history) == 1
    again, resumed = watched(factor=0.95, average_over=None, min_lr=1e-3)
    again.load_state_dict(scheduler.state_dict())
    assert again.schedule == scheduler.schedule
    assert resumed.state_dict() == greedy.state_dict()


def test_a_control_file_cannot_merge():
    with pytest.raises(TypeError):
        Scale(0.5, True)
    assert "merge" not in Scale.options()
