"""What speaks against a law of a run, said before any number; and losses that are none."""

from __future__ import annotations

import numpy as np
import pytest
from shell import COSINE, STABLE, STEPS, TEXT, error, output, rows, write_csv

import lehr
from lehr.forecast import Run, RunWarning, fit, read_run

CONSTANT = lehr.Constant(1e-3)
AT = np.arange(100, 2001, 100)
FALLING = np.array([5.0, 4.5, 4.0, 3.6, 3.4, 3.2, 3.1, 3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3, 2.2, 2.1, 2.0, 2.0, 2.0])
"""Twenty losses that fall by 3."""
OVER_FITTED = np.concatenate([FALLING[:12], [2.6, 2.6, 2.7, 2.8, 2.9, 3.0, 3.1, 3.1]])
UNSTABLE = np.concatenate([FALLING[:10], [3.4, 3.4, 3.4, 2.8], FALLING[14:]])
SPIKE = np.concatenate([FALLING[:10], [9.0], FALLING[11:]])


def run(loss, schedule=CONSTANT, **options):
    return Run(schedule, AT, loss, noise=0.0, **options)


def test_a_run_that_over_fits():
    (warning,) = run(OVER_FITTED, name="mine").warnings
    assert warning == (
        "mine: the loss rises from 2.6 after 1,400 updates to 3.1 at the end, although the rate does not rise: the run "
        "over-fits or diverges, which no law of the schedule describes; use its losses until update 1,400 only."
    )
    assert run(OVER_FITTED).until(1_400).warnings == ()


def test_a_run_that_is_unstable():
    (warning,) = run(UNSTABLE, name="mine").warnings
    assert warning.startswith("mine: the loss rises by 0.5 until update 1,100 and falls again, although")
    assert "falls again, although the rate does not rise: an instability" in warning


def test_a_run_that_rises_with_its_rate_is_as_a_law_says():
    again = lehr.Constant(1e-3, 1000).then(lehr.Constant(3e-3))
    assert run(UNSTABLE, again, warmup=0).warnings == ()
    assert run(UNSTABLE, warmup=0).warnings != ()
    assert run(OVER_FITTED, lehr.Constant(1e-3, 1000).then(lehr.Constant(3e-3)), warmup=0).warnings != ()


@pytest.mark.parametrize(
    "loss", [FALLING, SPIKE, FALLING + 0.01 * (-1.0) ** np.arange(20)], ids=["falls", "spike", "noise"]
)
def test_a_usual_run_has_no_warning(loss):
    assert run(loss).warnings == Run(CONSTANT, AT, loss).warnings == ()
    assert Run(COSINE, AT[:7], OVER_FITTED[12:19]).warnings == ()  # too few to say anything


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_rise(seed):
    """A long constant run, whose loss hardly falls any more, with 2 % of noise in each of 5,000 losses."""
    at = np.arange(1, 5_001)
    noisy = (3 + 0.1 * at**-0.5) * np.random.default_rng(seed).normal(1, 0.02, len(at))
    assert Run(CONSTANT, at, noisy).warnings == ()


def test_the_warmup_does_not_count():
    rises = np.concatenate([[2.0, 2.0, 5.0], FALLING[3:]])
    assert run(rises, lehr.constant_with_warmup(2000, 300, max_lr=1e-3)).warnings == ()
    assert run(rises).warnings != ()


# A metric that rises is no loss.

ACCURACY = 1 - FALLING / 10  # from 0.5 to 0.8


@pytest.mark.parametrize(
    "metric", [ACCURACY, 100 * ACCURACY, ACCURACY + 0.01 * np.sin(np.arange(20)), np.linspace(1, 900, 20) ** 2]
)
def test_what_rises_is_no_loss(metric):
    with pytest.raises(
        ValueError, match=r"run: the loss of `accuracy` only rises, from .* and a law is of a loss that fall"
    ):
        run(metric, column="accuracy")


def test_what_rises_is_refused_with_the_name_of_its_column(here):
    write_csv(
        here / "acc.csv",
        [{"updates": row["updates"], "lr": row["lr"], "BLEU": 10 - row["val_loss"]} for row in rows(STABLE)],
    )
    with pytest.raises(ValueError, match=r"acc: the loss of `BLEU` only rises, from 4\.463 after 250 updates to 6\.5"):
        read_run("acc.csv", loss="BLEU")
    line = error(here, "fit", "acc.csv", "--loss", "BLEU", "-o", "a.json")
    assert "give a loss, not an accuracy, a score or a reward; say which column, --loss ..." in line


