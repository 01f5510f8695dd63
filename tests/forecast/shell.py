"""What the tests of the forecast's command line share: logs of a model that follows the law, and calls of `lehr`."""

import csv
import subprocess
import sys

import numpy as np
from click.testing import CliRunner

import lehr
from lehr.cli import main
from lehr.forecast import default_prior, laws
from lehr.forecast.trajectory import compress

STEPS, WARMUP, PEAK = 4_000, 199, 1e-3  # the row of update 200 has the peak
STABLE = lehr.constant_with_warmup(STEPS, WARMUP, max_lr=PEAK)
COSINE = lehr.cosine(STEPS, WARMUP, max_lr=PEAK)
TEXT = f"cosine({STEPS}, {WARMUP}, max_lr={PEAK})"
STABLE_TEXT = f"constant_with_warmup({STEPS}, {WARMUP}, max_lr={PEAK})"
WSD_TEXT = f"wsd({STEPS}, {WARMUP}, max_lr={PEAK})"
FALL = 0.8
AT = np.arange(50, STEPS + 1, 50)


def truth(schedule, at=AT):
    """What a model would log whose constants are the prior's mean, with a floor of 2.5 nats."""
    formula = laws.get("kww")
    constants = default_prior("kww").mean[: len(formula.beliefs)]
    return FALL * formula.value(np.array([2.5 / FALL, *constants]), compress(schedule, at))


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
