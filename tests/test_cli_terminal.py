"""What the command line prints fits the terminal, and a shell completes its words."""

import re
import subprocess
import sys

import pytest
from command_line import SCHEDULE, TEXT, output, process

from lehr.cli.text import columns, fitted, table
from lehr.schedules.checks import escaped
from lehr.schedules.recipes import RECIPES
from lehr.schedules.shapes import SHAPES

SETTINGS = ["--training-steps", "100k", "--max-lr", "1e-3", "--decay-steps", "30%"]
COMMANDS = [
    [],
    ["show", "--help"],
    ["compare", "--help"],
    ["export", "--help"],
    ["recipes", "--help"],
    ["recipes"],
    ["recipes", "infinite"],
    ["show", TEXT],
    ["show", TEXT, "--share", "--log"],
    ["compare", "cosine", "wsd", TEXT, *SETTINGS],
]


@pytest.mark.parametrize("width", [40, 41, 60, 79, 80, 81, 120, 200])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_everything_fits_the_terminal(words, width):
    lines = output(*words, COLUMNS=str(width)).splitlines()
    assert max(map(len, lines)) <= width


def test_a_narrow_terminal_still_shows_everything():
    wide, narrow = (output("compare", TEXT, "linear(5, max_lr=1)", COLUMNS=width) for width in ("200", "40"))
    words = [set(re.sub(r"[^\w.,=%]+", " ", shown.partition("(rate)")[0]).split()) for shown in (wide, narrow)]
    assert {"100,000", "0.001", "1,000", "A", "B", "5", "mean"} <= words[0] & words[1]


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_a_plot_has_its_end_at_the_last_tick(width):
    *_, axis, ticks = output("show", TEXT, COLUMNS=width).splitlines()
    assert axis.endswith(" (step)")
    assert ticks.split()[-1] == "100k"


def test_where_the_output_is_no_terminal_a_table_is_as_wide_as_it_must_be():
    text = "wsd(training_steps=100k, warmup_steps=1k, max_lr=1e-3, min_lr=1e-4, decay_steps=20%)"
    assert text in output("compare", text, "cosine(9, max_lr=1)")
    assert columns(otherwise=77) == 77


def test_the_last_column_is_wrapped_and_a_table_that_is_too_wide_becomes_lines(monkeypatch):
    rows = [("", "steps", "schedule"), ("A", "1,000", "a schedule of many words in a row"), ("B", "9", "short")]
    monkeypatch.setenv("COLUMNS", "40")
    assert table(rows).splitlines() == [
        "   steps  schedule",
        "A  1,000  a schedule of many words in a",
        "          row",
        "B      9  short",
    ]
    rows = [("", "a" * 20, "b" * 20, "schedule"), ("A", "1", "", "cosine")]
    assert table(rows).splitlines() == ["A", f"  {'a' * 20}  1", f"  schedule{' ' * 12}  cosine"]


def test_a_line_that_is_broken_is_indented():
    assert fitted("  one two three\nfour", 10) == "  one two\n    three\nfour"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain ünïcode 漢字 ⣀", "plain ünïcode 漢字 ⣀"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),  # would be shown from right to left
        ("\udc80", "\\udc80"),  # a byte of a file name that is no UTF-8
    ],
)
def test_what_would_control_the_terminal_is_escaped(text, safe):
    assert escaped(text) == safe
    assert escaped("a\nb", keep="\n") == "a\nb"


# Dots, or ASCII.


@pytest.mark.parametrize(
    ("environment", "dots"),
    [
        ({"LC_ALL": "C.UTF-8"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "C.UTF-8"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}, True),  # a container without any locale
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "POSIX"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "C"}, False),
        ({"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, False),
        ({"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}, False),
    ],
    ids=str,
)
def test_dots_are_drawn_where_they_can_be_shown(environment, dots):
    done = process("show", TEXT, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(SCHEDULE.describe())
    assert ("\u28c0" in done.stdout, done.stdout.isascii()) == (dots, not dots)


def test_a_plot_in_ascii_has_the_same_lines():
    dots = output("show", "multistep(100, max_lr=1, milestones=[50])")
    plain = output("show", "multistep(100, max_lr=1, milestones=[50])", LC_ALL="C")
    assert len(dots.splitlines()) == len(plain.splitlines())
    rows = [line.partition("|")[2].strip() for line in plain.splitlines() if line.lstrip().startswith(("1 |", "0.1 |"))]
    assert [set(row) for row in rows] == [{"."}, {":", "."}]


# Completion.


def completed(*words, shell="bash"):
    """What a shell offers for the last word."""
    if shell == "bash":
        environment = {"COMP_WORDS": " ".join(["lehr", *words]), "COMP_CWORD": str(len(words))}
    done = process(_LEHR_COMPLETE=f"{shell}_complete", **environment)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_a_shell_completes_commands_recipes_settings_and_shapes():
    assert completed("sh") == ["show"]
    assert completed("show", "cosine") == ["cosine_restarts", "cosine", "cosine"]  # the last asks for files
    assert set(completed("show", "")) == {*RECIPES, ""}
    assert completed("compare", "linear", "w") == ["wsd", "w"]
    assert completed("recipes", "ws") == ["wsd"]
    assert completed("show", "wsd", "--decay-s") == ["--decay-steps", "--decay-shape"]
    assert completed("show", "wsd", "--decay-shape", "") == list(SHAPES)
    assert completed("plot", "wsd", "--decay-shape", "1-sq") == ["1-sqrt", "1-square"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_line_gives_a_script(shell):
    done = process(_LEHR_COMPLETE=f"{shell}_source")
    assert (done.returncode, done.stderr) == (0, "")
    assert "_LEHR_COMPLETE" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no bash")
def test_bash_takes_the_script():
    script = process(_LEHR_COMPLETE="bash_source").stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
