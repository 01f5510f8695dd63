"""`lehr fit`, `lehr forecast` and `lehr optimise`: what they print and write, and how they fail."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import lehr
from lehr import spec
from lehr.cli import main
from lehr.cli.optimise import verdict
from lehr.forecast import Choice, Law, Optimum, Prior, Run, laws, priors, read_run
from lehr.forecast import fit as fit_law
from lehr.forecast.intervals import unlike
from lehr.forecast.knots import compress

STEPS, WARMUP, PEAK = 4_000, 199, 1e-3  # the row of update 200 has the peak
STABLE = lehr.constant_with_warmup(STEPS, WARMUP, PEAK)
COSINE = lehr.cosine(STEPS, WARMUP, PEAK)
TEXT = f"cosine({STEPS}, {WARMUP}, max_lr={PEAK})"
STABLE_TEXT = f"constant_with_warmup({STEPS}, {WARMUP}, max_lr={PEAK})"
WSD_TEXT = f"wsd({STEPS}, {WARMUP}, max_lr={PEAK})"
AT = np.arange(50, STEPS + 1, 50)


def truth(schedule, at=AT):
    """What a model would log whose constants are the prior's mean, with a floor of 2.5 nats."""
    return laws.get("kww").value(np.array([2.5, *priors.default("kww").mean]), compress(schedule, at))


def rows(schedule, **extra):
    """A log that counts updates done, as rows; rates are those of the last update."""
    return [
        {"updates": int(at), "lr": schedule(int(at) - 1), "val_loss": round(float(loss), 5), **extra}
        for at, loss in zip(AT, truth(schedule), strict=True)
    ]


