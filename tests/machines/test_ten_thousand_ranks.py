"""A smaller version of the simulation in the benchmarks."""

import pytest

machines = pytest.importorskip("benchmarks.machines")


def test_ranks_that_count_for_themselves_agree_and_send_nothing(monkeypatch):
    monkeypatch.setattr(machines, "MEETINGS", 20)
    run = machines.Simulation(ranks=1_000, real=4, tokens=2 * 10**10)
    assert run.updates > 1_500
    assert sum(run.batches) == 2 * 10**10
    assert sorted(set(run.batches[:-1])) == [machines.SEQUENCE * 1_000 * count for _, count in machines.RAMP]
    assert run.restarts > 1_000
    assert run.asked > 20 * 996
    assert (run.unequal, run.differing, run.sent) == (0, 0, 0)


def test_a_rank_that_goes_wrong_is_found(monkeypatch):
    def one_update_early(scheduler, state):
        scheduler.step(max(0, state["position"] - machines.SEQUENCE))

    monkeypatch.setattr(machines.Scheduler, "load_state_dict", one_update_early)
    run = machines.Simulation(ranks=10, real=10, tokens=2 * 10**8)
    assert run.restarts > 0
    assert run.unequal > 0
    assert run.differing > 0


def test_a_message_would_be_counted():
    assert machines.sent_for_a_metric(1_000) == 2
