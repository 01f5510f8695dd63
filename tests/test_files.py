"""Files are written whole or not at all, whoever is killed and whoever else writes beside."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from lehr.files import STALE_SECONDS, whole_file


def write(path, content=b"new"):
    with whole_file(path) as file:
        file.write(content)


def drafts(folder):
    return list(folder.glob(".*"))


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_draft_becomes_the_file(tmp_path):
    write(tmp_path / "a")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"new")]


@pytest.mark.parametrize("before", [None, b"before"])
def test_after_an_error_all_is_as_it_was(before, tmp_path):
    path = tmp_path / "a"
    if before is not None:
        path.write_bytes(before)

    def interrupted():
        with whole_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([] if before is None else [before])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o400, 0o755])
def test_a_draft_has_the_permissions_of_the_file_from_the_start(mode, tmp_path):
    path = tmp_path / "a"
    path.touch()
    path.chmod(mode)
    with whole_file(path):
        (draft,) = drafts(tmp_path)
        assert mode_of(draft) == mode
    assert mode_of(path) == mode


def test_the_permissions_are_never_wider_than_the_file_s(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.touch()
    path.chmod(0o600)
    asked, really = [], os.open

    def watched(name, flags, mode=0o777, **options):
        asked.append(mode)
        return really(name, flags, mode, **options)

    monkeypatch.setattr(os, "open", watched)
    write(path)
    assert asked == [0o600]


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    write(tmp_path / "new")
    assert mode_of(tmp_path / "new") == mode_of(tmp_path / "usual")


def test_no_two_drafts_have_the_same_name(tmp_path):
    with whole_file(tmp_path / "a") as first, whole_file(tmp_path / "a") as second:
        assert len(drafts(tmp_path)) == 2
        first.write(b"first")
        second.write(b"second")
    assert (tmp_path / "a").read_bytes() == b"first"  # the block that ends last
    assert not drafts(tmp_path)


def test_a_name_of_any_length_has_a_draft(tmp_path):
    write(tmp_path / ("a" * 255))
    assert len(list(tmp_path.iterdir())) == 1


def test_old_drafts_are_removed_and_nothing_else_is(tmp_path):
    old, fresh = (tmp_path / f".lehr-{digit * 16}.draft" for digit in "07")
    others = [tmp_path / name for name in (".lehr-notes.draft", ".a", ".a.12345", "lehr-0123456789abcdef.draft")]
    past = time.time() - STALE_SECONDS - 60
    for path in (old, fresh, *others):
        path.touch()
        if path != fresh:
            os.utime(path, (past, past))
    write(tmp_path / "a")
    assert sorted(tmp_path.iterdir()) == sorted([*others, fresh, tmp_path / "a"])


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "target")
    for content in (b"one", b"two"):
        write(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "folder" / "target").read_bytes() == content


def test_a_loop_of_links_is_an_oserror(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write(tmp_path / "a")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_pipe_is_written_to(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    received = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()), daemon=True)
    reader.start()
    write(path)
    reader.join(timeout=30)
    assert received == [b"new"]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("name", ["nowhere/a", "folder"])
def test_an_error_names_the_file_that_was_asked_for(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as caught:
        write(name)
    assert (caught.value.filename, caught.value.filename2) == (name, None)
    assert ".draft" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


WRITER = textwrap.dedent("""
    import os, sys
    os.getpid = lambda: 1  # as each container's first process has
    from lehr.files import whole_file
    print("begun", flush=True)
    for number in range(int(sys.argv[2])):
        with whole_file(sys.argv[1]) as file:
            for _ in range(20):
                file.write(sys.argv[3].encode() * 1_000)
                file.flush()
""")


def writer(path, times, letter):
    command = [sys.executable, "-c", WRITER, str(path), str(times), letter]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def test_a_killed_writer_leaves_the_file_whole_and_the_next_one_tidies_up(tmp_path):
    path = tmp_path / "a"
    write(path, b"." * 20_000)
    left = 0
    for kill in range(12):
        process = writer(path, 10**9, "x")
        process.stdout.readline()
        time.sleep(0.003 * kill)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert path.read_bytes() in (b"." * 20_000, b"x" * 20_000)
        write(path, b"." * 20_000)  # what a killed process with the same pid used to prevent
        left = len(drafts(tmp_path))
    assert left, "no kill came while a draft was written"
    for draft in drafts(tmp_path):
        os.utime(draft, (0, 0))
    write(path)
    assert list(tmp_path.iterdir()) == [path]


def test_writers_with_the_same_pid_do_not_meet(tmp_path):
    writers = [writer(tmp_path / "a", 100, letter) for letter in "xyz"]
    for process in writers:
        process.communicate(timeout=60)
    assert [process.returncode for process in writers] == [0, 0, 0]
    assert (tmp_path / "a").read_bytes() in [letter.encode() * 20_000 for letter in "xyz"]
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_device_is_an_oserror():
    with pytest.raises(OSError, match="No space left"):
        write("/dev/full")
