"""Input that would once have cost gigabytes or minutes, printed a traceback, or failed in silence."""

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from shell import COSINE, STABLE, contents, error, output, rows, run, write_csv

import lehr
from lehr.forecast import Law, Prior, Run, RunWarning, convex_bound, fit, read_run
from lehr.forecast.laws import LAWS

ESCAPE = "\x1b]2title\x07"  # click removes colours from what is no terminal, but not this
KWW = LAWS["kww"].parameters
HEAD = "step,lr,val_loss\n"


def process_with_memory(code, megabytes, cwd):
    """The output of Python code that may use so much memory, beyond what its libraries need."""

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 10**6, megabytes * 10**6))

    command = [sys.executable, "-c", code]
    environment = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, preexec_fn=limit, env=environment, timeout=60
    )


# Cost follows the size of what is given.


@pytest.mark.parametrize("step", [200_000_000, 10**9, 10**18])
def test_a_log_of_two_rows_cannot_take_gigabytes(step, here):
    (here / "far.csv").write_text(f"{HEAD}0,1e-3,4\n{step},1e-3,3\n")
    code = "from lehr.cli import main; main(['fit', 'far.csv', '-o', 'a.json'], prog_name='lehr')"
    done = process_with_memory(code, 1000, here)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"lehr: far.csv: `step` is {step:,} in line 3, and a run may have at most 10,000,000 updates"
    )
    assert "samples or tokens" in line


@pytest.mark.parametrize(
    "words",
    [
        "forecast law.json cosine(9,max_lr=1) --at 20000000000",
        "forecast law.json cosine(1000000000,max_lr=1e-3)",
        "forecast law.json cosine --training-steps 1T",
        "optimise law.json --training-steps 1000000000",
    ],
)
def test_a_schedule_is_forecast_only_as_far_as_rates_can_be_held(words, here):
    pytest.importorskip("scipy")
    assert "at most 10,000,000" in error(here, *words.split(" "))


def test_everything_that_needs_rates_has_the_same_limit():
    for work in (
        lambda: Run(COSINE, [10**8], [3.0]),
        lambda: convex_bound(lehr.Constant(0.1), 10**10),
        lambda: read_run({"updates": [10**8], "loss": [3.0]}, COSINE),
    ):
        with pytest.raises(ValueError, match="at most 10,000,000"):
            work()


def test_shuffled_rows_are_sorted_in_a_time_that_grows_with_their_number():
    order = np.random.default_rng(0).permutation(100_000)
    log = {"updates": order + 1, "lr": np.full(len(order), 1e-3), "val_loss": 3 + (order + 1.0) ** -0.5}
    start = time.process_time()
    with pytest.warns(RunWarning) as warned:
        read = read_run(log, warmup_steps=0)
    assert time.process_time() - start < 3
    (note,) = {str(warning.message) for warning in warned}
    assert "out of order in lines" in note
    assert "they were sorted" in note
    assert len(note) < 200
    np.testing.assert_array_equal(read.at, np.arange(1, 100_001))


def test_many_repeated_positions_are_merged_as_a_few_are():
    generator = np.random.default_rng(1)
    at = np.repeat(np.arange(1, 20_001), generator.integers(1, 4, 20_000))
    loss = np.where(generator.random(len(at)) < 0.3, np.nan, 3 + 0.01 * generator.random(len(at)))
    rate = np.where(generator.random(len(at)) < 0.3, np.nan, 1e-3 + 1e-5 * generator.random(len(at)))
    with pytest.warns(RunWarning):
        read = read_run({"updates": at, "val_loss": loss, "lr": rate}, warmup_steps=0)
    last = {int(position): value for position, value in zip(at, loss, strict=True) if np.isfinite(value)}
    assert dict(zip(read.at.astype(int).tolist(), read.loss.tolist(), strict=True)) == last
    rates = {int(position): value for position, value in zip(at, rate, strict=True) if np.isfinite(value)}
    assert all(read.rates[position - 1] == value for position, value in rates.items() if position <= read.updates)


