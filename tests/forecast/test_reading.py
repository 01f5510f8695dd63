"""Logs as people write them, and what is wrong with them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lehr
from lehr.forecast import Run, RunWarning, branch, read_run

SCHEDULE = lehr.cosine(2000, 200, max_lr=1e-3, min_lr=1e-4)
INDEX = np.arange(99, 2000, 100)
LOSS = 3 + (INDEX + 1) ** -0.5


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def csv_of(tmp_path, rows, header="step,lr,loss"):
    return write(tmp_path / "log.csv", "\n".join([header, *(",".join(map(str, row)) for row in rows)]))


def rows():
    return [[int(i), SCHEDULE(int(i)), float(loss)] for i, loss in zip(INDEX, LOSS, strict=True)]


def same(run):
    return np.array_equal(run.at, INDEX + 1) and np.array_equal(run.loss, LOSS)


def test_csv_with_its_own_rates(tmp_path):
    run = read_run(csv_of(tmp_path, rows()), warmup_steps=200)
    assert same(run)
    assert run.name == "log"
    np.testing.assert_allclose(run.rates[200:], SCHEDULE(np.arange(200.0, 2000.0)), atol=6e-6)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(tmp_path, delimiter):
    path = csv_of(tmp_path, rows())
    other = write(tmp_path / ("log.tsv" if delimiter == "\t" else "log.csv"), path.read_text().replace(",", delimiter))
    assert same(read_run(other, SCHEDULE))


def test_jsonl(tmp_path):
    lines = [json.dumps({"iteration": int(i), "val/loss": float(loss)}) for i, loss in zip(INDEX, LOSS, strict=True)]
    assert same(read_run(write(tmp_path / "log.jsonl", "\n".join(lines)), SCHEDULE))


def test_columns_of_any_name(tmp_path):
    path = csv_of(tmp_path, rows(), header="when,how fast,how well")
    assert same(read_run(path, step="when", lr="how fast", loss="how well", step_counts="index", warmup_steps=200))


def test_trainer_state(tmp_path):
    history = []
    for i, loss in zip(INDEX, LOSS, strict=True):
        history.append({"step": int(i) + 1, "loss": float(loss) + 0.1, "learning_rate": SCHEDULE(int(i))})
        history.append({"step": int(i) + 1, "eval_loss": float(loss)})
    path = write(tmp_path / "trainer_state.json", json.dumps({"log_history": history}))
    assert same(read_run(path, SCHEDULE))
    training = read_run(path, SCHEDULE, loss="train_loss")
    assert training.at[1] == 150, "a mean over 100 updates belongs to their middle"


@pytest.mark.parametrize("every", [1, 2, 3, 100])
def test_trainer_state_of_any_interval(tmp_path, every):
    """A mean over one update belongs to it; the summary at the end, a mean over the whole run, to none."""
    steps = range(every, 21 * every, every)
    history = [{"step": t, "loss": 5 - t / (20 * every), "learning_rate": SCHEDULE(t - 1)} for t in steps]
    summary = {"step": 20 * every, "train_loss": 4.0, "train_runtime": 1.0}
    path = write(tmp_path / "trainer_state.json", json.dumps({"log_history": [*history, summary]}))
    run = read_run(path, SCHEDULE)
    assert run.at.tolist() == [t - every + (every + 1) // 2 for t in steps]
    assert run.loss.tolist() == [row["loss"] for row in history]


def test_lightning_csv(tmp_path):
    lines = ["epoch,lr-AdamW,step,train_loss,val_loss"]
    for i, rate, loss in rows():
        lines += [f"0,{rate},{i},,", f"0,,{i},{loss + 0.1},", f"0,,{i},,{loss}"]
    run = read_run(write(tmp_path / "metrics.csv", "\n".join(lines)), SCHEDULE)
    assert same(run)


def test_frames_and_mappings():
    columns = {"step": INDEX, "lr": SCHEDULE(INDEX), "loss": LOSS}
    assert same(read_run(columns, warmup_steps=200))
    assert same(
        read_run([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], SCHEDULE)
    )
    pandas = pytest.importorskip("pandas")
    assert same(read_run(pandas.DataFrame(columns), SCHEDULE))


def test_polars():
    polars = pytest.importorskip("polars")
    assert same(read_run(polars.DataFrame({"step": INDEX, "loss": LOSS}), SCHEDULE))


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path))
    for t, (i, loss) in enumerate(zip(INDEX, LOSS, strict=True)):
        value = Summary.Value(tag="val/loss", simple_value=float(loss))
        writer.add_event(Event(wall_time=float(t), step=int(i), summary=Summary(value=[value])))
    writer.close()
    run = read_run(tmp_path, SCHEDULE)
    np.testing.assert_array_equal(run.at, INDEX + 1)
    np.testing.assert_allclose(run.loss, LOSS, rtol=1e-6)


def test_positions_follow_the_rates_where_the_name_does_not_say():
    done = {"step": INDEX + 1, "lr": SCHEDULE(INDEX), "loss": LOSS}
    assert same(read_run(done, SCHEDULE))
    assert same(read_run({"updates": INDEX + 1, "loss": LOSS}, SCHEDULE))
    assert same(read_run({"step": INDEX + 1, "loss": LOSS}, SCHEDULE, step_counts="updates"))


def test_a_jump_of_the_rate_stays_a_jump():
    rates = np.where(INDEX < 1000, 1e-3, 3e-4)
    run = read_run({"step": INDEX, "lr": rates, "loss": LOSS}, warmup_steps=0)
    assert set(run.rates.tolist()) == {1e-3, 3e-4}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: [*r[:5], r[6], r[5], *r[7:]], "out of order in line 8; they were sorted"),
        (lambda r: r[:5] + r[4:], "repeated in line 7"),
        (lambda r: r[:8] + r[4:], "goes back to 500 in line 10: a restart"),
        (lambda r: [*r[:5], [r[5][0], r[5][1], 9.0], *r[6:]], "spikes in line 7"),
        (lambda r: [*r[:5], [r[5][0], r[5][1], "nan"], *r[6:]], "not finite in line 7"),
        (lambda r: [*r[:5], [r[5][0], r[5][1], "oops"], *r[6:]], "no number in line 7"),
    ],
)
def test_what_is_wrong_is_said_by_line(tmp_path, change, words):
    with pytest.warns(RunWarning, match=words):
        run = read_run(csv_of(tmp_path, change(rows())), SCHEDULE)
    assert (np.diff(run.at) > 0).all()
    assert run.loss.max() < 4
    assert any(words in note for note in run.notes)


def test_a_restart_keeps_the_later_rows(tmp_path):
    first, second = rows()[:8], [[i, rate, loss - 0.01] for i, rate, loss in rows()[4:]]
    with pytest.warns(RunWarning, match="restart"):
        run = read_run(csv_of(tmp_path, first + second), SCHEDULE)
    np.testing.assert_allclose(run.loss, np.where(np.arange(20) < 4, LOSS, LOSS - 0.01))


@pytest.mark.parametrize(
    ("log", "options", "words"),
    [
        ({"loss": LOSS}, {}, "no usual column for `step`"),
        ({"step": INDEX}, {}, "no usual column for `loss`"),
        ({"step": INDEX, "loss": LOSS}, {}, "no column of rates"),
        ({"step": INDEX, "loss": LOSS}, {"loss": "val"}, "no column 'val' for `loss`; it has step, loss"),
        ({"step": INDEX, "val_loss": LOSS, "test_loss": LOSS}, {}, "several held-out losses, val_loss, test_loss"),
        ({"step": INDEX, "loss": LOSS, "split": ["a", "b"] * 10}, {}, "several sets, `split` is a, b"),
        ({"step": INDEX, "loss": LOSS * np.nan}, {"schedule": SCHEDULE}, "no row with a position and a loss"),
        ({"step": INDEX, "loss": LOSS[1:]}, {}, "differ in length"),
        ({"step": INDEX + 500, "lr": LOSS * 1e-4, "loss": LOSS}, {}, "the length of the warmup"),
        (
            {"step": INDEX, "lr": LOSS * 1e-4, "loss": LOSS},
            {"schedule": SCHEDULE},
            "differ from the schedule in 20 of 20 rows",
        ),
        ("log.txt", {}, "ends in '.txt'"),
        ("missing.csv", {}, "cannot be read"),
        (3, {}, "read from a path"),
    ],
)
def test_what_cannot_be_read_is_refused(log, options, words):
    with pytest.raises(ValueError, match=words):
        read_run(log, **options)


def test_only_the_set_that_was_asked_for():
    log = {"step": INDEX, "loss": LOSS, "split": ["val", "train"] * 10}
    assert len(read_run(log, SCHEDULE, where={"split": "val"}).at) == 10


@pytest.mark.parametrize(
    ("at", "loss", "words"),
    [
        ([100, 100], [3.0, 3.0], "must increase, but row 1"),
        ([100, 200], [3.0], "must have the same length"),
        ([100, 200], [3.0, np.nan], "above 0 and at most 1e9, got nan in row 1"),
        ([0, 200], [3.0, 3.0], "at least 1"),
    ],
)
def test_runs_are_checked(at, loss, words):
    with pytest.raises(ValueError, match=words):
        Run(SCHEDULE, at, loss)


def test_a_branch_has_the_past_it_shares():
    stable = Run(lehr.constant_with_warmup(1000, 100, max_lr=1e-3), np.arange(100, 1001, 100), np.linspace(4, 3, 10))
    branched = branch(stable, lehr.Ramp(1e-3, 0, 200), at=[650, 700], loss=[3.3, 3.2], since=500)
    assert branched.at.tolist() == [100, 200, 300, 400, 500, 650, 700]
    assert branched.rates[499] == branched.rates[500] == 1e-3
    assert branched.rates[600] == pytest.approx(5e-4)
    with pytest.raises(ValueError, match="losses until 1000"):
        branch(stable, lehr.Constant(1e-3), at=[2100], loss=[3.0], since=2000)
    with pytest.raises(ValueError, match="counts from the start of"):
        branch(stable, lehr.Constant(1e-3), at=[100], loss=[3.0], since=500)


@pytest.mark.filterwarnings("ignore")  # MLflow's own, about its file store
def test_mlflow(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tmp_path.as_uri())
    try:
        client = mlflow.tracking.MlflowClient()
        run_id = client.create_run(client.create_experiment("runs")).info.run_id
        for i, rate, loss in rows():
            client.log_metric(run_id, "lr", rate, step=i)
            client.log_metric(run_id, "val_loss", loss, step=i)
        assert same(read_run(f"mlflow:{run_id}", SCHEDULE))
    finally:
        mlflow.set_tracking_uri(before)
