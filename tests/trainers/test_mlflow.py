"""A schedule as a parameter of an MLflow run, all of which are strings."""

import pytest
from catalogue.examples import SHORT
from catalogue.trainers import quietly

import lehr
from lehr import spec

mlflow = pytest.importorskip("mlflow")


@pytest.fixture
def client(tmp_path):
    return quietly(lambda: mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db"))


@pytest.fixture
def run(client, tmp_path):
    experiment = quietly(lambda: client.create_experiment("schedules", artifact_location=str(tmp_path)))
    return client.create_run(experiment).info.run_id


def test_a_schedule_as_text_comes_back_equal(client, run):
    for name, schedule in SHORT.items():
        client.log_param(run, f"schedule {name}", spec.to_text(schedule))
    given_back = client.get_run(run).data.params
    assert {name: spec.from_text(given_back[f"schedule {name}"]) for name in SHORT} == SHORT


def test_a_dict_of_strings_is_refused_with_the_way_to_say_it(client, run):
    for name, value in spec.to_dict(lehr.cosine(20, 4, max_lr=1e-3)).items():
        client.log_param(run, name, value)
    with pytest.raises(spec.SpecError, match=r"got the string '0\.001'.*Every setting is a string, as MLflow gives its "
                       r"parameters back: log lehr\.spec\.to_text"):  # fmt: skip
        spec.from_dict(client.get_run(run).data.params)