def test_several_restarts_are_one_note():
    at = [10, 20, 30, 40, 50, 30, 40, 50, 60, 70, 50, 60, 70, 80, 90]
    loss = [5 - 0.01 * i for i in range(len(at))]
    with pytest.warns(RunWarning, match="goes back in lines 6, 11: a restart"):
        read = read_run({"updates": at, "loss": loss}, STABLE)
    assert read.at.tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert read.loss.tolist() == [loss[i] for i in (0, 1, 5, 6, 10, 11, 12, 13, 14)]


# Each mistake in a log has its own message of one line.


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", HEAD + '9,1e-3,"' + "3" * 200_000, "a.csv, line 2: invalid CSV: field larger than field limit"),
        ("a.json", '{"log_history": [4]}', "a.json, entry 1 of `log_history`: an entry must be a JSON object, got 4"),
        ("a.json", '{"log_history": [{"step": null, "loss": 3}]}', "entry 1 of `log_history` needs an integer"),
        ("a.json", '{"log_history": [{"step": 1e400, "loss": 3}]}', "entry 1 of `log_history` needs an integer"),
        ("a.json", f'{{"log_history": [{{"step": {"9" * 400}, "loss": 3}}]}}', "at most 1,000,000,000,000,000,000"),
        ("a.json", "[" * 100_000, "a.json: the JSON is nested too deeply"),
        ("a.json", f'[{{"step": {"9" * 5000}, "loss": 3}}]', "a.json: an integer has too many digits"),
        ("a.jsonl", '{"a":' * 100_000, "a.jsonl, line 1: the JSON is nested too deeply"),
        ("a.jsonl", f'{{"step": {"9" * 5000}}}', "a.jsonl, line 1: an integer has too many digits"),
        ("a.jsonl", f'{{"step": {"9" * 400}, "loss": 3}}', "a.jsonl has no row with an integer in `step`"),
        ("a.csv", HEAD + "9,1e-3,3\n19,1e300,3\n", "a.csv: `lr` is 1e+300 in line 3, and a learning rate must be from"),
        ("a.csv", HEAD + "9,1e-3,3\n19,-1,3\n", "a.csv: `lr` is -1 in line 3, and a learning rate must be from 0"),
        ("a.csv", HEAD + "0,1e-3,1e300\n9,1e-3,1e300\n", "a loss must be above 0 and at most 1e9, got 1e+300"),
    ],
    ids=lambda text: text[:30],
)
def test_a_log_is_refused_in_one_plain_line(name, content, words, here):
    (here / name).write_text(content)
    line = error(here, "fit", name, "-o", "out.json")
    assert words in line
    assert len(line) < 300


def test_a_loop_of_links_is_refused_in_one_plain_line(here):
    for name in ("loop.csv", "loop.json"):
        (here / name).symlink_to(name)
    before = sorted(here.iterdir())
    for words, said in (
        ("fit loop.csv -o a.json", "loop.csv cannot be read: Too many levels of symbolic links"),
        ("fit stable.csv -o loop.json", "--out 'loop.json' cannot be written: Too many levels of symbolic links"),
        ("forecast loop.json cosine(99,max_lr=1e-3)", "Too many levels of symbolic links"),
    ):
        done = run(*words.split(" "))
        assert (done.exit_code, done.stdout) == (2, "")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("rate", ["1e300", "1e-300"])
@pytest.mark.parametrize(
    "words", ["forecast law.json cosine(4k,max_lr={})", "optimise law.json --training-steps 4k --max-lr {}"]
)
def test_a_peak_beyond_all_rates_is_refused(words, rate, here):
    pytest.importorskip("scipy")
    line = error(here, *words.format(rate).split(" "))
    assert (
        "rates must be from 0 to 1,000,000, got" in line
        or "must be from 1e-12 to 1e+06" in line
        or "least 1e-12" in line
    )


