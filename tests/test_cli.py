"""The command line: what it prints, what it writes, and how it fails."""

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from catalogue.schedules import recipes
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr import spec
from lehr.__main__ import main as draw_standard_schedules
from lehr.cli import main

SCHEDULE = lehr.cosine("100k", "1k", max_lr=1e-3, min_lr=1e-4)
TEXT = "cosine(training_steps=100k, warmup_steps=1k, max_lr=1e-3, min_lr=1e-4)"
NAME = ["cosine", "--training-steps", "100k", "--warmup-steps", "1%", "--max-lr", "1e-3", "--min-lr", "1e-4"]


def run(*words, stdin=None, command=main):
    return CliRunner().invoke(command, words, input=stdin)


def output(*words, stdin=None):
    done = run(*words, stdin=stdin)
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    return done.stdout


def error(*words, stdin=None, command=main):
    """The one line of an error."""
    done = run(*words, stdin=stdin, command=command)
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def process(*words, **options):
    command = [sys.executable, "-m", "lehr.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


# What a schedule argument may be.


@pytest.mark.parametrize("suffix", spec.FORMATS)
def test_a_file(suffix, tmp_path):
    path = tmp_path / f"run (1){suffix}"
    spec.write(SCHEDULE, path)
    assert output("show", str(path)).startswith(SCHEDULE.describe())


@pytest.mark.parametrize("words", [[TEXT], NAME], ids=["text", "name"])
def test_text_and_a_bare_name(words):
    assert output("show", *words).startswith(SCHEDULE.describe())


@pytest.mark.parametrize("write", [spec.to_json, spec.to_yaml, spec.to_text])
def test_standard_input(write):
    assert output("show", "-", stdin=write(SCHEDULE)).startswith(SCHEDULE.describe())
    assert output("show", "-", stdin=f"\n{write(SCHEDULE)}\n").startswith(SCHEDULE.describe())


@pytest.mark.parametrize(
    ("words", "schedule"),
    [
        (
            ["wsd", "--set", "decay_steps=20%", "--set", "decay_shape=linear"],
            lehr.wsd(1000, max_lr=1.0, decay_shape="linear"),
        ),
        (["multistep", "--set", "milestones=300,60%"], lehr.multistep(1000, max_lr=1.0, milestones=[300, 600])),
        (["multistep", "--set", "milestones=[300]"], lehr.multistep(1000, max_lr=1.0, milestones=[300])),
        (["one_cycle", "--set", "ramps=3"], lehr.one_cycle(1000, max_lr=1.0, ramps=3)),
        (["one_cycle", "--set", "shape=tanh(-6, 3)"], lehr.one_cycle(1000, max_lr=1.0, shape="tanh(-6, 3)")),
        (["power", "--set", "exponent=-0.3"], lehr.power(1000, max_lr=1.0, exponent=-0.3)),
        (["noam", "--set", "model_dim=512"], lehr.noam(1000, 1000, model_dim=512)),
    ],
)
def test_other_settings(words, schedule):
    extra = ["--warmup-steps", "1000"] if words[0] == "noam" else ["--max-lr", "1"]
    assert output("show", *words, "--training-steps", "1k", *extra).startswith(schedule.describe())


# The commands.


def test_show_draws():
    lines = output("show", TEXT).splitlines()
    first = next(line for line in lines if line.lstrip().startswith("0.001 |"))
    last = next(line for line in lines if line.lstrip().startswith("0.0001 |"))
    assert "⣀" in first
    assert last.endswith("⣀⣀⣀")
    assert {"0", "20k", "100k"} <= set(lines[-1].split())


def test_show_up_to_a_stop():
    shown = output("show", "linear(100, max_lr=1)", "--stop", "0.5k")
    assert shown.startswith(lehr.linear(100, max_lr=1.0).describe(500))
    assert shown.splitlines()[-1].split()[-1] == "500"


def test_show_on_a_logarithmic_axis_and_over_the_share():
    shown = output("show", "exponential(300, max_lr=1, min_lr=1e-4)", "--log", "--share")
    assert "0.01 |" in shown
    assert shown.splitlines()[-2].endswith("(% of the run)")
    assert shown.splitlines()[-1].split()[-1] == "100"


def test_every_row_of_steps_is_drawn_at_its_height():
    shown = output("show", "multistep(100, max_lr=1, milestones=[50], decay_factor=0.5)")
    rows = {line.split("|")[0].strip(): line.split("|")[1].strip() for line in shown.splitlines() if " | " in line}
    assert set(rows["1"][:20]) == {"⣀"}
    assert set(rows["0.5"][-20:]) == {"⣀"}


def test_plot_writes_a_picture(tmp_path):
    for suffix, start in [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]:
        path = tmp_path / f"picture{suffix}"
        assert output("plot", TEXT, "-o", str(path), "--log", "--share", "--no-phases") == f"wrote {path}\n"
        assert path.read_bytes().startswith(start)


def test_plot_hands_its_options_on(tmp_path):
    words = ["plot", "wsd(100, warmup_steps=10, max_lr=1)", "--out", str(tmp_path / "a.svg")]
    drawn = set()
    for options in ([], ["--log"], ["--share"], ["--no-phases"], ["--stop", "50"]):
        output(*words, *options)
        drawn.add(len((tmp_path / "a.svg").read_bytes()))
    assert len(drawn) == 5


def test_compare_puts_key_numbers_side_by_side():
    shown = output("compare", "cosine", "linear(500, max_lr=2e-3)", "--training-steps", "1000")
    head, *rows = [line.split(maxsplit=8) for line in shown.splitlines()[:3]]
    assert head == ["steps", "first", "peak", "at", "step", "final", "area", "mean", "schedule"]
    assert rows[0] == ["A", "1,000", "1", "1", "0", "0", "500.5", "0.5005", "cosine"]
    assert rows[1] == ["B", "500", "0.002", "0.002", "0", "0", "0.501", "0.001002", "linear(500, max_lr=2e-3)"]
    plot = shown.partition("\n\n")[2]
    assert plot.count("A") == 3
    assert plot.count("B") == 3


def test_compare_draws_a_picture(tmp_path):
    shown = output("compare", "cosine(100, max_lr=1)", "constant(max_lr=1)", "-o", str(tmp_path / "both.png"))
    assert shown.endswith(f"wrote {tmp_path / 'both.png'}\n")
    assert "endless" in shown
    assert "⣀" not in shown
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")


def test_export_csv():
    rows = list(csv.DictReader(output("export", TEXT).splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(100_000))
    assert all(float(row["lr"]) == SCHEDULE(int(row["step"])) for row in rows)


def test_export_json():
    rows = json.loads(output("export", TEXT, "--format", "json", "--every", "1k"))
    assert rows == [{"step": step, "lr": SCHEDULE(step)} for step in range(0, 100_000, 1000)]


def test_export_more_or_fewer_steps_than_the_run_has():
    assert output("export", "linear(4, max_lr=1)", "--steps", "2") == "step,lr\n0,1.0\n1,0.75\n"
    assert output("export", "linear(2, max_lr=1)", "--steps", "4") == "step,lr\n0,1.0\n1,0.5\n2,0.0\n3,0.0\n"
    assert output("export", "constant(max_lr=1)", "--steps", "2") == "step,lr\n0,1.0\n1,1.0\n"


def test_export_into_a_file(tmp_path):
    path = tmp_path / "rates.csv"
    assert output("export", "linear(2, max_lr=1)", "-o", str(path)) == f"wrote {path}\n"
    assert path.read_text() == "step,lr\n0,1.0\n1,0.5\n"


@settings(deadline=None)
@given(recipes)
def test_an_exported_function_gives_the_same_rates(schedule):
    bare = {}
    exec(output("export", repr(schedule), "--python", "--name", "rate"), bare)
    for step in [*range(320), 10**6]:
        assert bare["rate"](step) == schedule(step)


def test_an_exported_function_is_called_learning_rate():
    assert "\ndef learning_rate(" in output("export", TEXT, "--python")


def test_version_and_help():
    assert output("--version") == f"lehr {lehr.__version__}\n"
    assert output().startswith("Usage")
    for command in main.commands:
        assert output(command, "--help").startswith(f"Usage: main {command}")


# Errors.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show"], "Missing argument 'SCHEDULE'"),
        (["shw"], "No such command 'shw'"),
        (["show", "cosine", "--max-rate", "3"], "No such option '--max-rate'"),
        (["show", "cosin"], "did you mean 'cosine'?"),
        (["show", "cosine"], "training_steps"),
        (["show", "cosine", "--training-steps", "x"], "`training_steps` must be"),
        (["show", "cosine", "--training-steps", "9", "--max-lr", "x"], "`max_lr` must be a number"),
        (["show", "cosine", "--training-steps", "9", "--max-lr", "nan"], "finite"),
        (["show", "one_cycle", "--training-steps", "9", "--set", "ramps=2.5"], "`ramps` must be a whole number"),
        (["show", "cosine", "--training-steps", "9", "--set", "cycles=2"], "no setting `cycles`"),
        (["show", "cosine", "--training-steps", "9", "--set", "return=2"], "no setting `return`"),
        (["show", "cosine", "--set", "cycles"], "NAME=VALUE"),
        (["show", "cosine(9, max_lr=1)", "--max-lr", "3"], "settings go with a recipe's bare name"),
        (["show", "cosine(9"], "is no schedule"),
        (["show", "cosine(9, max_lr=-1)"], "max_lr"),
        (["show", "__import__('os').getcwd()"], "is no schedule"),
        (["show", "nowhere.json"], "cannot be read"),
        (["show", "two\nlines.json"], "two lines.json: cannot be read"),
        (["show", "rates.csv"], "a spec file ends in .json"),
        (["show", "."], "a spec file ends in .json"),
        (["show", "a" * 300], "File name too long"),
        (["show", "cosine(9, max_lr=1)", "--stop", "0"], "a number of steps of at least 1"),
        (["show", "cosine(9, max_lr=1)", "--stop", "x"], "a number of steps of at least 1"),
        (["show", "constant(9, max_lr=0)", "--log"], "logarithmic"),
        (["plot", "cosine(9, max_lr=1)"], "Missing option '-o' / '--out'"),
        (["plot", "cosine(9, max_lr=1)", "--out", "picture"], "ends in .png"),
        (["plot", "cosine(9, max_lr=1)", "--out", "picture.csv"], "'csv' is not supported"),
        (["plot", "cosine(9, max_lr=1)", "--out", "nowhere/picture.png"], "nowhere/picture.png cannot be written"),
        (["compare"], "Missing argument 'SCHEDULE...'"),
        (["compare", *(f"linear({n}, max_lr=1)" for n in range(1, 29))], "at most 26"),
        (["export", "constant(max_lr=1)"], "--steps"),
        (["export", "cosine(1T, max_lr=1)"], "--every 100000"),
        (["export", "cosine(9, max_lr=1)", "--format", "xml"], "'xml' is not one of 'csv', 'json'"),
        (["export", "cosine(9, max_lr=1)", "--python", "--every", "2"], "--python writes a function"),
        (["export", "cosine(9, max_lr=1)", "--python", "--name", "a b"], "`name` must be"),
        (["export", "cosine(9, max_lr=1)", "--name", "f"], "--python"),
        (["export", "cosine(9, max_lr=1)", "--out", "nowhere/rates.csv"], "cannot be written"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_an_error_is_one_line(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in error(*words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[1]", "schedule: [", "schedule: cosin", '{"schedule": 3}', "\0"])
def test_bad_standard_input_is_one_line(text):
    assert error("show", "-", stdin=text).startswith("lehr: ")


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "run.yaml").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in error("show", str(tmp_path / "run.yaml"))


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_word_is_a_schedule_or_an_error_of_one_line(word):
    done = run("show", "--", word)
    assert done.exit_code in (0, 2)
    assert done.exit_code == 0 or len(done.stderr.splitlines()) == 1


# Files.


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


# Processes.


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "lehr.cli", "show", TEXT], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_without_dots_still_gets_the_numbers():
    done = process("show", TEXT, env={**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(SCHEDULE.describe())


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
    assert process("--version").stdout == f"lehr {lehr.__version__}\n"
    assert process("show", "cosin").returncode == 2


def test_a_misspelt_name_beside_settings_is_what_is_named():
    assert "there is no schedule 'cosin'; did you mean 'cosine'? There are " in error("show", "cosin", *NAME[1:])