def test_a_negative_loss_is_refused_with_the_name_of_its_column(here):
    log = {"updates": AT, "ssim_loss": FALLING - 5.7}
    with pytest.raises(
        ValueError, match=r"got -0.7 in row 0 of `ssim_loss`, after 100 updates; to a loss that has a lo"
    ):
        read_run(log, CONSTANT)
    with pytest.raises(
        ValueError, match=r"run: a loss must be above 0 and at most 1e9, got -1 in row 1, after 200 updates"
    ):
        Run(CONSTANT, [100, 200], [1.0, -1.0])


# A schedule of factors.


def test_a_peak_of_one_is_asked_about():
    (warning,) = run(FALLING, lehr.Constant(1.0), name="mine").warnings
    assert warning.startswith(
        "mine: its highest rate is 1: is its schedule a factor of a base rate? If so, multiply it by"
    )
    assert run(FALLING, 6e-4 * lehr.Constant(1.0)).warnings == run(FALLING, lehr.Constant(0.5)).warnings == ()


def test_a_factor_beside_a_rate_is_refused():
    factor, rate = run(FALLING, lehr.Constant(1.0), name="f"), run(FALLING, name="r")
    with pytest.raises(
        ValueError, match=r"f peaks at 1 and r at 0.001: a factor of a base rate cannot be compared with a r"
    ):
        fit([rate, factor])
    assert fit([factor, run(FALLING, lehr.Constant(0.5))]).peaks == (0.5, 1.0)  # SGD


# Said before the numbers.


def test_a_law_has_the_warnings_of_its_runs():
    runs = [run(OVER_FITTED, name="a", notes=("a note",)), run(UNSTABLE, name="b")]
    law = fit(runs)
    assert law.warnings[:2] == (*runs[0].warnings, *runs[1].warnings)
    assert law.notes[0] == "a note"
    assert not set(law.warnings) & set(law.notes)


def test_a_law_of_factors_forecasts_no_rates():
    """A factor may be asked for at another peak, but 1e-3 was meant as a rate."""
    factors = fit(run(FALLING, lehr.Constant(1.0)))
    assert factors.predict(lehr.linear(STEPS, 0, 0.8)).loss.size
    with pytest.raises(ValueError, match=r"peak at 1, factors of a base rate, and this one peaks at 0.001: fit again"):
        factors.predict(lehr.linear(STEPS, 0, 1e-3))


def test_a_run_of_hundreds_of_lengths_is_not_forecast():
    law, farthest = fit(run(FALLING)), 100 * int(AT[-1])
    assert law.predict(CONSTANT, at=[farthest]).loss.size
    with pytest.raises(ValueError, match="more than 100 times the 2,000 of the longest run"):
        law.predict(CONSTANT, at=[farthest + 1])


def test_a_log_that_over_fits_warns():
    with pytest.warns(RunWarning, match="mine: the loss rises from 2.6 after 1,400 updates to 3.1 at the end"):
        read = read_run({"updates": AT, "val_loss": OVER_FITTED}, CONSTANT, name="mine", noise=0.0)
    assert read.warnings == run(OVER_FITTED, name="mine").warnings
    assert read.notes == ()


def test_the_command_warns_before_the_numbers(here):
    entries = rows(COSINE)
    for row in entries:
        row["val_loss"] += max(0.0, row["updates"] - 2_000) ** 2 / STEPS**2
    write_csv(here / "over.csv", entries)
    printed = output("fit", "over.csv", "--schedule", TEXT, "-o", "a.json")
    assert printed.startswith("- over.csv: the loss rises from ")
    assert " ".join(printed.split()).count("over-fits or diverges") == 1
    write_csv(here / "factor.csv", [{"updates": row["updates"], "val_loss": row["val_loss"]} for row in rows(STABLE)])
    printed = output("fit", "factor.csv", "--schedule", "constant_with_warmup(4k, 199, max_lr=1.0)", "-o", "a.json")
    assert printed.startswith("- factor.csv: its highest rate is 1: is its schedule a factor of")
