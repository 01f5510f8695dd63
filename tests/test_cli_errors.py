"""An error of the command line is one line on stderr and exit code 2."""

import pytest
from command_line import NAME, SCHEDULE, TEXT, error, output, process, run
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import spec

OUR_NAMES = ("max", "min", "int", "math", "_part_1", "__builtins__", "\uff4d\uff41\uff58")  # the last is read as max


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show"], "Missing argument 'SCHEDULE'"),
        (["shw"], "No such command 'shw'"),
        (["show", "cosine", "--max-rate", "3"], "No such option '--max-rate'"),
        (["show", "cosine", "--steps", "3"], "No such option '--steps'. Did you mean '--training-steps'?"),
        (["show", "cosine", "--T-max", "3"], "No such option '--T-max'. Did you mean '--training-steps'?"),
        (["show", "cosin"], "did you mean 'cosine'?"),
        (["show", "cosine"], "cosine needs --training-steps and --max-lr; `lehr recipes cosine`"),
        (["show", "cosine", "--training-steps", "x", "--max-lr", "1"], "`training_steps` must be"),
        (["show", "cosine", "--training-steps", "9", "--max-lr", "x"], "--max-lr must be a number, got 'x'"),
        (["show", "cosine", "--training-steps", "9", "--max-lr", "nan"], "finite"),
        (["show", "one_cycle", "--training-steps", "9", "--max-lr", "1", "--ramps", "2.5"], "--ramps must be an int"),
        (["show", "cosine", "--circles", "2"], "No such option '--circles'"),
        (["show", "cosine", "--decay-steps", "2"], "cosine does not take --decay-steps, which is a setting of wsd"),
        (["compare", "cosine", "linear", "--power", "2"], "cosine does not take --power"),
        (["show", "cosine(9, max_lr=1)", "--max-lr", "3"], "--max-lr is a setting of a recipe, such as cosine"),
        (["recipes", "cosin"], "did you mean 'cosine'?"),
        (["recipes", "CosineAnnealingLR"], "did you mean 'cosine'?"),
        (["show", "cosine(9, max_lr=1)", "--stop", "20000000000000000000"], "at least 1, and at most 10**18"),
        (["show", "cosine", "--training-steps", "9" * 400, "--max-lr", "1"], "`training_steps` must be"),
        (["show", "cosine", "--training-steps", "9" * 5000, "--max-lr", "1"], "`training_steps` must be"),
        (["show", "cosine", "--training-steps", "9", "--max-lr", "9" * 400], "finite number"),
        (["show", f"cosine(9, max_lr={'9' * 400})"], "max_lr"),
        (["show", f"cosine({'9' * 400}, max_lr=1)"], "text: "),
        (["show", f"cosine({'9' * 5000}, max_lr=1)"], "text: "),
        (["show", "cosine(9"], "text: "),
        (["show", "cosine(9, max_lr=-1)"], "max_lr"),
        (["show", "__import__('os').getcwd()"], "text: "),
        (["show", "nowhere.json"], "cannot be read"),
        (["show", "two\nlines.json"], "lines.json': cannot be read"),
        (["show", "rates.csv"], ".json, .yaml, .yml, .toml, .txt; got"),
        (["show", "."], ".json, .yaml, .yml, .toml, .txt; got"),
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
        *((["export", "cosine(9, max_lr=1)", "--python", "--name", name], "`name` must be") for name in OUR_NAMES),
        (["export", "cosine(9, max_lr=1)", "--out", "nowhere/rates.csv"], "cannot be written"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_an_error_is_one_line(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = error(*words)
    assert message in line
    assert len(line) < 1_000
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


def test_a_misspelt_name_beside_settings_is_what_is_named():
    assert "'cosin'; did you mean 'cosine'? " in error("show", "cosin", *NAME[1:])


def test_a_loop_of_links_is_one_line(tmp_path):
    (tmp_path / "a.json").symlink_to(tmp_path / "b.json")
    (tmp_path / "b.json").symlink_to(tmp_path / "a.json")
    for words in (["show", str(tmp_path / "a.json")], ["export", TEXT, "-o", str(tmp_path / "a.json")]):
        assert "Too many levels of symbolic links" in error(*words)


# Anything that nobody thought of.

BROKEN = (
    "import lehr.cli.show\n"
    "def read(*_, **__): raise {}\n"
    "lehr.cli.show.read = read\n"
    "from lehr.cli import main; main(prog_name='lehr')"
)


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        ("KeyError('rate')", "unexpected KeyError: 'rate'; please report it with the trace that `lehr --debug ...`"),
        ("ZeroDivisionError('by zero')", "unexpected ZeroDivisionError: by zero; "),
        ("MemoryError", "out of memory"),
        ("OSError(5, 'Input/output error')", "standard input or output: Input/output error"),
        ("FileNotFoundError(2, 'No such file', 'a.json')", "a.json: No such file"),
        ("ValueError('two\\nlines')", "two lines"),
    ],
)
def test_any_exception_is_one_line(exception, message):
    done = process("show", TEXT, code=BROKEN.format(exception))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"lehr: {message}")


def test_debug_shows_where_an_error_arose():
    done = process("--debug", "show", TEXT, code=BROKEN.format("KeyError('rate')"))
    assert done.returncode == 2
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert ", in read\n" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("lehr: unexpected KeyError")


def test_debug_has_nothing_to_show_of_a_mistyped_command():
    for words in (["--debug", "show"], ["--debug", "shw"]):
        assert error(*words).startswith("lehr: ")
    assert output("--debug", "show", "--help").startswith("Usage")


# Control characters.


@pytest.mark.parametrize(
    "words",
    [
        ["show", "a\x1b[31m.json"],
        ["show", "a\x1b[31m(9)"],
        ["show", "cosine", "--max-lr", "\x1b[31m"],
        ["compare", "\x9b31m\x07.yaml"],
        ["export", TEXT, "--name", "\x1b[31m", "--python"],
        ["export", TEXT, "-o", "nowhere/\x1b[31m"],
        ["plot", TEXT, "-o", "a.\u202e\x1b[31m"],
        ["\x1b[31m"],
    ],
)
def test_no_control_character_of_a_word_reaches_the_terminal(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert error(*words).isprintable()


def test_no_control_character_of_a_name_reaches_the_terminal(tmp_path):
    path = tmp_path / "a\x1b[31m\nb.json"
    spec.write(SCHEDULE, path)
    shown = output("compare", str(path), str(path))
    assert "a\\x1b[31m\\nb.json" in shown
    assert all(line.isprintable() for line in shown.splitlines())
    assert output("export", TEXT, "-o", f"{path}.csv").rstrip("\n").isprintable()
