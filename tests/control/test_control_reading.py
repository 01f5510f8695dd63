"""When a control file is read, which of its commands are new, and what is no such file."""

import os
import pickle

import pytest

from control.control_files import SCHEDULE, log, run
from lehr import control
from lehr.control import Rebase, Scale
from lehr.control.commands import log_of
from lehr.scheduler import control_file


def test_a_long_file_is_applied_a_few_commands_at_a_look(path):
    path.write_text("dip(0.99, 100)\n" * 8)
    s = run(path)
    s.step(1)
    assert len(s.history) == control_file.MOST_AT_ONCE == 3
    s.step(2)
    s.step(3)
    s.step(4)
    assert len(s.history) == 8
    assert log(path)[-1].startswith("step 3: command 8: applied")


def test_a_file_that_comes_later_goes_and_comes_back(path):
    s = run(path)
    s.step(1)
    control.append(path, Scale(0.5))
    s.step(2)
    text = path.read_text()
    path.unlink()
    s.step(3)
    path.write_text(text)
    s.step(4)
    assert len(s.history) == 1
    control.append(path, Scale(0.5))
    s.step(5)
    assert len(s.history) == 2


@pytest.mark.parametrize(
    ("after", "first"),
    [("", 1), ("scale(factor=0.5)\n", 2), ("rebase(0.1)\nscale(0.5)\ncooldown(5)\n", 1)],
    ids=["emptied", "shortened", "rewritten"],
)
def test_commands_that_were_applied_and_change_are_refused(after, first, path):
    for _ in range(2):
        control.append(path, Scale(0.5))
    s = run(path)
    s.step(1)
    before = path.read_text()
    path.write_text(after)
    s.step(2)
    assert len(s.history) == 2
    assert f"command {first} was changed or removed after it was read (2 were)" in log(path)[-1]
    path.write_text(before + "scale(0.5)\n")
    s.step(3)
    assert len(s.history) == 3


@pytest.mark.parametrize("what", ["directory", "pipe"])
def test_what_is_no_file_is_refused(what, path):
    path.mkdir() if what == "directory" else os.mkfifo(path)
    s = run(path)
    s.step(1)
    assert "it must be a file" in log(path)[0]
    assert s.history == []


def test_a_read_that_fails_loses_no_command(path, monkeypatch):
    control.append(path, Scale(0.5))
    s, kept = run(path), type(path).read_bytes

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", denied)
    s.step(1)
    assert "Permission denied" in log(path)[0]
    monkeypatch.setattr(type(path), "read_bytes", kept)
    s.step(2)
    assert len(s.history) == 1


def test_a_log_that_cannot_be_written_is_a_warning(path):
    log_of(path).mkdir()
    control.append(path, Scale(0.5))
    s = run(path)
    with pytest.warns(UserWarning, match="could not be logged"):
        s.step(1)
    assert len(s.history) == 1


def test_a_young_file_may_be_half_written_and_is_left_alone(path, monkeypatch):
    monkeypatch.setattr(control_file, "SECONDS", 3_600.0)
    path.write_text("cooldown(20")  # 2000 is meant
    s = run(path)
    s.step(1)
    assert (s.history, log(path)) == ([], [])
    path.write_text("cooldown(2000)")
    os.utime(path, (0, 0))
    s._control_file._next_look = 0.0
    s.step(2)
    assert [change.what for change in s.history] == ["cooldown(steps=2000, to=0.0, shape='1-sqrt')"]


def test_at_most_one_look_a_second(path, monkeypatch):
    monkeypatch.setattr(control_file, "SECONDS", 1.0)
    looks, kept = [], type(path).stat

    def counted(self, **options):
        looks.append(self)
        return kept(self, **options)

    s = run(path)
    monkeypatch.setattr(type(path), "stat", counted)
    for t in range(500):
        s.step(t)
    assert looks.count(path) <= 2


def test_a_copy_on_another_machine_looks_at_once(path, monkeypatch):
    """A monotonic clock starts at another time on each machine."""
    monkeypatch.setattr(control_file, "SECONDS", 1e9)
    s = run(path)
    s.step(1)
    control.append(path, Scale(0.5))
    os.utime(path, (0, 0))
    optimizer, copied = pickle.loads(pickle.dumps((s.optimizer, s)))
    monkeypatch.setattr(control_file, "SECONDS", 0.0)
    copied.step(2)
    assert len(copied.history) == 1
    assert optimizer is copied.optimizer


def test_a_resumed_run_repeats_what_came_after_the_checkpoint_alone(path):
    s = run(path)
    s.step(200)
    control.append(path, Scale(0.5))
    s.step(201)
    state = s.state_dict()
    control.append(path, Rebase(0.125))
    s.step(210)
    assert [c.what for c in s.history] == ["scale(factor=0.5)", "rebase(lr=0.125)"]
    for again in (run(path), s):  # in a new process, or rolled back in this one
        again.load_state_dict(state)
        assert len(again.history) == 1
        again.step(205)
        assert [(c.position, c.what) for c in again.history] == [(201, "scale(factor=0.5)"), (205, "rebase(lr=0.125)")]


def test_a_new_run_leaves_the_commands_of_an_earlier_one_alone(path):
    path.write_text("scale(0.5)\n")
    first = run(path)
    first.step(500)
    assert len(first.history) == 1  # prepared before the first run, and so for it
    path.write_text("scale(0.5)\n# for nobody, since the run is dead\ncooldown(10)\n")
    second = run(path)
    second.step(0)
    assert (second.history, second.current_lr) == ([], SCHEDULE(0))
    assert log_of(path).read_text().rstrip().endswith("the 2 commands in it were for an earlier run")
    path.write_text(path.read_text() + "scale(0.25)\n")
    second.step(500)
    assert [(c.position, c.what) for c in second.history] == [(500, "scale(factor=0.25)")]
    assert log(path)[-1].startswith("step 500: command 3: applied")


def test_the_folder_of_the_file_is_made(tmp_path):
    path = tmp_path / "runs" / "7" / "control.txt"
    run(path).step(0)
    assert "watching control.txt" in log_of(path).read_text()