def test_line_separators_inside_json_are_no_line_ends(here):
    entries = [
        {"updates": r["updates"], "lr": r["lr"], "val_loss": r["val_loss"], "note": "a\u2028b\x85c"}
        for r in rows(STABLE)
    ]
    text = "".join(f"{json.dumps(entry, ensure_ascii=False)}\r\n" for entry in entries)
    (here / "log.jsonl").write_text(text, encoding="utf-8", newline="")
    assert output("fit", "log.jsonl", "-o", "a.json").splitlines()[1].split()[1] == "80"


# Names from files reach the terminal without control characters.


def printed(words):
    done = run(*words)
    return done.stdout + done.stderr


def test_names_of_columns_and_files_cannot_reach_the_terminal_raw(here):
    name = f"st{ESCAPE}able.csv"
    write_csv(
        here / name, [{"updates": r["updates"], "lr": r["lr"], f"l{ESCAPE}": r["val_loss"]} for r in rows(STABLE)]
    )
    write_csv(here / "sets.csv", [{**r, "split": f"{ESCAPE}{i % 2}"} for i, r in enumerate(rows(STABLE))])
    write_csv(
        here / "steps.csv",
        [{f"s{ESCAPE}": r["updates"], "lr": r["lr"], "val_loss": r["val_loss"]} for r in rows(STABLE)],
    )
    for words, said in (
        (["fit", name, "-o", "a.json"], "no usual column for `loss`"),
        (["fit", name, "-o", "a.json", "--loss", f"l{ESCAPE}"], "wrote a.json"),
        (
            ["fit", name, "cosine.csv", "-o", "a.json", "--schedule", f"{name}={STABLE!r}", "--loss", "x"],
            "no column 'x'",
        ),
        (["fit", "sets.csv", "-o", "a.json"], "several sets"),
        (["fit", "steps.csv", "-o", "a.json", "--step", f"s{ESCAPE}"], "was read as"),
        (["fit", f"no{ESCAPE}.csv", "-o", "a.json"], "cannot be read"),
        (["fit", f"no{ESCAPE}", "-o", "a.json"], "ends in ''"),
        (["forecast", f"no{ESCAPE}.json", "cosine(99,max_lr=1)"], "no such law file"),
    ):
        text = printed(words)
        assert said in text, text
        assert "\x1b" not in text
    assert "st\\x1b]2title\\x07able.csv" in printed(["fit", name, "-o", "a.json", "--loss", f"l{ESCAPE}"])


def test_a_law_file_cannot_reach_the_terminal_raw(here):
    law = json.loads((here / "law.json").read_text())
    for change in ({f"x{ESCAPE}": 1}, {"law": ESCAPE}, {"format": ESCAPE}, {"constants": {ESCAPE: 1.0}}):
        (here / "bad.json").write_text(json.dumps(law | change))
        text = printed(["forecast", "bad.json", "cosine(99,max_lr=1e-3)"])
        assert text.startswith("lehr: bad.json: ")
        assert "\x1b" not in text


# A law file has numbers with a meaning, or is refused.


