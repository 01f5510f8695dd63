"""A range test whose loss is a known function of the rate."""

import csv
import json

import numpy as np
import pytest
from command_line import error, output
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr.peak import RangeTest, read_range_test

SCHEDULE = lehr.range_test(300, min_lr=1e-6, max_lr=1.0)
TEXT = "range_test(300, max_lr=1, min_lr=1e-6)"
LR = SCHEDULE(np.arange(300))


def losses(lr, falls_at=1e-3, rises_at=1e-1):
    """Falls by 2 around one rate and rises from another on."""
    return 4 - np.tanh(np.log(lr / falls_at)) + (lr / rises_at) ** 2


def lowest_of(falls_at, rises_at):
    """Where that is lowest, on a fine grid."""
    fine = np.geomspace(1e-6, 1.0, 200_001)
    return fine[np.argmin(losses(fine, falls_at, rises_at))]


@settings(deadline=None)
@given(falls_at=st.floats(1e-5, 1e-3), apart=st.floats(20, 200), noise=st.floats(0, 0.02), seed=st.integers(0, 99))
def test_the_rates_are_found_under_noise(falls_at, apart, noise, seed):
    rises_at = falls_at * apart
    noisy = losses(LR, falls_at, rises_at) + noise * np.random.default_rng(seed).normal(size=LR.size)
    found = RangeTest(LR, noisy)
    assert found.steepest == pytest.approx(falls_at, rel=0.5)
    assert abs(np.log(found.lowest / lowest_of(falls_at, rises_at))) < np.log(3)  # the minimum is flat
    assert found.max_lr == pytest.approx(found.lowest / 2, rel=0.05)


def test_without_noise_they_are_exact():
    found = RangeTest(LR, losses(LR))
    assert found.steepest == pytest.approx(1e-3, rel=0.03)
    assert found.lowest == pytest.approx(lowest_of(1e-3, 1e-1), rel=0.1)


def test_what_follows_a_divergence_says_nothing():
    loss = losses(LR)
    at = int(np.argmin(np.abs(LR - 0.3)))
    loss[at:] = np.nan
    assert RangeTest(LR, loss).lowest == pytest.approx(RangeTest(LR[:at], losses(LR)[:at]).lowest)
    loss[at:] = 1e9
    assert RangeTest(LR, loss).lowest == pytest.approx(RangeTest(LR[:at], losses(LR)[:at]).lowest)


@pytest.mark.parametrize(
    ("lr", "loss", "message"),
    [
        (LR, 4 + np.log(LR / 1e-6) / 9, "only rises, from a rate of 1e-06"),
        (LR, 4 - np.log(LR / 1e-6) / 9, r"falls up to the last rate, 0.95: go on higher"),
        (LR[:10], losses(LR[:10]), "at least 20 losses"),
        (LR, losses(LR[1:]), "as long"),
        (LR[::-1], losses(LR), "must rise"),
        (0 * LR, losses(LR), "must rise from above 0, and that of row 0 is 0"),
        (LR, 3 + 0.1 * np.random.default_rng(0).normal(size=300), "no more than it scatters|only rises|falls up"),
        (LR, np.full(300, np.nan), "got 0 until the first that is not finite"),
    ],
)
def test_what_is_no_range_test_is_refused(lr, loss, message):
    with pytest.raises(ValueError, match=message):
        RangeTest(lr, loss)


@pytest.fixture
def log(tmp_path):
    """A log of every fifth update, with a held-out loss that is another one."""
    path = tmp_path / "run.csv"
    with path.open("w", newline="") as file:
        rows = zip(range(300), LR, losses(LR), strict=True)
        csv.writer(file).writerows([("step", "lr", "train_loss", "val_loss"), *((*row, 3.0) for row in rows)][::5])
    text = path.read_text().splitlines()
    path.write_text("\n".join(["step,lr,train_loss,val_loss", *text[1:]]) + "\n")
    return path


def test_a_log_is_read_with_its_rates_or_its_schedule(log):
    read = read_range_test(log)
    assert read.lowest == pytest.approx(lowest_of(1e-3, 1e-1), rel=0.15)
    assert read_range_test(log, SCHEDULE).max_lr == read.max_lr
    with pytest.raises(ValueError, match="falls by no more than it scatters"):
        read_range_test(log, loss="val_loss")


def test_updates_done_and_the_index_of_an_update_are_told_apart():
    index = {"step": np.arange(300), "loss": losses(LR)}
    done = {"updates": np.arange(300) + 1, "loss": losses(LR)}
    assert read_range_test(index, SCHEDULE).lowest == read_range_test(done, SCHEDULE).lowest


def test_without_rates_the_schedule_is_asked_for():
    with pytest.raises(ValueError, match=r"run has no column of rates; say which column has them, lr=\.\.\."):
        read_range_test({"step": np.arange(300), "loss": losses(LR)})


def test_command(log, tmp_path):
    said = output("range-test", str(log), "--schedule", TEXT, "--out", str(tmp_path / "test.png"))
    assert f"Start with a peak of {read_range_test(log, SCHEDULE).max_lr:g}" in said
    assert (tmp_path / "test.png").stat().st_size > 5_000
    assert json.loads(output("range-test", str(log), "--json"))["max_lr"] == read_range_test(log).max_lr


def test_command_refuses(log):
    assert "has no column 'nothing'" in error("range-test", str(log), "--loss", "nothing")


def test_picture_names_its_three_rates():
    ax = RangeTest(LR, losses(LR)).plot()
    assert [text.get_text().split()[0] for text in ax.texts] == ["peak", "steepest", "lowest"]
    assert ax.get_xscale() == "log"
