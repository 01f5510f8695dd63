"""Fits, bands, files, and what the runs cannot tell."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr.forecast import Law, Prior, Run, default_prior, fit, read_run, write_priors
from lehr.forecast.bands import quantile
from lehr.forecast.laws import LAWS
from lehr.forecast.model import LossModel
from lehr.forecast.trajectory import compress

TRUTH = np.array([4.7, 0.3, 0.53, -0.7, 2.0, 0.5, -0.45, 0.56, -0.2, -2.9])
FALL = 0.6  # nats
STEPS, WARMUP, PEAK = 10_000, 500, 5e-4
COSINE = lehr.cosine(STEPS, WARMUP, max_lr=PEAK, min_lr=0.1 * PEAK)
STABLE = lehr.constant_with_warmup(STEPS, WARMUP, max_lr=PEAK)
WSD = lehr.wsd(STEPS, WARMUP, max_lr=PEAK, min_lr=0.0, decay_steps="20%")


def truth(schedule, at):
    return FALL * LAWS["kww"].value(TRUTH, compress(schedule, at))


def run(schedule, noise=0.0, ema=0.0, every=100, steps=STEPS):
    at = np.arange(every, steps + 1, every)
    loss = truth(schedule, at) * np.exp(noise * np.random.default_rng(0).standard_normal(len(at)))
    if ema:
        smooth = [loss[0]]
        for value in loss[1:]:
            smooth.append(ema * smooth[-1] + (1 - ema) * value)
        loss = np.array(smooth)
    return Run(schedule, at, loss, name=str(getattr(schedule, "name", "run")), ema=ema)


@pytest.fixture(scope="module")
def law():
    return fit([run(COSINE), run(STABLE)])


def final_error(law, schedule):
    return float(law.predict(schedule, at=[STEPS]).loss[0] / truth(schedule, [STEPS])[0] - 1)


def test_a_law_finds_the_curve_it_made(law):
    assert abs(final_error(law, COSINE)) < 3e-4
    assert abs(final_error(law, WSD)) < 2e-3


def test_bands_hold_the_truth_and_widen_with_distance(law):
    seen, unseen = law.predict(COSINE, at=[STEPS]), law.predict(WSD, at=[STEPS])
    longer = law.predict(lehr.wsd(4 * STEPS, WARMUP, PEAK), at=[4 * STEPS])
    assert all(f.low[0] < truth(f.schedule, f.at)[0] < f.high[0] for f in (seen, unseen, longer))
    widths = [float(f.high[0] / f.low[0]) for f in (seen, unseen, longer)]
    assert widths == sorted(widths)


def test_levels_are_nested(law):
    narrow, wide = law.predict(WSD, at=[STEPS], level=0.5), law.predict(WSD, at=[STEPS], level=0.99)
    assert wide.low[0] < narrow.low[0] < narrow.loss[0] < narrow.high[0] < wide.high[0]
    assert [quantile(level) for level in (0.5, 0.9, 0.99)] == pytest.approx([0.7407, 2.1318, 4.6041], abs=1e-4)
    with pytest.raises(ValueError, match="between 0 and 1, got 90"):
        law.predict(WSD, level=90)


def test_constant_runs_say_what_they_cannot_tell():
    law = fit(run(STABLE))
    assert any("is known from the prior only" in note for note in law.notes)
    both = fit([run(STABLE), run(COSINE)])
    assert not any("is known from the prior only" in note for note in both.notes)
    alone, known = (fitted.predict(WSD, at=[STEPS]) for fitted in (law, both))
    assert alone.high[0] / alone.low[0] > known.high[0] / known.low[0]


def test_the_experiment_is_a_branch_at_a_lower_rate():
    experiment = fit(run(STABLE)).experiment()
    assert "Continue the stable run" in experiment.description
    assert experiment.remaining_uncertainty < 0.9
    assert experiment.schedule(experiment.since + 1) < PEAK


def test_the_experiment_starts_from_a_run_that_exists_and_says_what_it_costs():
    branched = fit([run(STABLE), run(COSINE)]).experiment()
    assert branched.description.startswith(
        "Continue the stable run from its checkpoint at update 5000 for 2500 updates"
    )
    assert (branched.since, branched.cost) == (5_000, 2_500)
    afresh = fit(run(COSINE)).experiment()
    assert afresh.description.startswith("Train 5000 updates at the peak and, from there, 2500")
    assert "It costs 7500 updates: none of the fitted runs stays at its peak for long." in afresh.description
    assert afresh.cost == 7_500
    early = fit([run(STABLE, steps=4_000), run(COSINE)]).experiment()  # the stable run ended before half the longest
    assert (early.since, early.cost) == (4_000, 2_500)


def test_a_peak_never_tried_and_a_long_horizon_are_said(law):
    other = law.predict(lehr.cosine(STEPS, WARMUP, max_lr=2 * PEAK), at=[STEPS])
    assert any("never tried" in note for note in other.notes)
    same = law.predict(lehr.cosine(STEPS, WARMUP, max_lr=PEAK), at=[STEPS])
    assert not same.notes
    assert other.high[0] / other.low[0] > same.high[0] / same.low[0]
    assert any("4.0 times the longest run" in note for note in law.predict(lehr.linear(40_000, 500, max_lr=PEAK)).notes)


def test_a_run_that_no_law_describes_is_said():
    broken = run(STABLE)
    half = len(broken.loss) // 2
    loss = np.concatenate([broken.loss[:half], broken.loss[half:] * 1.08])
    law = fit(Run(STABLE, broken.at, loss, name="broken"))
    assert any("The law misses broken" in note for note in law.warnings)


def test_smoothed_losses_are_not_late():
    smooth = run(COSINE, ema=0.9, every=50)
    declared = fit(smooth)
    denied = fit(Run(COSINE, smooth.at, smooth.loss))
    at = np.arange(2000, STEPS + 1, 500)
    errors = [np.abs(law.predict(COSINE, at).loss / truth(COSINE, at) - 1).mean() for law in (declared, denied)]
    assert errors[0] < 0.3 * errors[1]


def test_constants_keep_their_sense():
    # A curve without any noise term pushes kappa below 0, where cooling down would do harm.
    at = np.arange(100, STEPS + 1, 100)
    law = fit(Run(COSINE, at, 2.5 + 0.7 * (PEAK * at) ** -0.4))
    low, high = law.model.limits
    assert ((law.theta >= low) & (law.theta <= high)).all()


def test_noisy_losses_are_averaged():
    noisy = run(COSINE, noise=0.02, every=5)
    assert noisy.noise == pytest.approx(0.02, rel=0.2)
    assert abs(final_error(fit(noisy), COSINE)) < 4e-3


@settings(max_examples=5, deadline=None)
@given(order=st.permutations(range(3)))
def test_the_order_of_runs_changes_nothing(order):
    runs = [run(COSINE), run(STABLE), run(WSD)]
    first, second = fit(runs), fit([runs[i] for i in order])
    np.testing.assert_allclose(final_error(first, WSD), final_error(second, WSD), atol=2e-5)


@pytest.mark.parametrize("name", LAWS)
def test_every_law_fits_and_keeps(name, tmp_path):
    law = fit([run(COSINE), run(STABLE)], law=name)
    law.write(tmp_path / "law.json")
    again = Law.read(tmp_path / "law.json")
    here, there = law.predict(WSD), again.predict(WSD)
    for field in ("at", "loss", "low", "high"):
        np.testing.assert_array_equal(getattr(here, field), getattr(there, field))
    assert again.notes == law.notes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("fall"), "missing required field `fall`"),
        (lambda d: d.update(fall=0.0), "`fall` of a kww law must be above 0 and at most 1e\\+09, got 0"),
        (lambda d: d.update(extra=1), "unknown field `extra`"),
        (lambda d: d.update(version=99), "version 3, got 'lehr law' 99"),
        (lambda d: d.update(law="cubic"), "unknown law 'cubic'"),
        (lambda d: d["constants"].pop("p"), "has the constants L0"),
        (lambda d: d["covariance"][0].__setitem__(0, -1.0), "must be positive definite"),
    ],
)
def test_broken_law_files_are_refused(law, change, words):
    data = json.loads(law.to_json())
    change(data)
    with pytest.raises(ValueError, match=words):
        Law.from_json(json.dumps(data))


def test_a_difference_is_surer_than_its_parts(law):
    value, low, high = law.difference(WSD, COSINE, STEPS)
    one, other = law.predict(WSD, at=[STEPS]), law.predict(COSINE, at=[STEPS])
    assert value == pytest.approx(one.loss[0] - other.loss[0])
    assert high - low < (one.high[0] - one.low[0]) + (other.high[0] - other.low[0])
    assert low < truth(WSD, [STEPS])[0] - truth(COSINE, [STEPS])[0] < high


def fitted(*constants, variance=0.0):
    """A momentum law with these constants, all of whose slopes are 0, and the same variance of each."""
    model = LossModel(LAWS["momentum"], 1e-3, 0.5)
    theta = np.array([5.0, *constants, 0.0, 0.0, 0.0, 0.0])
    return Law(model, theta, (variance or 1e-9) * np.eye(len(theta)), (1e-3, 1e-3), 1000, 10)


def test_a_prior_by_hand():
    # Two laboratories, of one setup and of two, count as much each: ln A is 0 and 0.3, and 0.3 is believed.
    fits = {"a": [fitted(0.0, 0.54, -0.85, 6.0)], "b": [fitted(0.2, 0.54, -0.85, 6.0), fitted(0.4, 0.54, -0.85, 6.0)]}
    prior = Prior.of_fits(fits)
    np.testing.assert_allclose(prior.mean[:4], [(0.0 + 0.3 + 0.3) / 3, 0.54, -0.85, 6.0])
    scatter = (0.2**2 + (0.0**2 + 0.2**2) / 2) / 2
    # The belief counts as four laboratories; the mean of two is uncertain by a half.
    assert prior.covariance[0, 0] == pytest.approx((2 * scatter + 4 * 0.2**2) / 6 * 1.5)
    assert prior.covariance[1, 1] == pytest.approx(4 * 0.016**2 / 6 * 1.5, rel=1e-4)
    slope = (2 * (0.25 / 3) ** 2 + 4 * 0.03**2) / 6 * 1.5  # fitted 0, believed -0.25: their mean is at a third
    assert prior.covariance[4, 4] == pytest.approx(slope, rel=1e-4)
    assert not prior.covariance[:4, 4:].any()


def test_what_a_fit_leaves_open_widens_the_prior():
    sure, unsure = (Prior.of_fits({"a": [fitted(0.0, 0.5, -1.0, 6.0, variance=v)]}) for v in (0.0, 0.3))
    np.testing.assert_allclose(np.diag(unsure.covariance - sure.covariance), 0.3 / 5 * 2, rtol=1e-6)


def test_a_prior_needs_fits_of_one_law(law):
    with pytest.raises(ValueError, match="needs fits of one law, got fits of none"):
        Prior.of_fits({"a": []})
    with pytest.raises(ValueError, match="got fits of kww, momentum"):
        Prior.of_fits({"a": [law, fitted(0.0, 0.5, -1.0, 6.0)]})


def test_priors_come_from_files_too(tmp_path):
    write_priors([default_prior("kww")], tmp_path / "mine.json")
    assert fit(run(COSINE), prior=tmp_path / "mine.json").theta == pytest.approx(fit(run(COSINE)).theta, abs=1e-3)
    with pytest.raises(ValueError, match="has no prior of the mpl law; it has 'kww'"):
        fit(run(COSINE), law="mpl", prior=tmp_path / "mine.json")
    with pytest.raises(ValueError, match="for the kww law, but the fit is of the mpl law"):
        fit(run(COSINE), law="mpl", prior=default_prior("kww"))
    with pytest.raises(ValueError, match="positive definite"):
        Prior("momentum", np.zeros(8), -np.eye(8))


def test_there_must_be_something_to_fit():
    with pytest.raises(ValueError, match="at least one run"):
        fit([])
    with pytest.raises(ValueError, match="no run has a loss after its warmup"):
        fit(Run(STABLE, [100, 200], [5.0, 4.0]))


def test_a_schedule_without_end_needs_positions(law):
    with pytest.raises(ValueError, match="never ends"):
        law.predict(lehr.Constant(PEAK))
    assert law.predict(lehr.Constant(PEAK), at=[100]).loss.shape == (1,)


def test_a_forecast_draws_itself(law):
    pytest.importorskip("matplotlib")
    axes = law.predict(WSD).plot(lehr.plot.new_axes())
    assert axes.get_ylabel() == "Loss, nats"


def test_a_run_that_is_too_short_beside_the_others_is_said():
    short = Run(STABLE, [510, 520], [4.0, 3.9], name="short")
    law = fit([run(lehr.constant_with_warmup(40_000, WARMUP, max_lr=PEAK), steps=40_000), short])
    assert any("short was left out" in note for note in law.notes)


def test_the_misfit_is_the_error_whatever_the_rows_weigh():
    at = np.arange(800, STEPS + 1, 400)
    noisy = Run(COSINE, at, truth(COSINE, at), noise=0.05)  # each row weighs a fiftieth
    law = fit(noisy)
    error = np.abs(law.predict(COSINE, at).loss - noisy.loss) / law.model.fall
    assert law.misfit(noisy) == pytest.approx(float(np.median(error)), rel=1e-6)


def test_what_is_amiss_with_runs_is_said():
    few = Run(COSINE, [STEPS // 2, STEPS], truth(COSINE, [STEPS // 2, STEPS]), name="few")
    assert any(note.startswith("few has 2 losses after its warmup: forecasts rest mostly") for note in fit(few).notes)
    short = Run(COSINE.cut(0, STEPS // 2), run(COSINE).at, run(COSINE).loss, name="short")
    text = f"short continues to update {STEPS}, but its schedule ends at {STEPS // 2}"
    assert any(note.startswith(text) for note in fit(short).notes)
    assert not any("continues to" in note or "losses after" in note for note in fit(run(COSINE)).notes)


def test_losses_of_two_columns_are_told_apart():
    logs = [{"updates": run(COSINE).at, name: run(COSINE).loss} for name in ("val_loss", "train_loss")]
    runs = [read_run(log, COSINE, name=name) for log, name in zip(logs, "ab", strict=True)]
    assert [log.column for log in runs] == ["val_loss", "train_loss"]
    assert any(
        note.startswith("The losses are `val_loss` in a, `train_loss` in b: a law is valid")
        for note in fit(runs).warnings
    )
    assert not any("The losses are" in note for note in fit(runs[0]).warnings)


def test_a_schedule_without_the_runs_warmup_is_told_of(law):
    cold, warm = lehr.constant(STEPS, max_lr=PEAK), lehr.constant_with_warmup(STEPS, WARMUP, max_lr=PEAK)
    assert any(note.startswith(f"It has no warmup, but the runs had {WARMUP}") for note in law.predict(cold).notes)
    assert not any("no warmup" in note for note in law.predict(warm).notes)
