"""Which loss of a log is read, and numbers as spreadsheets write them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell import STABLE, error, output, rows, write_csv

import lehr
from lehr.forecast import RunWarning, read_run

SCHEDULE = lehr.Constant(1e-3)
AT = [100, 200, 300, 400, 500]
TRAIN, VAL = [5.5, 5.0, 4.75, 4.5, 4.375], [5.75, 5.25, 5.0, 4.75, 4.625]
BOTH = """\
updates,train_loss,val_loss
100,5.5,
100,,5.75
200,5.0,
200,,5.25
300,4.75,nan
300,,5.0
400,4.5,NaN
400,,4.75
500,4.375,
500,,4.625
"""


def log_of(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def json_lines(tmp_path):
    lines = [{"updates": at, "train_loss": loss} for at, loss in zip(AT, TRAIN, strict=True)]
    lines += [{"updates": at, "val_loss": loss} for at, loss in zip(AT, VAL, strict=True)]
    lines.sort(key=lambda row: row["updates"])
    return log_of(tmp_path, "log.jsonl", "\n".join(map(json.dumps, lines)))


def trainer_state(tmp_path):
    history = []
    for at, train, val in zip(AT, TRAIN, VAL, strict=True):
        history += [{"step": at, "loss": train, "learning_rate": 1e-3}, {"step": at, "eval_loss": val, "epoch": 0.1}]
    return log_of(tmp_path, "trainer_state.json", json.dumps({"log_history": history}))


def tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "events")) as writer:
        for at, train, val in zip(AT, TRAIN, VAL, strict=True):
            writer.add_scalar("Loss/train", train, at)
            writer.add_scalar("Loss/val", val, at)
    return tmp_path / "events"


def mlflow(tmp_path, monkeypatch, request):
    library = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = library.get_tracking_uri()
    # Set, and not only in the environment: another test may have set it.
    library.set_tracking_uri(tmp_path.as_uri())
    request.addfinalizer(lambda: library.set_tracking_uri(before))
    client = library.tracking.MlflowClient()
    run_id = client.create_run(client.create_experiment("runs")).info.run_id
    for at, train, val in zip(AT, TRAIN, VAL, strict=True):
        client.log_metric(run_id, "train/loss", train, step=at)
        client.log_metric(run_id, "val/loss", val, step=at)
    return f"mlflow:{run_id}"


def history(_):
    """What `run.history()` of Weights & Biases gives: a frame with NaN where a column was not logged."""
    pandas = pytest.importorskip("pandas")
    train = pandas.DataFrame({"_step": AT, "_runtime": AT, "train/loss": TRAIN})
    return pandas.concat([train, pandas.DataFrame({"_step": AT, "val/loss": VAL})]).sort_values("_step", kind="stable")


EXPORTED = """\
"Step","run-1 - val/loss","run-1 - val/loss__MIN","run-1 - val/loss__MAX"
"100","5.75","5.75","5.75"
"200","5.25","5.25","5.25"
"300","5.0","5.0","5.0"
"400","4.75","4.75","4.75"
"500","4.625","4.625","4.625"
"""
"""A panel of Weights & Biases as a CSV file."""


@pytest.mark.filterwarnings("ignore")  # MLflow's own, about its file store
@pytest.mark.parametrize(
    ("write", "val", "train"),
    [
        (lambda path: log_of(path, "log.csv", BOTH), "val_loss", "train_loss"),
        (json_lines, "val_loss", "train_loss"), (trainer_state, "eval_loss", "train_loss"),
        (tensorboard, "Loss/val", "Loss/train"), (history, "val/loss", "train/loss"),
        (mlflow, "val/loss", "train/loss"),
    ],
    ids=["CSV", "JSONL", "trainer_state", "TensorBoard", "W&B history", "MLflow"],
)  # fmt: skip
def test_of_two_losses_the_held_out_one_is_read_and_it_is_said(write, val, train, tmp_path, monkeypatch, request):
    log = write(tmp_path, monkeypatch, request) if write is mlflow else write(tmp_path)
    counts = {} if write in (json_lines, trainer_state) else {"step_counts": "updates"}
    run = read_run(log, SCHEDULE, name="log", **counts)
    assert (run.at.tolist(), run.loss.tolist(), run.column) == (AT, VAL, val)
    assert run.notes == (f"log: `{val}` was read; the log also has {train}, which loss='{train}' reads.",)
    other = read_run(log, SCHEDULE, name="log", loss=train, **counts)
    assert (other.loss.tolist(), other.column, other.notes) == (TRAIN, train, ())


def test_a_panel_of_weights_and_biases(tmp_path):
    run = read_run(log_of(tmp_path, "log.csv", EXPORTED), SCHEDULE, step_counts="updates")
    assert (run.at.tolist(), run.loss.tolist(), run.column, run.notes) == (AT, VAL, "run-1 - val/loss", ())


@pytest.mark.parametrize(
    "names",
    [
        ("val_loss", "test_loss"), ("eval_wiki_loss", "eval_c4_loss"), ("Loss/valid", "Loss/test"),
        ("val_loss/dataloader_idx_0", "val_loss/dataloader_idx_1"), ("a - val/loss", "b - val/loss"),
    ],
)  # fmt: skip
def test_two_evaluation_sets_are_never_mixed(names):
    log = {"updates": AT, "loss": TRAIN, names[0]: VAL, names[1]: VAL}
    with pytest.raises(ValueError, match="several held-out losses") as refusal:
        read_run(log, SCHEDULE)
    assert f"say which, loss='{names[0]}'" in str(refusal.value)
    assert read_run(log, SCHEDULE, loss=names[1]).column == names[1]


@pytest.mark.parametrize("column", ["split", "mode", "what is it"])
def test_rows_of_two_sets_are_never_mixed(column):
    log = [
        {"updates": at, column: name, "loss": loss}
        for at, *losses in zip(AT, TRAIN, VAL, strict=True) for name, loss in zip(("train", "val"), losses, strict=True)
    ]  # fmt: skip
    with pytest.raises(
        ValueError, match=f"`{column}` is train, val; a fit needs one: say which, where={{'{column}': 'tr"
    ):
        read_run(log, SCHEDULE)
    assert read_run(log, SCHEDULE, where={column: "val"}).loss.tolist() == VAL
    # Columns of their own are no mixture, whatever another column says.
    apart = [{"updates": row["updates"], column: row[column], f"{row[column]}_loss": row["loss"]} for row in log]
    assert read_run(apart, SCHEDULE).loss.tolist() == VAL


def test_a_loss_of_any_name_is_read_if_it_is_the_only_one():
    assert read_run({"updates": AT, "lm_loss": TRAIN, "best_val_loss": VAL}, SCHEDULE).column == "lm_loss"
    with pytest.raises(ValueError, match="no usual column for `loss` among updates, lm_loss, aux_loss; say loss="):
        read_run({"updates": AT, "lm_loss": TRAIN, "aux_loss": VAL}, SCHEDULE)
    run = read_run({"updates": AT, "loss": TRAIN, "aux_loss": VAL, "z_loss": VAL}, SCHEDULE)
    assert run.notes == ("run: `loss` was read; the log also has aux_loss, z_loss, which loss='aux_loss' reads.",)


def test_the_command_says_it_before_the_results(here):
    write_csv(here / "two.csv", [{**row, "train_loss": row["val_loss"] + 0.1} for row in rows(STABLE)])
    head, note, more, empty, table, *_ = output("fit", "two.csv", "-o", "a.json").splitlines()
    assert (head, empty, table.split()[0]) == ("Notes on the logs:", "", "log")
    assert f"{note} {more.strip()}" == (
        "- two.csv: `val_loss` was read; the log also has train_loss, which --loss 'train_loss' reads."
    )
    assert output("fit", "two.csv", "--loss", "train_loss", "-o", "a.json").startswith("log ")


# Decimal commas.

EUROPEAN = """\
updates;lr;val_loss
100;0,001;5,75
200;1,0E-3;5,25
300;0,001;5
400;0,001;4,750
500;0,001;4,625
"""
"""As a German or French spreadsheet writes it; 4,750 and 4,625 might be thousands, if 5,75 were not there."""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.csv", EUROPEAN),
        ("log.tsv", EUROPEAN.replace(";", "\t")),
        ("log.csv", "\n".join(",".join(f'"{cell}"' for cell in line.split(";")) for line in EUROPEAN.splitlines())),
    ],
    ids=["semicolons", "tabs", "quoted"],
)
def test_decimal_commas(name, text, tmp_path):
    run = read_run(log_of(tmp_path, name, text), warmup_steps=0)
    assert (run.at.tolist(), run.loss.tolist(), set(run.rates.tolist())) == (AT, VAL, {1e-3})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "updates;loss\n100;5,125\n200;4,500\n",
            "`loss` has '5,125' in line 2, which is 5.125 or 5125: write its numb",
        ),
        ("updates;loss\n1,000;5,75\n2,000;5,25\n", "`updates` has '1,000' in line 2, which is 1.000 or 1000"),
        (
            "updates;loss\n1,234,567;5,75\n",
            "`updates` has '1,234,567' in line 2: write its numbers with decimal points",
        ),
        ("updates;loss\n100;1.234,5\n", "`loss` has '1.234,5' in line 2: write its numbers with decimal points and w"),
        ("updates;loss\n100;5,75\n200;5.25\n", "`loss` has '5,75' in line 2 and '5.25' in line 3: write its numbers"),
        (
            "updates,loss\n100,5,75\n",
            "line 2: 3 cells under 2 columns; if numbers have decimal commas, separate the col",
        ),
    ],
)
def test_what_may_be_thousands_is_refused(text, words, tmp_path):
    with pytest.raises(ValueError, match="log") as refusal:
        read_run(log_of(tmp_path, "log.csv", text), SCHEDULE)
    assert words in str(refusal.value)


def test_the_command_reads_decimal_commas(here):
    text = (here / "stable.csv").read_text()
    (here / "commas.csv").write_text(text.replace(",", ";").replace(".", ","))
    printed = output("fit", "commas.csv", "-o", "a.json").replace("commas", "stable")
    assert printed == output("fit", "stable.csv", "-o", "a.json")
    (here / "unclear.csv").write_text("updates;loss\n1,000;5,75\n")
    assert "'1,000' in line 2, which is 1.000 or 1000" in error(here, "fit", "unclear.csv", "-o", "a.json")


# Positions as people and restarts write them.


def test_positions_in_any_notation(tmp_path):
    text = "updates,loss\n1e2,5.75\n200.0,5.25\n+300,5\n4E2,4.75\n 500 ,4.625\n"
    assert read_run(log_of(tmp_path, "log.csv", text), SCHEDULE).at.tolist() == AT
    with pytest.warns(RunWarning, match="no position or no number in line 3"):
        assert read_run(log_of(tmp_path, "log.csv", "updates,loss\n100,5\n150.5,4\n"), SCHEDULE).at.tolist() == [100]


RESUMED = """\
updates,loss
100,5.75
200,5.25
300,5.5
400,5.5
300,5.0
400,4.75
500,4.625
"""
"""A run that was resumed from its checkpoint at update 200."""


def test_a_resumed_run_keeps_the_rows_that_went_on(tmp_path):
    with pytest.warns(
        RunWarning, match="the log goes back to 300 in line 6: a restart, whose rows replace the earlier"
    ):
        run = read_run(log_of(tmp_path, "log.csv", RESUMED), SCHEDULE)
    assert (run.at.tolist(), run.loss.tolist()) == (AT, VAL)


def test_a_step_that_is_logged_twice_keeps_its_last_row(tmp_path):
    with pytest.warns(RunWarning, match="a position is repeated in line 4; the last row is kept"):
        run = read_run(log_of(tmp_path, "log.csv", "updates,loss\n100,5.75\n200,9\n200,5.25\n300,5\n"), SCHEDULE)
    assert run.loss.tolist() == VAL[:3]


def test_a_loss_of_0_is_none_and_said(tmp_path):
    with pytest.warns(RunWarning, match="the loss is 0 in line 2; these rows were ignored"):
        run = read_run(log_of(tmp_path, "log.csv", "updates,loss\n1,0\n100,5.75\n200,5.25\n"), SCHEDULE)
    assert run.at.tolist() == [100, 200]


def test_a_row_without_a_loss_in_a_frame_is_no_problem():
    run = read_run({"updates": [1, 2, 3, 4], "loss": [4.0, np.nan, np.nan, 3.0]}, SCHEDULE)
    assert (run.at.tolist(), run.notes) == ([1, 4], ())
