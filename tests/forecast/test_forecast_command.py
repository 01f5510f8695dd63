"""lehr forecast: tables, differences and pictures."""

import csv
import json

import pytest
from shell import COSINE, PEAK, STEPS, TEXT, WARMUP, WSD_TEXT, error, output

import lehr
from lehr import spec
from lehr.forecast import Law


def test_forecast_puts_losses_and_differences_side_by_side(here):
    printed = output("forecast", "law.json", TEXT, WSD_TEXT)
    law, wsd = Law.read("law.json"), lehr.wsd(STEPS, WARMUP, max_lr=PEAK)
    points = [law.predict(schedule, [STEPS]) for schedule in (COSINE, wsd)]
    value, low, high = law.difference(COSINE, wsd, STEPS)
    assert value > 0
    assert [line.split(maxsplit=9) for line in printed.splitlines()[1:3]] == [
        ["A", "4,000", *_band(points[0]), f"{value:+.4f}", f"{low:+.4f}", "to", f"{high:+.4f}  {TEXT}"],
        ["B", "4,000", *_band(points[1]), "best", *WSD_TEXT.split(" ")],
    ]  # fmt: skip
    plot = printed.partition("(loss)")[2]
    assert (plot.count("A"), plot.count("B")) == (3, 3)
    assert plot.splitlines()[-1].split()[-1] == "4k"
    assert ("B has the lowest loss; A may be as good" in printed) == (low <= 0)


def _band(point):
    return [f"{point.loss[0]:.4f}", f"{point.low[0]:.4f}", "to", f"{point.high[0]:.4f}"]


def test_forecast_of_runs_of_unequal_length(here):
    found = json.loads(output("forecast", "law.json", TEXT, "cosine(8k, 200, max_lr=1e-3)", "--format", "json"))
    assert [row["updates"] for row in found] == [4000, 8000]
    short, long = found
    assert (long["difference"], long["difference_low"], long["difference_high"]) == (0, 0, 0)
    assert short["difference"] == pytest.approx(short["loss"] - long["loss"])
    assert short["difference_low"] < short["difference"] < short["difference_high"]
    assert "B: Its 8001 updates" in output("forecast", "law.json", TEXT, "cosine(8001, 200, max_lr=1e-3)")


def test_forecast_at_positions_and_another_level(here):
    words = ["forecast", "law.json", TEXT, "constant(max_lr=1e-3)", "--at", "1k,4000", "--level", "0.5"]
    found = list(csv.DictReader(output(*words, "--format", "csv").splitlines()))
    assert [(row["schedule"], row["updates"]) for row in found] == [
        (text, at) for at in ("1000", "4000") for text in (TEXT, "constant(max_lr=1e-3)")
    ]
    law = Law.read("law.json")
    for row in found:
        point = law.predict(spec.from_text(row["schedule"]), [int(row["updates"])], level=0.5)
        assert [float(row[name]) for name in ("loss", "low", "high", "level")] == [
            point.loss[0], point.low[0], point.high[0], 0.5,
        ]  # fmt: skip
    assert json.loads(output(*words, "--format", "json")) == [
        {name: value if name in ("schedule", "reach") else float(value) for name, value in row.items()} for row in found
    ]
    assert output(*words).splitlines()[0].count("50 % band") == 2


def test_forecast_reads_schedules_as_compare_does(here):
    spec.write(COSINE, "run.yaml")
    said = ["--training-steps", str(STEPS), "--warmup-steps", str(WARMUP), "--max-lr", str(PEAK)]
    words = ["run.yaml", TEXT, "-", "cosine"]
    found = json.loads(output("forecast", "law.json", *words, *said, "--format", "json", stdin=spec.to_json(COSINE)))
    assert [row["schedule"] for row in found] == words
    assert len({row["loss"] for row in found}) == 1
    assert {(row["difference_low"], row["difference_high"]) for row in found} == {(0.0, 0.0)}


def test_one_schedule_has_nothing_to_differ_from(here):
    printed = output("forecast", "law.json", TEXT)
    assert "best " not in printed.splitlines()[1]
    assert "may be as good" not in printed


