"""A real Ray Tuner, which starts processes of its own."""

import pytest

from lehr.integrations import schedule_of, search_space

pytestmark = pytest.mark.filterwarnings("default")  # those of Ray


def test_a_tuner_trains_under_the_schedules_of_the_space(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray = pytest.importorskip("ray")
    from ray import tune

    def train(config):  # here, so that it is sent to the workers by value
        schedule = schedule_of(config)
        tune.report({"loss": abs(schedule(500) - 1e-3), "schedule": repr(schedule)})

    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    try:
        tuner = tune.Tuner(
            train,
            param_space=search_space(1_000, {"recipe": ["cosine", "wsd"]}),
            tune_config=tune.TuneConfig(metric="loss", mode="min", num_samples=4),
            run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
        )
        results = tuner.fit()
    finally:
        ray.shutdown()
    assert len(results) == 4
    for result in results:
        assert result.metrics["schedule"] == repr(schedule_of(result.config))