@pytest.mark.parametrize(
    "change",
    [
        *({"constants": {name: value}} for name in KWW
          for value in (1e300, -1e300, 10**400)),
        {"covariance": 1e300}, {"covariance": 0.0}, {"fall": 1e300}, {"fall": -1.0}, {"peak": 0.0}, {"peak": 1e300},
        {"peaks": [1e-3, 1e300]}, {"peaks": [1e-300, 1e-3]}, {"peaks": [1e-3, 1e-4]}, {"updates": 10**15},
        {"updates": 10**400}, {"warmup": 10**15},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("words", ["forecast {} cosine(4k,100,max_lr=1e-3)", "optimise {} --training-steps 4k"])
def test_absurd_numbers_of_a_law_are_refused(change, words, here):
    pytest.importorskip("scipy")
    law = json.loads((here / "law.json").read_text())
    if "constants" in change:
        change = {"constants": law["constants"] | change["constants"]}
    elif "covariance" in change:
        change = {"covariance": np.full((19, 19), change["covariance"]).tolist()}
    (here / "bad.json").write_text(json.dumps(law | change))
    assert error(here, *words.format("bad.json").split(" ")).startswith("lehr: bad.json: ")


def test_constants_at_their_limits_never_forecast_nan(here):
    law, refused = Law.read("law.json"), set()
    low, high = law.model.limits
    for pattern in range(2**10):
        theta = np.where([pattern >> i & 1 for i in [*range(10), *range(1, 10)]], low, high)
        try:
            forecast = Law(law.model, theta, law.covariance, law.peaks, law.updates, law.warmup).predict(COSINE)
        except ValueError as refusal:
            refused.add(str(refusal).partition(":")[0])
        else:
            assert np.isfinite([forecast.loss, forecast.low, forecast.high]).all()
    assert refused <= {"the law has no finite loss for this schedule"}


def test_a_nested_law_is_refused_in_one_plain_line(here):
    (here / "deep.json").write_text('{"notes":' + "[" * 100_000)
    assert "deep.json: this is not a law file: " in error(here, "forecast", "deep.json", "cosine(99,max_lr=1e-3)")


def test_a_prior_has_finite_numbers():
    for mean, covariance in (([np.nan] * 8, np.eye(8)), ([1e300] * 8, np.eye(8)), ([0.0] * 8, np.eye(8) * 1e300)):
        with pytest.raises(ValueError, match="must be finite and at most"):
            Prior("momentum", np.array(mean), covariance)


# A law is written when all else is done.


def test_a_fit_with_a_long_warmup_proposes_a_run(here):
    at = np.arange(9_100, 10_001, 100)
    schedule = lehr.constant_with_warmup(10_000, 9_000, max_lr=1e-3)
    write_csv(
        here / "long.csv", [{"updates": int(n), "lr": schedule(int(n) - 1), "val_loss": 3 + 0.1 * 0.999**n} for n in at]
    )
    assert "The most informative next run:" in output("fit", "long.csv", "--warmup-steps", "9000", "-o", "law.json")
    assert Law.read("law.json").warmup == 9_000


def test_an_error_after_the_fit_leaves_the_old_law(here, monkeypatch):
    def fails(self):
        raise ValueError("no experiment")

    monkeypatch.setattr(Law, "experiment", fails)
    before = contents(here)
    done = run("fit", "stable.csv", "-o", "law.json")
    assert (done.exit_code, done.stdout, contents(here)) == (2, "", before)


def test_what_a_fit_writes_can_be_read():
    """Whatever losses and rates a run has, there is no law of it, or one that can be read back."""
    at, refused = np.arange(1000, 10_001, 500), []
    for scale in (1e-9, 1e-3, 1.0, 1e3, 1e8):
        for peak in (1e-11, 1e-6, 1.0, 1e3, 1e6):
            curve = scale * (3 + 0.8 * at**-0.5)
            try:
                law = fit(Run(lehr.constant_with_warmup(10_000, 500, max_lr=peak), at, curve))
            except ValueError as refusal:
                refused.append((peak, str(refusal)[:34]))
                continue
            assert Law.from_json(law.to_json()).constants == law.constants
    # No optimizer has such a rate.
    assert set(refused) <= {(1e6, "no kww law describes these runs: t")}


def test_a_run_left_out_does_not_set_the_length_of_the_law():
    at = np.arange(500, 5_001, 100)
    usable = Run(STABLE, at, 3 + at**-0.5, name="usable")
    left_out = Run(COSINE, [6_000], [3.0], name="left out", warmup=7_000)
    law = fit([usable, left_out])
    assert (law.updates, law.warmup) == (5_000, usable.warmup)
    assert law.experiment().schedule.length