def test_the_notes_of_a_forecast_are_said_once(here):
    printed = " ".join(output("forecast", "law.json", "linear(4k, 200, max_lr=3e-3)", TEXT, "--at", "3k,4k").split())
    assert printed.count("Its peak of 0.003 was never tried") == 1


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_forecast_draws_a_picture(suffix, start, here):
    printed = output("forecast", "law.json", TEXT, WSD_TEXT, "--out", f"picture{suffix}")
    assert printed.endswith(f"wrote picture{suffix}\n")
    assert "(loss)" not in printed
    assert (here / f"picture{suffix}").read_bytes().startswith(start)


def test_a_picture_of_several_has_bands_a_legend_and_no_first_descent(here):
    law = Law.read("law.json")
    curves = {"cosine": law.predict(COSINE), "short": law.predict(lehr.linear(300, 100, max_lr=PEAK))}
    axes = lehr.forecast.plot_forecasts(curves, lehr.plot.new_axes())
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["cosine", "short"]
    assert len(axes.collections) == 2
    bottom, top = axes.get_ylim()
    assert bottom < curves["cosine"].low[-1]
    assert curves["short"].high[-1] <= top < curves["short"].high[0]
    with pytest.raises(ValueError, match="at least one forecast"):
        lehr.forecast.plot_forecasts({})


def test_a_difference_between_lengths_is_none_between_nearly_equal_runs(here):
    law = Law.read("law.json")
    constant = lehr.Constant(PEAK)
    assert law.difference(constant, constant, (STEPS, STEPS)) == (0.0, 0.0, 0.0)
    near, far = (law.difference(constant, constant, (STEPS, STEPS + more)) for more in (1, STEPS))
    assert near[2] - near[1] < 0.02 * (far[2] - far[1])
    back = law.difference(constant, constant, (2 * STEPS, STEPS))
    assert back == pytest.approx((-far[0], -far[2], -far[1]))


def test_a_bare_name_peaks_where_the_runs_did(here):
    given = ["--training-steps", str(STEPS), "--warmup-steps", str(WARMUP), "--format", "csv"]
    said = output("forecast", "law.json", "cosine", "linear", *given, "--max-lr", str(PEAK))
    assert output("forecast", "law.json", "cosine", "linear", *given) == said
    assert output("forecast", "law.json", "cosine", "linear", *given, "--max-lr", str(PEAK / 2)) != said
    assert output("forecast", "law.json", TEXT, "--format", "csv").splitlines()[1].startswith(TEXT.join('""'))


def test_a_bare_name_warms_up_as_the_runs_did(here):
    given = ["--training-steps", str(STEPS), "--format", "csv"]
    said = output("forecast", "law.json", "cosine", *given, "--warmup-steps", str(WARMUP))
    assert output("forecast", "law.json", "cosine", *given) == said
    assert output("forecast", "law.json", "cosine", *given, "--warmup-steps", "0") != said


def test_in_what_a_forecast_extrapolates_is_said(here):
    printed = " ".join(output("forecast", "law.json", f"cosine({3 * STEPS}, {WARMUP}, max_lr={3 * PEAK})").split())
    assert "A extrapolates in horizon and peak." in printed
    assert "extrapolates" not in output("forecast", "law.json", TEXT)
    (row,) = json.loads(output("forecast", "law.json", TEXT, "--format", "json"))
    assert row["reach"] == "interpolates"


def test_a_run_that_the_law_misses_is_said_before_the_numbers(here):
    law = json.loads((here / "law.json").read_text())
    note = "The law misses old.csv by 0.1 (median), 12% of what the loss fell."
    (here / "missed.json").write_text(json.dumps(law | {"warnings": [note]}))
    assert output("forecast", "missed.json", TEXT).startswith("- The law misses old.csv")
    assert not output("forecast", "law.json", TEXT).startswith("- ")


def test_a_law_of_an_older_version_is_named_by_its_version(here):
    """Its fields are others, so that the first thing wrong with it is not what matters."""
    law = json.loads((here / "law.json").read_text())
    del law["warnings"]
    (here / "older.json").write_text(json.dumps(law | {"version": 2}))
    assert "expected a law file of version 3, got 'lehr law' 2" in error(here, "forecast", "older.json", TEXT)
