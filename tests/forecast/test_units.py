"""Positions in tokens or samples: divided by the batch, or refused before anything is made for every update."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import STABLE_TEXT, error, output, rows, write_csv

import lehr
from lehr.forecast import Law, Run, read_run

SCHEDULE = lehr.cosine(500, 100, max_lr=1e-3)
TOKENS = """\
tokens,lr,val_loss
0,0.00001,11
10000000,0.001,5.5
20000000,0.00085355,5
30000000,0.0005,4.75
40000000,0.00014645,4.5
50000000,0,4.375
"""
"""A row after every 100 updates of 100,000 tokens; the rate of row n is that of update 100 n."""
AT, LOSS = [100, 200, 300, 400, 500], [5.5, 5, 4.75, 4.5, 4.375]


def written(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_text(text)
    return path


def test_tokens_are_divided_by_the_batch(tmp_path):
    run = read_run(written(tmp_path, TOKENS), SCHEDULE, batch_tokens=100_000)
    assert (run.at.tolist(), run.loss.tolist()) == (AT, LOSS)
    assert run.notes == ("log: `tokens` counts tokens: it was divided by 100,000.",)


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("tokens", "tokens"), ("num_tokens", "tokens"), ("train/tokens_seen", "tokens"), ("step", "tokens"),
        ("samples", "samples"), ("consumed_train_samples", "samples"), ("Examples", "samples"), ("images", "samples"),
        ("_step", "samples"),
    ],
)  # fmt: skip
def test_columns_that_count_what_is_in_a_batch(column, unit):
    log = {column: [5_120 * n for n in AT], "loss": LOSS, "tokens_per_second": [9.0] * 5}
    assert read_run(log, SCHEDULE, **{f"batch_{unit}": 5_120}).at.tolist() == AT


def test_a_column_of_tokens_is_preferred_to_one_of_steps_where_there_is_a_batch():
    log = {"step": [1, 2, 3, 4, 5], "tokens": [10 * n for n in AT], "loss": LOSS}
    assert read_run(log, SCHEDULE, batch_tokens=10).at.tolist() == AT
    assert read_run(log, SCHEDULE, step="step", batch_tokens=1, step_counts="index").at.tolist() == [2, 3, 4, 5, 6]


def test_what_was_counted_before_an_update_is_its_index():
    log = {"tokens": [0, 10, 20], "loss": [5, 4, 3]}
    assert read_run(log, lehr.Constant(1e-3), batch_tokens=10).at.tolist() == [1, 2]
    assert read_run(log, lehr.Constant(1e-3), batch_tokens=10, step_counts="index").at.tolist() == [1, 2, 3]


@given(
    st.lists(st.integers(5, 400), min_size=1, max_size=20, unique=True), st.integers(1, 10**7),
    st.sampled_from(["tokens", "samples"]), st.booleans(),
)  # fmt: skip
def test_a_run_in_tokens_is_the_run_in_updates(updates, size, unit, with_schedule):
    at = np.sort(updates)
    columns = {"val_loss": 3 + 1 / at, "lr": SCHEDULE(at - 1)}
    schedule = SCHEDULE if with_schedule else None
    there = read_run({unit: at * size, **columns}, schedule, warmup_steps=0, **{f"batch_{unit}": size})
    here = read_run({"updates": at, **columns}, schedule, warmup_steps=0)
    for name in ("at", "loss", "rates"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    assert (there.warmup, there.noise, there.column) == (here.warmup, here.noise, here.column)


def test_tokens_that_are_no_multiples_are_rounded():
    """Packed sequences: an update has 95 to 104 tokens. Rounded logs: 0.1M, 0.2M, 0.3M of 1,024 each."""
    run = read_run({"tokens": [95, 198, 302, 400], "loss": [6, 5, 4, 3]}, lehr.Constant(1e-3), batch_tokens=100)
    assert run.at.tolist() == [1, 2, 3, 4]
    run = read_run({"tokens": [100_000, 200_000, 300_000], "loss": [5, 4, 3]}, SCHEDULE, batch_tokens=1024)
    assert run.at.tolist() == [98, 195, 293]


@pytest.mark.parametrize(("size", "usual"), [(150, "0.667"), (400, "0.25"), (70, "1.43"), (100_000, "0.001")])
def test_a_batch_that_is_clearly_wrong_is_refused(size, usual):
    tokens = [100 * n for n in range(1, 41)]
    log = {"tokens": tokens, "loss": [5 - n / 100 for n in range(40)]}
    text = rf"`tokens` grows by 100 from loss to loss \(median\), which is {usual} batches of {size:,} tokens: correct"
    with pytest.raises(ValueError, match=text):
        read_run(log, SCHEDULE, batch_tokens=size)
    assert read_run(log, SCHEDULE, batch_tokens=100).updates == 40


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "`tokens` counts tokens, and a law counts updates: say how many an update consumes, batch_tokens=... or"),
        ({"step": "tokens"}, "if `tokens` counts updates all the same, step_counts='updates'"),
        ({"step": "epoch"}, "`epoch` counts epochs, and a law counts updates: say which column does, step=..., or"),
        ({"step": "epoch", "batch_samples": 5}, "`epoch` counts epochs, but batch_samples=... is for a column of samp"),
        ({"batch_samples": 5}, "`tokens` counts tokens, but batch_samples=... is for a column of samples: say which"),
        ({"batch_tokens": 5, "batch_samples": 5}, "give batch_tokens=... or batch_samples=..., not both"),
        ({"batch_tokens": 0}, "log needs an integer of at least 1 for `batch_tokens`, got 0"),
        ({"batch_samples": 1.5}, "log needs an integer of at least 1 for `batch_samples`, got 1.5"),
    ],
)
def test_what_counts_no_updates_is_refused(options, words):
    log = {"epoch": [1, 2, 3, 4, 5], "tokens": [10 * n for n in AT], "loss": LOSS}
    with pytest.raises(ValueError, match=r"^log: |^log needs") as refusal:
        read_run(log, SCHEDULE, name="log", **options)
    assert words in str(refusal.value)


def test_a_column_of_updates_has_no_batch():
    with pytest.raises(ValueError, match=r"`updates` counts updates, but batch_tokens=... is for a column of tokens"):
        read_run({"updates": AT, "loss": LOSS}, SCHEDULE, batch_tokens=10)
    with pytest.raises(ValueError, match=r"several columns that count what is in a batch, tokens, text_tokens: say"):
        read_run({"tokens": AT, "text_tokens": AT, "loss": LOSS}, SCHEDULE, batch_tokens=10)
    run = read_run({"tokens": AT, "loss": LOSS}, SCHEDULE, step_counts="updates")
    assert run.at.tolist() == AT


# A run and its schedule count the same.


def test_positions_far_beyond_the_end_of_the_schedule_are_refused():
    samples = {"step": [512 * n for n in AT], "loss": LOSS}
    text = (
        r"`step` is 256,000 in line 5, but the schedule ends after 500 updates; if it counts samples or tokens, say how"
    )
    with pytest.raises(ValueError, match=text):
        read_run(samples, SCHEDULE)
    text = (
        r"is 256,000 in line 5, which is 32,000 updates of 8 samples, but the schedule ends after 500 updates; correct"
    )
    with pytest.raises(ValueError, match=text):
        read_run(samples, SCHEDULE, batch_samples=8)
    # A schedule that ends with its warmup goes on at its peak.
    assert read_run(samples, lehr.Ramp(0.0, 1e-3, 500)).updates == 256_001


def test_a_schedule_in_tokens_is_refused_and_can_be_stretched():
    log, in_tokens = {"tokens": [1000 * n for n in AT], "loss": LOSS}, lehr.cosine(500_000, 100_000, max_lr=1e-3)
    text = (
        r"the run ends after 500 updates of 1,000 tokens, but the schedule after 500,000; a schedule counts updates: "
        r"if the log does, too, leave batch_tokens=... out; if the schedule counts samples or tokens, write "
        r".stretch\(500\) behind it"
    )
    with pytest.raises(ValueError, match=text):
        read_run(log, in_tokens, batch_tokens=1000)
    with pytest.raises(
        ValueError, match=r"write .stretch\(its length in updates\) behind it; if the run has just begun"
    ):
        read_run({"updates": AT, "loss": LOSS}, in_tokens)
    run = read_run(log, in_tokens.stretch(500), batch_tokens=1000)
    # The warmup counts its first update differently: see `lehr.schedules`.
    np.testing.assert_allclose(run.rates[1:], SCHEDULE(np.arange(1, 500)), rtol=1e-12)
    assert read_run({"updates": [3], "loss": [5]}, in_tokens.cut(0, 4)).updates == 3


# Nothing grows with a position that is a mistake.


@pytest.mark.parametrize("options", [{}, {"batch_tokens": 10}, {"step_counts": "updates"}])
@pytest.mark.parametrize("schedule", [None, SCHEDULE, lehr.Constant(1e-3)])
@pytest.mark.parametrize("column", ["tokens", "step"])
def test_billions_of_tokens_are_refused_without_their_memory(column, schedule, options):
    log = {column: [5_200_000 * n for n in range(1, 1001)], "lr": [1e-3] * 1000, "val_loss": [3.0] * 1000}
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"`{column}` (is|counts)") as refusal:
        read_run(log, schedule, warmup_steps=0, **options)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5e6  # of which the log of a thousand rows takes one; updates would take 41,600
    assert "batch_tokens" in str(refusal.value)


def test_a_run_says_what_to_do_with_tokens():
    with pytest.raises(ValueError, match="divide samples or tokens by those of an update"):
        Run(SCHEDULE, [5_200_000_000], [3.0])


# From the shell.


def test_the_command_reads_tokens_as_python_does(here):
    entries = [{"tokens": 100_000 * row.pop("updates"), **row} for row in rows(lehr.spec.from_text(STABLE_TEXT))]
    write_csv(here / "tokens.csv", entries)
    write_csv(here / "samples.csv", [{"step": row["tokens"] // 100, "val_loss": row["val_loss"]} for row in entries])
    printed = output("fit", "tokens.csv", "--batch-tokens", "100k", "-o", "a.json")
    assert printed.startswith("Notes on the logs:\n- tokens.csv: `tokens` counts tokens: it was divided by 100,000.\n")
    output("fit", "stable.csv", "-o", "b.json")
    assert Law.read("a.json").constants == Law.read("b.json").constants
    output("fit", "samples.csv", "--batch-samples", "1k", "--schedule", STABLE_TEXT, "-o", "a.json")
    assert Law.read("a.json").updates == 4_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fit tokens.csv", "say how many an update consumes, --batch-tokens ... or --batch-samples ...; if `tokens`"),
        ("fit tokens.csv --batch-tokens 70", "which is 1.43 batches of 70 tokens: correct --batch-tokens ..."),
        ("fit tokens.csv --batch-tokens 0", "it takes a number of tokens of at least 1"),
        ("fit tokens.csv --batch-samples x", "it takes a number of samples of at least 1"),
        (
            "fit tokens.csv --batch-tokens 5 --batch-samples 5",
            "give --batch-tokens ... or --batch-samples ..., not both",
        ),
    ],
)
def test_errors_name_the_option(words, said, here):
    write_csv(here / "tokens.csv", [{"tokens": 100 * row.pop("updates") // 50, **row} for row in rows(SCHEDULE)])
    assert said in error(here, *words.split(" "), "-o", "a.json")
