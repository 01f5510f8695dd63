"""lehr optimise: the schedule, its price and the verdict."""

import json

import pytest
from shell import COSINE, PEAK, WARMUP, error, output

from lehr import spec
from lehr.cli.optimise import verdict
from lehr.forecast import Choice, Law, Optimum


def test_optimise_writes_a_schedule_and_prints_its_price(here):
    pytest.importorskip("scipy")
    printed = output("optimise", "law.json", "--training-steps", "6k", "-o", "best.yaml")
    best = Law.read("law.json").optimise(training_steps=6000, max_lr=PEAK)
    written = spec.read("best.yaml")
    assert written == best.schedule
    assert written.length == 6000
    assert (max(map(written, range(6000))), written(WARMUP)) == (PEAK, PEAK)
    _, first, *families = printed.splitlines()[:6]
    assert first.split()[:3] == ["A", "optimised", f"{best.loss:.4f}"]
    assert [line.removeprefix("B ").split()[0] for line in families] == [choice.name for choice in best.families]
    simple = best.best_named
    costs = ["B", simple.name, f"{simple.loss:.4f}", f"{simple.low:.4f}", "to", f"{simple.high:.4f}"]
    costs += [f"{simple.excess:+.4f}", f"{simple.excess_low:+.4f}", "to", f"{simple.excess_high:+.4f}"]
    assert families[0].split()[:10] == costs
    assert spec.from_text(families[0].split(maxsplit=10)[10]) == simple.schedule
    assert verdict(best) in " ".join(printed.split())
    assert printed.endswith("wrote the optimised schedule to best.yaml\n")
    assert output("show", "best.yaml").startswith(written.describe())


def test_optimise_hands_its_options_on(here):
    pytest.importorskip("scipy")
    said = ["--training-steps", "900", "--warmup-steps", "0", "--max-lr", "2e-3", "--min-lr", "1e-4"]
    printed = output("optimise", "law.json", *said, "--out", "best.json")
    best = spec.read("best.json")
    assert best(0) == 2e-3
    assert 1e-4 <= best(900) <= 1.02e-4
    assert best(900) <= min(map(best, range(900)))
    assert "Its peak of 0.002 was never tried" in printed


def test_the_highest_peak_of_the_runs_is_taken(here):
    pytest.importorskip("scipy")
    law = json.loads((here / "law.json").read_text())
    (here / "law.json").write_text(json.dumps(law | {"peaks": [5e-4, PEAK]}))
    output("optimise", "law.json", "--training-steps", "900", "--out", "best.json")
    assert max(map(spec.read("best.json"), range(900))) == PEAK


def test_the_verdict_goes_by_the_band_of_the_price():
    def optimum(low):
        choice = Choice("wsd", COSINE, 3.0, 2.9, 3.1, 0.01, low, 0.02)
        return Optimum(COSINE, 2.99, 2.9, 3.1, (choice,))

    assert verdict(optimum(-0.001)) == "Use wsd: its excess loss is 0.0100 (-0.0010 to +0.0200), which may be zero."
    assert verdict(optimum(0.001)).startswith("Use the optimised schedule if this difference matters: ")


def test_a_free_peak_is_refused_for_runs_with_one(here):
    pytest.importorskip("scipy")
    said = error(here, "optimise", "law.json", "--training-steps", "900", "--max-lr", "free")
    assert "`max_lr` can be" in said or "--max-lr can be" in said
    assert "'much' is not a valid float" in error(
        here, "optimise", "law.json", "--training-steps", "900", "--max-lr", "much"
    )
