"""What the tests of the command line share: calls of `lehr`, in this process or in one of its own."""

import os
import subprocess
import sys

from click.testing import CliRunner

import lehr
from lehr.cli import main

SCHEDULE = lehr.cosine("100k", "1k", max_lr=1e-3, min_lr=1e-4)
TEXT = "cosine(training_steps=100k, warmup_steps=1k, max_lr=1e-3, min_lr=1e-4)"
NAME = ["cosine", "--training-steps", "100k", "--warmup-steps", "1%", "--max-lr", "1e-3", "--min-lr", "1e-4"]
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "COLUMNS": None}


def run(*words, stdin=None, command=main, **environment):
    return CliRunner(env=ENVIRONMENT | environment).invoke(command, words, input=stdin)


def output(*words, stdin=None, **environment):
    done = run(*words, stdin=stdin, **environment)
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    return done.stdout


def error(*words, stdin=None, command=main):
    """The one line of an error."""
    done = run(*words, stdin=stdin, command=command)
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def process(*words, code="from lehr.cli import main; main(prog_name='lehr')", **environment):
    """The same in a process of its own."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **environment}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
