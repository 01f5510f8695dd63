"""`lehr control`, which adds a line to a control file."""

import click
import pytest
from click.testing import CliRunner

import lehr
from control.control_files import run
from lehr import control
from lehr.cli.control import control as command_line
from lehr.cli.errors import Command as HouseCommand
from lehr.cli.errors import Group


def command(*words):
    group = Group()
    group.add_command(command_line)
    return CliRunner().invoke(group, ["control", *map(str, words)])


@pytest.fixture
def watched(path):
    """A control file that a run watches."""
    s = run(path)
    s.step(0)
    return s


def test_the_command_adds_a_line_and_says_where_the_result_comes(path, watched):
    path.write_text("# for run 7\nscale(0.5)  # a spike")
    done = command(path.parent, "cooldown", "--steps", "2k", "--to", "0.01", "--why", "loss is flat: really")
    assert (done.exit_code, done.output) == (0, f"command queued; the result will be logged to {path}.log\n")
    assert path.read_text().startswith("# for run 7\nscale(0.5)  # a spike\ncooldown(")
    watched.step(500)
    assert watched.history[1].what == "cooldown(steps=2000, to=0.01, shape='1-sqrt')"
    assert watched.history[1].why == "loss is flat: really"


def test_the_options_are_those_of_each_act():
    for name, act in control.ACTS.items():
        shown = command("runs/7", name, "--help").output
        for option, (_, description) in act.options().items():
            assert f"--{option.replace('_', '-')}" in shown
            assert description.split()[0] in shown
        assert "--why" in shown


def test_a_shell_completes_shapes_and_schedules():
    def completed(act, option, start):
        parameter = next(p for p in command_line.commands[act].params if option in p.opts)
        return [item.value for item in parameter.shell_complete(click.Context(command_line.commands[act]), start)]

    assert completed("cooldown", "--shape", "1-sq") == ["1-sqrt", "1-square"]
    assert completed("amend", "--schedule", "ws") == ["wsd", "ws"]  # the last asks for files


def test_the_acts_are_commands_of_the_house():
    assert {type(act) for act in command_line.commands.values()} == {HouseCommand}


def test_the_command_takes_a_schedule_as_the_others_do(path, watched, tmp_path):
    lehr.spec.write(lehr.linear(10, 0, max_lr=0.1), tmp_path / "next.yaml")
    for word in (tmp_path / "next.yaml", "linear(10, 0, 0.1)"):
        assert command(path, "amend", "--schedule", word).exit_code == 0
    watched.step(1)
    assert [change.rest for change in watched.history] == [(lehr.linear(10, 0, max_lr=0.1),)] * 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cooldown"], "--steps"),
        (["cooldown", "--steps", "0"], "`steps` of at least 1"),
        (["cooldown", "--steps", "5", "--to", "-1"], "`to`"),
        (["cooldown", "--steps", "5", "--shape", "wish"], "unknown shape 'wish'"),
        (["cooldown", "--steps", "5", "--lr", "1"], "No such option"),
        (["coldown", "--steps", "5"], "coldown"),
        (["scale", "--factor", "nan"], "`factor`"),
        (["extend", "--training-steps", "5", "--policy", "wish"], "unknown policy of extend 'wish'"),
        (["amend", "--schedule", "wish"], "wish"),
        (["scale"], "--factor"),
        (["scale", "--factor", "0.5", "--why", "a\nb"], "one line of text"),
    ],
)
def test_errors_of_the_command_are_one_line(words, message, path, watched):
    done = command(path, *words)
    assert (done.exit_code, done.stdout, path.exists()) == (2, "", False)
    (line,) = done.stderr.splitlines()
    assert message in line


@pytest.mark.parametrize("where", ["nowhere", "nowhere/control.txt", ".", "control.txt"])
def test_the_command_is_refused_where_no_run_watches(where, tmp_path):
    done = command(tmp_path / where, "cooldown", "--steps", 5)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
