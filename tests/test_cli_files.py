"""The command line writes files whole or not at all, and its processes are light."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import SCHEDULE, TEXT, error, output, run

import lehr
from lehr import spec
from lehr.__main__ import main as draw_standard_schedules


@pytest.fixture(params=["plot", "export"])
def writing(request, tmp_path):
    """A command that writes a file, and the file."""
    path = tmp_path / {"plot": "picture.png", "export": "rates.csv"}[request.param]
    return [request.param, "cosine(9, max_lr=1)", "--out", str(path)], path


def test_a_file_keeps_its_mode_and_a_new_one_gets_the_usual(writing):
    words, path = writing
    path.touch()
    usual = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    output(*words)
    assert stat.S_IMODE(path.stat().st_mode) == usual
    path.chmod(0o640)
    output(*words)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link(writing, tmp_path):
    words, path = writing
    (tmp_path / "folder").mkdir()
    path.symlink_to(tmp_path / "folder" / "target")
    output(*words)
    assert path.is_symlink()
    assert (tmp_path / "folder" / "target").stat().st_size > 0


def test_a_device_is_not_replaced(writing, tmp_path):
    words, path = writing
    os.mkfifo(path)
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as reader:
        try:
            output(*words)
            assert reader.communicate(timeout=30)[0]
        finally:
            reader.kill()
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_folder_in_the_way_stays(writing):
    words, path = writing
    path.mkdir()
    assert "cannot be written: Is a directory" in error(*words)
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "rates.csv"
    path.write_text("before")

    def rates(*_):
        yield 0, 1.0
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lehr.cli.export.rates", rates)
    assert "No space left on device" in error("export", "cosine(9, max_lr=1)", "--out", str(path))
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_three_standard_pictures(tmp_path):
    folder = tmp_path / "new" / "images"
    done = run("--out", str(folder), command=draw_standard_schedules)
    paths = [folder / f"lr_{name}.png" for name in ("cosine", "linear", "constant")]
    assert done.stdout.splitlines() == [f"wrote {path}" for path in paths]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    assert sorted(folder.iterdir()) == sorted(paths)


def test_the_three_standard_pictures_need_a_folder(tmp_path):
    (tmp_path / "images").write_text("a file")
    assert "File exists" in error("--out", str(tmp_path / "images"), command=draw_standard_schedules)
    assert (tmp_path / "images").read_text() == "a file"


def test_show_loads_nothing_heavy(tmp_path):
    spec.write(SCHEDULE, tmp_path / "run.json")
    code = (
        "import sys; from lehr.cli import main\n"
        f"main(['show', {str(tmp_path / 'run.json')!r}], prog_name='lehr')\n"
        "heavy = {'torch', 'matplotlib', 'scipy', 'pandas', 'ruamel', 'tomli_w'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_does_not_even_load_numpy():
    code = "import sys; from lehr.cli import main\nmain(['--help'])\nsys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


@pytest.mark.parametrize("words", [["show", TEXT], ["export", "cosine(1M, max_lr=1)"], ["compare", TEXT]])
def test_a_reader_that_leaves_early_is_no_error(words):
    command = [sys.executable, "-m", "lehr.cli", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        writer.stdout.close()
        assert writer.stderr.read() == b""


@pytest.mark.parametrize("words", [["export", "cosine(1M, max_lr=1)"], ["show", TEXT], ["recipes"]])
def test_head_is_no_error(words):
    command = f'"{sys.executable}" -m lehr.cli "$@" | head -1'
    done = subprocess.run(["bash", "-c", command, "lehr", *words], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "lehr.cli", "show", TEXT], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == b"lehr: standard input or output: No space left on device\n"
    assert error("export", TEXT, "-o", "/dev/full") == "lehr: /dev/full cannot be written: No space left on device"


def test_without_matplotlib_one_line_names_the_extra(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from lehr.cli import main\n"
        f"main(['plot', 'linear(9,max_lr=1)', '--out', {str(tmp_path / 'a.png')!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ['lehr: lehr.plot draws with matplotlib: pip install "lehr[plot]"']


def test_the_module_runs():
    command = [sys.executable, "-m", "lehr.cli"]
    assert subprocess.check_output([*command, "--version"], text=True) == f"lehr {lehr.__version__}\n"
    assert subprocess.run([*command, "show", "cosin"], capture_output=True).returncode == 2