def write_csv(path, entries, delimiter=","):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(entries[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(entries)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with two logs and the law that fits them."""
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "stable.csv", rows(STABLE))
    write_csv(tmp_path / "cosine.csv", rows(COSINE))
    fit_law([read_run("stable.csv", name="stable.csv"), read_run("cosine.csv", name="cosine.csv")]).write("law.json")
    return tmp_path


def run(*words, stdin=None):
    return CliRunner().invoke(main, words, input=stdin)


def output(*words, stdin=None):
    done = run(*words, stdin=stdin)
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    return done.stdout


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def error(folder, *words, stdin=None):
    """The one line of an error, after which every file is as it was."""
    before = contents(folder)
    done = run(*words, stdin=stdin)
    assert (done.exit_code, done.stdout) == (2, ""), done.stdout
    assert contents(folder) == before
    (line,) = done.stderr.splitlines()
    return line


def process(*words, code="from lehr.cli import main; main(prog_name='lehr')", **options):
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, **options)


# lehr fit.


def test_fit_writes_the_law_of_the_logs_and_says_what_it_read(here):
    printed = output("fit", "stable.csv", "cosine.csv", "-o", "new.json")
    assert (here / "new.json").read_bytes() == (here / "law.json").read_bytes()
    head, stable, cosine = (line.split() for line in printed.splitlines()[:3])
    assert head == ["log", "losses", "updates", "peak", "warmup", "last", "loss", "misfit", "rates"]
    last = [f"{rows(schedule)[-1]['val_loss']:.4f}" for schedule in (STABLE, COSINE)]
    assert (stable[:4], stable[5:6], stable[7]) == (["stable.csv", "80", "4,000", "0.001"], last[:1], "logged")
    assert (cosine[:4], cosine[5:6], cosine[7]) == (["cosine.csv", "80", "4,000", "0.001"], last[1:], "logged")
    assert all(float(row[6].rstrip("%")) < 0.05 for row in (stable, cosine))
    law = Law.read("law.json")
    flat = " ".join(printed.split())
    assert "kww law: L0 2." in flat
    assert all(note.replace("\n", " ") in flat.replace("- ", "") for note in law.notes)
    assert law.experiment().words in flat
    assert repr(law.experiment().schedule) in flat
    assert printed.endswith("wrote new.json\n")


def test_each_log_has_the_schedule_that_was_said_for_it(here):
    printed = output(
        "fit", "stable.csv", "cosine.csv", "--schedule", f"cosine.csv={TEXT}", "--schedule", STABLE_TEXT, "-o", "a.json"
    )
    assert [line.split("%")[1].strip() for line in printed.splitlines()[1:3]] == [STABLE_TEXT, TEXT]
    runs = [read_run("stable.csv", STABLE, name="stable.csv"), read_run("cosine.csv", COSINE, name="cosine.csv")]
    assert (here / "a.json").read_text() == fit_law(runs).to_json() + "\n"


def test_a_schedule_may_be_a_file_and_come_from_standard_input(here):
    spec.write(COSINE, here / "lr=1.yaml")
    wanted = fit_law(read_run("cosine.csv", COSINE, name="cosine.csv")).to_json() + "\n"
    for text in ("lr=1.yaml", "cosine.csv=lr=1.yaml", "-", "cosine.csv=-"):
        output("fit", "cosine.csv", "--schedule", text, "-o", "a.json", stdin=spec.to_yaml(COSINE))
        assert (here / "a.json").read_text() == wanted


def test_logs_of_one_name_are_told_apart(here):
    for folder, schedule in (("lr=1", STABLE), ("lr=2", COSINE)):
        (here / folder).mkdir()
        write_csv(here / folder / "metrics.csv", rows(schedule))
    one, two = "lr=1/metrics.csv", "lr=2/metrics.csv"
    printed = output("fit", one, two, "--schedule", f"{two}={TEXT}", "-o", "a.json")
    assert [line.split()[0] for line in printed.splitlines()[1:3]] == [one, two]
    assert printed.splitlines()[1].endswith("logged")
    assert printed.splitlines()[2].endswith(TEXT)


def test_what_is_wrong_with_a_log_is_said_once_and_by_line(here):
    entries = rows(STABLE)
    entries[20]["val_loss"] = 9.0
    entries[30], entries[31] = entries[31], entries[30]
    entries[40]["val_loss"] = "n/a"
    write_csv(here / "bad.csv", entries)
    done = process("fit", "bad.csv", "cosine.csv", "-o", "a.json", cwd=here)  # where warnings would be shown
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    for said in ("spikes in line 22", "out of order in line 33", "no number in line 42"):
        assert flat.count(said) == 1
        assert f"bad.csv: {'the loss ' if 'spikes' in said else ''}" in flat
    assert "cosine.csv:" not in flat


def test_what_all_logs_share_is_said_once(here):
    for name in ("a", "b"):
        write_csv(here / f"{name}.csv", [{"step": r["updates"] - 1, "val_loss": r["val_loss"]} for r in rows(STABLE)])
    printed = output("fit", "a.csv", "b.csv", "--schedule", "-", "-o", "a.json", stdin=STABLE_TEXT)
    assert printed.count("- All: `step` was read as the index of an update.") == 1
    assert printed.count("was read as") == 1


def test_a_run_that_ends_too_soon_has_no_misfit(here):
    write_csv(here / "early.csv", rows(STABLE)[:3])
    printed = output("fit", "stable.csv", "early.csv", "-o", "a.json")
    assert len(printed.splitlines()[2].split()) == 7
    assert "early.csv was left out: it has no loss after its warmup" in " ".join(printed.split())


def _tsv(path):
    write_csv(path.with_suffix(".tsv"), rows(COSINE), delimiter="\t")
    return path.with_suffix(".tsv")


def _jsonl(path):
    path.with_suffix(".jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows(COSINE)))
    return path.with_suffix(".jsonl")


def _trainer_state(path):
    history = [{"step": r["updates"], "learning_rate": r["lr"], "eval_loss": r["val_loss"]} for r in rows(COSINE)]
    path.with_suffix(".json").write_text(json.dumps({"log_history": history}))
    return path.with_suffix(".json")


def _tensorboard(path):
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(path)) as writer:
        for row in rows(COSINE):
            writer.add_scalar("val_loss", row["val_loss"], row["updates"] - 1)
            writer.add_scalar("lr", row["lr"], row["updates"] - 1)
    return path


@pytest.mark.parametrize("write", [_tsv, _jsonl, _trainer_state, _tensorboard])
def test_every_kind_of_log(write, here):
    log = write(here / "log").name
    assert output("fit", log, "-o", "a.json").splitlines()[1].split()[1:4] == ["80", "4,000", "0.001"]


@pytest.mark.parametrize(
    ("words", "reading", "fitting"),
    [
        (["--loss", "train_loss"], {"loss": "train_loss"}, {}),
        (["--step", "seen"], {"step": "seen"}, {}),
        (["--step", "seen", "--step-counts", "updates"], {"step": "seen", "step_counts": "updates"}, {}),
        (["--lr", "half"], {"lr": "half"}, {}),
        (["--where", "host=a"], {"where": {"host": "a"}}, {}),
        (["--warmup", "0.3k"], {"warmup": 300}, {}),
        (["--warmup", "0"], {"warmup": 0}, {}),
        (["--ema", "0.9"], {"ema": 0.9}, {}),
        (["--noise", "0.01"], {"noise": 0.01}, {}),
        (["--law", "mpl"], {}, {"law": "mpl"}),
        (["--prior", "mine.json"], {}, {"prior": "mine.json"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_are_those_of_python(words, reading, fitting, here):
    entries = [
        {**r, "train_loss": r["val_loss"] + 0.1, "half": r["lr"] / 2, "seen": r["updates"], "host": "ab"[i > 60]}
        for i, r in enumerate(rows(COSINE))
    ]
    write_csv(here / "log.csv", entries)
    own = priors.default("kww")
    priors.write([Prior("kww", own.mean + 0.1, own.covariance)], "mine.json")
    output("fit", "log.csv", *words, "-o", "a.json")
    wanted = fit_law(read_run("log.csv", name="log.csv", **reading), **fitting)
    assert (here / "a.json").read_text() == wanted.to_json() + "\n"
    without = {"step": "seen"} if "step_counts" in reading else {}
    assert wanted.to_json() != fit_law(read_run("log.csv", name="log.csv", **without)).to_json()


def test_a_law_is_replaced_by_a_new_one(here):
    output("fit", "stable.csv", "-o", "law.json")
    assert Law.read("law.json").to_json() == fit_law(read_run("stable.csv", name="stable.csv")).to_json()


# lehr forecast.


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
    assert ("A may be as good as B" in printed) == (low <= 0)


def _band(point):
    return [f"{point.loss[0]:.4f}", f"{point.low[0]:.4f}", "to", f"{point.high[0]:.4f}"]


def test_forecast_of_runs_of_unequal_length(here):
    found = json.loads(output("forecast", "law.json", TEXT, "cosine(8k, 200, 1e-3)", "--format", "json"))
    assert [row["updates"] for row in found] == [4000, 8000]
    short, long = found
    assert (long["difference"], long["difference_low"], long["difference_high"]) == (0, 0, 0)
    assert short["difference"] == pytest.approx(short["loss"] - long["loss"])
    assert short["difference_low"] < short["difference"] < short["difference_high"]
    assert "B: Its 8001 updates" in output("forecast", "law.json", TEXT, "cosine(8001, 200, 1e-3)")


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
        {name: value if name == "schedule" else float(value) for name, value in row.items()} for row in found
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
    curves = {"cosine": law.predict(COSINE), "short": law.predict(lehr.linear(300, 100, PEAK))}
    axes = lehr.forecast.plot_forecasts(curves)
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
    assert [unlike(np.ones(100), np.ones(n)) for n in (100, 101, 200)] == [0, pytest.approx(20 / 201), 1]
    back = law.difference(constant, constant, (2 * STEPS, STEPS))
    assert back == pytest.approx((-far[0], -far[2], -far[1]))


# lehr optimise.


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
    simple = best.simple
    costs = ["B", simple.name, f"{simple.loss:.4f}", f"{simple.low:.4f}", "to", f"{simple.high:.4f}"]
    costs += [f"{simple.price:+.4f}", f"{simple.price_low:+.4f}", "to", f"{simple.price_high:+.4f}"]
    assert families[0].split()[:10] == costs
    assert spec.from_text(families[0].split(maxsplit=10)[10]) == simple.schedule
    assert verdict(best) in " ".join(printed.split())
    assert printed.endswith("wrote best.yaml, the optimised schedule\n")
    assert output("show", "best.yaml").startswith(written.describe())


def test_optimise_hands_its_options_on(here):
    pytest.importorskip("scipy")
    said = ["--training-steps", "900", "--warmup-steps", "0", "--max-lr", "2e-3", "--min-lr", "1e-4"]
    printed = output("optimise", "law.json", *said, "--out", "best.json")
    best = spec.read("best.json")
    assert best(0) == 2e-3
    assert best(900) == pytest.approx(1e-4, rel=1e-3)
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

    assert verdict(optimum(-0.001)) == "Take wsd: it costs 0.0100 (-0.0010 to +0.0200), which may be nothing."
    assert verdict(optimum(0.001)).startswith("wsd costs 0.0100 (+0.0010 to +0.0200): take the optimised schedule")


# Errors.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fit", "Missing argument 'LOG...'"),
        ("fit stable.csv", "Missing option '-o' / '--out'"),
        ("fit -o stable.csv cosine.csv", "--out is 'stable.csv', and a law file ends in .json"),
        ("fit -o log.json stable.csv", "--out is 'log.json', which is there and is no law file"),
        ("fit stable.csv -o nowhere/law.json", "nowhere/law.json cannot be written"),
        ("fit nowhere.csv -o a.json", "nowhere.csv cannot be read"),
        ("fit text.log -o a.json", "text.log ends in '.log'"),
        ("fit law.json -o a.json", "law.json is neither a trainer_state.json"),
        ("fit empty.csv -o a.json", "empty.csv has no rows"),
        ("fit other.csv -o a.json", "no usual column for `step` among epoch, score; say --step ..."),
        ("fit two.csv -o a.json", "say which, --loss 'val_loss'"),
        ("fit sets.csv -o a.json", "say which, --where split=a"),
        ("fit late.csv -o a.json", "--warmup ..., 0 for none"),
        ("fit norate.csv -o a.json", "say which, --lr ..., or give the schedule"),
        ("fit early.csv -o a.json", "no run has a loss after its warmup"),
        ("fit stable.csv --loss x -o a.json", "stable.csv has no column 'x' for `loss`"),
        ("fit stable.csv --where x -o a.json", "--where takes NAME=VALUE, such as split=val; got 'x'"),
        ("fit stable.csv --where x=1 -o a.json", "stable.csv has no row where"),
        ("fit stable.csv --warmup -1 -o a.json", "a number of steps of at least 0"),
        ("fit stable.csv --ema 1 -o a.json", "`ema` must be"),
        ("fit stable.csv --step-counts tokens -o a.json", "'tokens' is not one of 'index', 'updates'"),
        ("fit stable.csv --law cubic -o a.json", "there is no law 'cubic'; there are kww"),
        ("fit stable.csv --prior nowhere.json -o a.json", "nowhere.json: No such file"),
        ("fit stable.csv --prior law.json -o a.json", "law.json is no file of priors"),
        ("fit stable.csv --prior old.json -o a.json", "old.json: a file of priors of version 2 is needed"),
        ("fit stable.csv stable.csv -o a.json", "stable.csv is given twice"),
        ("fit stable.csv --schedule linear(9) --schedule cosine(9) -o a.json", "LOG=SCHEDULE"),
        ("fit stable.csv --schedule stable.csv=linear(9) --schedule stable.csv=cosine(9) -o a.json", "two schedules"),
        ("fit stable.csv --schedule stabel.csv=linear(9) -o a.json", "stabel.csv is none of the logs, which are"),
        ("fit stable.csv --schedule cosine(9 -o a.json", "is no schedule"),
        ("fit stable.csv --schedule cosine(4k,max_lr=1) -o a.json", "the logged rates are not the schedule's"),
        ("fit x x=y.csv --schedule x=y.csv=linear(9) -o a.json", "may mean x or x=y.csv; rename one"),
        ("forecast", "Missing argument 'LAW'"),
        ("forecast law.json", "Missing argument 'SCHEDULE...'"),
        ("forecast linear(9) cosine(9)", "linear(9): there is no such law file; `lehr fit"),
        ("forecast stable.csv cosine(9)", "stable.csv: this is no law file"),
        ("forecast broken.json cosine(9)", "broken.json: this is no law file: Expected"),
        ("forecast future.json cosine(9)", "future.json: a law file of version 1 is needed"),
        ("forecast law.json cosin", "did you mean 'cosine'?"),
        ("forecast law.json constant(max_lr=1e-3)", "constant(max_lr=1e-3) never ends: say after how many updates"),
        ("forecast law.json cosine(9) --at 0", "at least 1"),
        ("forecast law.json cosine(9) --at 1,,2", "at least 1"),
        ("forecast law.json cosine(9) --level 1", "`level` is the share of losses"),
        ("forecast law.json cosine(9) --format xml", "'xml' is not one of 'csv', 'json'"),
        ("forecast law.json cosine(9) --format csv --out a.png", "say one of them"),
        ("forecast law.json cosine(9) --out picture", "ends in .png"),
        ("forecast law.json cosine(9) --out nowhere/a.png", "nowhere/a.png cannot be written"),
        ("forecast law.json linear(9,max_lr=0)", "a rate above 0"),
        (" ".join(["forecast law.json", *(f"linear({n})" for n in range(1, 29))]), "at most 26"),
        ("optimise law.json", "Missing option '--training-steps'"),
        ("optimise nowhere.json --training-steps 9k", "there is no such law file"),
        ("optimise law.json --training-steps 0", "at least 1"),
        ("optimise law.json --training-steps 100", "`warmup_steps` must leave at least two of the 100 updates"),
        ("optimise law.json --training-steps 9k --min-lr 1", "`min_lr` must be at least 0 and below `max_lr`"),
        ("optimise law.json --training-steps 9k --max-lr nan", "`min_lr` must be at least 0 and below `max_lr`"),
        ("optimise law.json --training-steps 9k --max-lr inf", "finite"),
        ("optimise law.json --training-steps 9k --out best.csv", "--out is 'best.csv', and a spec file ends in .json"),
        ("optimise law.json --training-steps 9k --out law.json", "which is the law file itself"),
        ("optimise law.json --training-steps 1k --out nowhere/best.json", "cannot be written"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_and_changes_no_file(words, said, here):
    law = json.loads((here / "law.json").read_text())
    (here / "broken.json").write_text(json.dumps(law | {"peaks": [0, 1]}))
    (here / "future.json").write_text(json.dumps(law | {"version": 2}))
    (here / "old.json").write_text('{"format": "lehr prior", "version": 0, "priors": []}')
    (here / "log.json").write_text('[{"step": 1, "loss": 3}]')
    (here / "text.log").write_text("step 1")
    (here / "empty.csv").write_text("step,loss\n")
    write_csv(here / "other.csv", [{"epoch": 1, "score": 2}])
    write_csv(here / "two.csv", [{**row, "eval_loss": 3} for row in rows(STABLE)])
    write_csv(here / "sets.csv", [{**row, "split": "ab"[i % 2]} for i, row in enumerate(rows(STABLE))])
    write_csv(here / "late.csv", rows(STABLE)[10:])
    write_csv(here / "norate.csv", [{"step": 9, "loss": 3}])
    write_csv(here / "early.csv", rows(STABLE)[:3])
    assert said in error(here, *words.split(" "))


@pytest.mark.parametrize("words", ["forecast law.json cosine(99)", "optimise law.json --training-steps 9k"])
@pytest.mark.parametrize(
    "change",
    [
        {"peaks": [-1e-3, 1e-3]}, {"peaks": [1e-3]}, {"updates": 0}, {"warmup": -1}, {"states": []}, {"law": "cubic"},
        {"covariance": [[1.0], []]}, {"constants": {}}, {"notes": 3},
    ],
    ids=str,
)  # fmt: skip
def test_a_broken_law_is_one_line_that_names_the_file(change, words, here):
    law = json.loads((here / "law.json").read_text())
    (here / "law.json").write_text(json.dumps(law | change))
    assert error(here, *words.split(" ")).startswith("lehr: law.json: ")


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{", '{"format": "lehr prior", "version": 1}', '{"format": "x", "version": 1, "priors": []}',
        '{"format": "lehr prior", "version": 1, "priors": [{"law": "kww"}]}',
        '{"format": "lehr prior", "version": 1, "priors": []}',
        json.dumps({"format": "lehr prior", "version": 1, "priors": [priors.default("kww").to_dict() | {"mean": [0]}]}),
        '{"format": "lehr prior", "version": 1, "priors": '
        '[{"law": "kww", "parameters": ["ln A"], "mean": [0], "covariance": [[1]]}]}',
    ],
)  # fmt: skip
def test_a_broken_prior_is_one_line_that_names_the_file(content, here):
    (here / "mine.json").write_text(content)
    assert error(here, "fit", "stable.csv", "--prior", "mine.json", "-o", "a.json").startswith("lehr: mine.json")


# Files.


@pytest.mark.parametrize("what", ["law", "priors"])
def test_an_interrupted_write_leaves_what_was_there(what, here, monkeypatch):
    law, path = Law.read("law.json"), here / "kept.json"
    path.write_text("before")

    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space"):
        law.write(path) if what == "law" else priors.write([priors.default("kww")], path)
    assert path.read_text() == "before"
    assert sorted(p.name for p in here.iterdir()) == ["cosine.csv", "kept.json", "law.json", "stable.csv"]


# Processes.


def test_from_logs_to_a_schedule_that_a_scheduler_follows(here):
    torch = pytest.importorskip("torch")
    pytest.importorskip("scipy")
    for words in (
        ["fit", "stable.csv", "cosine.csv", "--out", "mine.json"],
        ["forecast", "mine.json", TEXT, WSD_TEXT],
        ["optimise", "mine.json", "--training-steps", "3k", "--out", "best.toml"],
    ):
        done = process(*words, cwd=here)
        assert (done.returncode, done.stderr) == (0, "")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1)
    scheduler = lehr.Scheduler(optimizer, spec.read("best.toml"))
    scheduler.step(1_000)
    assert scheduler.current_lr == spec.read("best.toml")(1_000) > 0


def test_the_commands_of_the_page_run_after_one_another(tmp_path):
    pytest.importorskip("scipy")
    pytest.importorskip("matplotlib")
    page = (Path(__file__).parents[2] / "docs" / "forecast.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL)
    script = f'set -e; lehr() {{ "{sys.executable}" -m lehr.cli "$@"; }}\n{commands}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.yaml", "curves.png", "law.json", "stable.csv"]


@pytest.mark.parametrize(
    ("module", "words", "extra"),
    [
        ("scipy.optimize", ["optimise", "law.json", "--training-steps", "9k", "--out", "best.yaml"], "lehr[forecast]"),
        ("matplotlib", ["forecast", "law.json", "cosine(99)", "--out", "a.png"], "lehr[plot]"),
    ],
)
def test_what_is_missing_is_named_with_its_extra(module, words, extra, here):
    code = f"import sys; sys.modules[{module!r}] = None; from lehr.cli import main; main(prog_name='lehr')"
    done = process(*words, code=code, cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f'pip install "{extra}"' in done.stderr
    assert sorted(path.name for path in here.iterdir()) == ["cosine.csv", "law.json", "stable.csv"]


@pytest.mark.parametrize("words", [["fit", "stable.csv", "-o", "a.json"], ["forecast", "law.json", "cosine(99)"]])
def test_only_what_is_needed_is_loaded(words, here):
    code = (
        "import sys; from lehr.cli import main\n"
        "try: main(prog_name='lehr')\n"
        "finally: print({'torch', 'matplotlib', 'scipy', 'pandas', 'ruamel'} & set(sys.modules), file=sys.stderr)"
    )
    assert process(*words, code=code, cwd=here).stderr == "set()\n"


def test_a_bar_is_drawn_where_it_can_be_seen_and_the_wait_is_long(here, monkeypatch):
    pty = pytest.importorskip("pty")
    pytest.importorskip("scipy")
    code = "from lehr.cli import main, progress; progress.PATIENCE = {}; main(prog_name='lehr')"
    words = ["optimise", "law.json", "--training-steps", "3k"]
    seen = []
    for patience in ("0", "1e9"):
        ours, theirs = pty.openpty()
        command = [sys.executable, "-c", code.format(patience), *words]
        subprocess.run(command, stderr=theirs, stdout=subprocess.DEVNULL, cwd=here, check=True)
        os.write(theirs, b"end")
        seen.append(os.read(ours, 1_000_000).decode())
    assert "optimising" in seen[0]
    assert "100%" in seen[0]
    assert seen[1] == "end"


def test_a_run_is_misfit_by_what_it_is_off(here):
    law = Law.read("law.json")
    assert law.misfit(Run(COSINE, AT, truth(COSINE))) < 5e-4
    assert law.misfit(Run(COSINE, AT, 1.02 * truth(COSINE))) == pytest.approx(0.0198, abs=1e-3)
    with pytest.raises(ValueError, match="no run has a loss after its warmup"):
        law.misfit(Run(COSINE, [50], [5.0]))
