"""Commands from outside: each applied once or refused, logged, and the run unharmed."""

import os
import pickle
import random
import subprocess
import sys
import textwrap

import click
import pytest
import torch
from click.testing import CliRunner

import lehr
from lehr import Scheduler, control
from lehr.cli.control import control as command_line
from lehr.cli.errors import Command as HouseCommand
from lehr.cli.errors import Group
from lehr.control import Amend, Cooldown, Dip, Extend, Rebase, Scale
from lehr.control.commands import Command, log_of
from lehr.scheduler import control_file

SCHEDULE = lehr.cosine(1_000, 100, max_lr=1.0, min_lr=0.1)


@pytest.fixture(autouse=True)
def look_at_every_step(monkeypatch):
    monkeypatch.setattr(control_file, "SECONDS", 0.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.txt"


def run(path, schedule=SCHEDULE):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return Scheduler(optimizer, schedule, control_file=path)


def log(path):
    """What became of the commands, without the times and the line that says who watches."""
    file = log_of(path)
    lines = [line[20:] for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if "watching" not in line]


def test_a_command_is_applied_once_from_the_step_on(path):
    s = run(path)
    s.step(499)
    path.write_text('# loss spiked\nscale(0.5, why="a spike")\n')
    for t in range(500, 510):
        s.step(t)
        assert s.current_lr == s.optimizer.param_groups[0]["lr"] == 0.5 * SCHEDULE(t)
    assert s.schedule(499) == SCHEDULE(499)
    assert [(c.position, c.what, c.why) for c in s.history] == [(500, "scale(factor=0.5)", "a spike")]
    assert log(path) == [f"step 500: command 1: applied: scale(factor=0.5), rate {0.5 * SCHEDULE(500):g}"]


ACTS = [
    (Dip(0.5, 10), "a spike"),
    (Extend("2k", policy="hold"), ""),
    (Rebase(0.25), 'it said "flat"'),
    (Scale(0.5), ""),
    (Amend("linear(training_steps=1k, max_lr=0.2)"), "stage 2"),
    (Cooldown(50, to=0.01, shape="linear"), ""),
]


def test_each_act(path):
    s = run(path)
    s.step(200)
    for act, why in ACTS:
        control.append(path, act, why)
        s.step(s.position + 1)
    assert [line.split(": ")[1] for line in log(path)] == [f"command {n}" for n in range(1, 7)]
    assert all("applied" in line for line in log(path))
    assert [change.why for change in s.history] == [why for _, why in ACTS]
    assert s.training_steps == 256


@pytest.mark.parametrize(("act", "why"), ACTS)
def test_a_command_is_a_line_that_reads_back(act, why):
    command = Command(act, why)
    assert Command.parse(str(command)) == command


def test_shares_and_suffixes_are_lengths(path):
    s = run(path)
    s.step(500)
    path.write_text("extend(200%, policy=hold)\ncooldown(10%, shape=1-sqrt)\n")
    s.step(501)
    whats = ["extend(training_steps=2000, policy='hold')", "cooldown(steps=200, to=0.0, shape='1-sqrt')"]
    assert [change.what for change in s.history] == whats


BAD = {
    "nonsense": "what?",
    "yaml": "- call: cooldown",
    "a number": "3",
    "an unknown act": "__init__(optimizer=3)",
    "a private one": "_go_to(3)",
    "a setting too many": "cooldown(5, stops=3)",
    "a setting twice": "cooldown(5, steps=3)",
    "a setting too few": "dip(factor=0.5)",
    "a hidden setting": "rebase(0.1, of=0.2)",
    "a negative rate": "rebase(-1)",
    "an infinite rate": "rebase(1e999)",
    "nothing for a rate": "rebase(None)",
    "a word for a rate": "scale(much)",
    "a huge factor": f"scale({'9' * 400})",
    "an unknown shape": "cooldown(5, shape=wish)",
    "steps of nothing": "cooldown(0)",
    "steps in other words": 'cooldown("2 epochs")',
    "a reason that is no text": "cooldown(5, why=3)",
    "a long reason": f"cooldown(5, why={'x' * 2_000!r})",
    "a reason of two lines": r'cooldown(5, why="flat\nat 7 cooldown")',
    "python": "amend(__import__('os').system('touch executed'))",
    "depth": "amend(" + "(" * 5_000,
    "nested products of cuts": "amend(" + "(Constant(1)*" * 30 + "Constant(1)" + ").cut(0, 5)" * 30 + ")",
    "size": "x" * 200_000,
    "bytes": b"\xff\xfe\x00\x80",
    "a surrogate": r'cooldown(5, why="\ud800")',
    "a surrogate for a name": "cooldown(5, \udc80=3)".encode(errors="surrogatepass"),
    "a schedule that overflows at once": "amend(Constant(1e300) * Constant(1e300))",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_bad_line_is_refused_with_a_message_and_the_run_goes_on(text, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.write_bytes((text if isinstance(text, bytes) else text.encode()) + b"\n")
    s, bare = run(path), run(None)
    for t in range(3):
        s.step(t)
        bare.step(t)
        assert (s.current_lr, s.history) == (bare.current_lr, [])
    assert log(path)
    assert all(": refused: " in line and len(line) < 1_100 for line in log(path))
    assert not (path.parent / "executed").exists()


@pytest.mark.filterwarnings("ignore:step .* is past the end")
def test_an_accepted_schedule_never_stops_the_run_later(path):
    path.write_text("amend(Exponential(1e-3, 1.5))\n")
    s = run(path)
    s.step(1)
    for t in (2, 100, 5_000, 10**6, 10**12):
        s.step(t)
        assert 0 <= s.current_lr < float("inf")


def test_a_bad_command_does_not_stop_the_next(path):
    path.write_text("cooldown(0)\nscale(0.5)\nrebase()\n")
    s = run(path)
    s.step(1)
    assert [line.split(": ")[1:3] for line in log(path)] == [
        ["command 1", "refused"],
        ["command 2", "applied"],
        ["command 3", "refused"],
    ]
    assert len(s.history) == 1


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


def test_under_follow_the_next_update_is_the_first_with_the_command(path):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    s, used = Scheduler(optimizer, SCHEDULE, control_file=path).follow(), []
    for t in range(6):
        weight.grad = torch.ones(1)
        if t == 3:
            control.append(path, Scale(0.5))
        before = weight.item()
        optimizer.step()
        used.append(before - weight.item())
        assert s.last_used_lrs == [pytest.approx(used[-1], rel=1e-4)]  # what it says of the past is what was
    assert used == pytest.approx([SCHEDULE(t) * (0.5 if t > 3 else 1.0) for t in range(6)], rel=1e-4)
    assert [c.position for c in s.history] == [4]


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


# Anything may stand in the file.

VALUES = [
    *("0", "1", "-1", "5", "200", "2.5", "1e-3", "0.5", "1e300", "10**18", "9" * 30, "True", "None", "2k", "2%"),
    *("'3 epochs'", "linear", "hold", "stretch", "restart", "replan", "''", "'" + "x" * 300 + "'", "[]", "[1, 2]"),
    *("Ramp(1, 0.5, 10)", "cosine(training_steps=1k, max_lr=0.1)", "Constant(1e200) * 1e200", "Exponential(1, 10)"),
    *("Constant(0.1)", "__import__('os').system('touch executed')", "Table([1, 2])", "nan", "1e999"),
]
WORDS = ["training_steps", "policy", "steps", "to", "shape", "lr", "factor", "recover", "schedule", "why", "of", "wish"]


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


def fuzzed_line(dice):
    """A call, often with all that it needs."""
    name = dice.choice([*control.ACTS, "step", "__init__"])
    takes = list(control.ACTS[name].options()) if name in control.ACTS else []
    settings = {word: dice.choice(VALUES) for word in takes if word in takes[:1] or dice.random() < 0.4}
    if dice.random() < 0.1:
        settings[dice.choice(WORDS)] = dice.choice(VALUES)
    return f"{name}({', '.join(f'{word}={value}' for word, value in settings.items())})\n"


def fuzzed_file(dice):
    """The bytes of a control file: good, odd, cut short, with bytes exchanged, or anything."""
    written = bytearray("".join(fuzzed_line(dice) for _ in range(dice.randint(1, 3))).encode())
    damage = dice.random()
    if damage < 0.2:
        del written[dice.randrange(len(written)) :]
    elif damage < 0.5:
        for _ in range(dice.randint(1, 5)):
            written[dice.randrange(len(written))] = dice.choice([dice.randrange(256), *b"()[],=*!'\"#\n 09.e"])
    elif damage < 0.55:
        return dice.randbytes(dice.randint(0, 300))
    return bytes(written)


def check_fuzzed_files(path, files, seed):
    """Nothing changes but by a command that is applied, and then the rate is a rate."""
    dice, s, applied = random.Random(seed), run(path), 0
    for _ in range(files):
        text = fuzzed_file(dice)
        path.write_bytes(text)
        before, s._control_file.done = (s.current_lr, s.schedule, s.history), 0
        s.step(s.position)
        now = sum(": applied: " in line for line in log(path))
        log_of(path).unlink(missing_ok=True)
        assert len(s.history) == len(before[2]) + now, text
        assert 0 <= s.current_lr < float("inf"), text
        if now:
            path.unlink()
            applied, s = applied + now, run(path)
            s.step(dice.randint(0, 990))
            continue
        assert (s.current_lr, s.schedule, s.history) == before, text
    assert not (path.parent / "executed").exists()
    return applied


def test_fuzzed_files_change_nothing_unless_a_command_is_applied(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    assert check_fuzzed_files(path, files=300, seed=1) > 20  # and some are


# The command line.


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


WRITERS = (
    "import sys, lehr.control as c\nfor n in range(50): c.append(sys.argv[1], c.Scale(1.0), why=f'{sys.argv[2]} {n}')"
)


def test_several_writers_at_once_lose_no_command(path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITERS, str(path), str(n)]) for n in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    whys = [Command.parse(line).why for line in path.read_text().splitlines()]
    assert sorted(whys) == sorted(f"{writer} {n}" for writer in range(4) for n in range(50))


# Several ranks.

RANKS = textwrap.dedent("""
    import os, sys
    import torch, torch.distributed as dist
    import lehr
    from lehr.control import Cooldown, append
    from lehr.scheduler import control_file

    counted = {}
    for name in ("broadcast", "all_reduce", "all_gather", "broadcast_object_list", "all_gather_object", "barrier"):
        def wrapped(*args, _name=name, _kept=getattr(dist, name), **options):
            counted[_name] = counted.get(_name, 0) + 1
            return _kept(*args, **options)
        setattr(dist, name, wrapped)

    control_file.SECONDS = 0.0
    path, rank = sys.argv[1], int(sys.argv[2])
    dist.init_process_group("gloo", init_method="file://" + sys.argv[3], rank=rank, world_size=4)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    own = path if rank == 0 else path + ".of-another-machine"
    scheduler = lehr.Scheduler(optimizer, lehr.cosine(1_000, 100, max_lr=1.0, min_lr=0.1), control_file=own).follow()
    rates, at_step = [], []
    for step in range(1_000):
        rates.append(optimizer.param_groups[0]["lr"])
        if step == 300 and rank == 0:
            append(path, Cooldown(200))
        if step == 450 and rank == 0:
            scheduler.step(step)  # a rank that repeats a step must not fall out of step with the others
        weight.grad = torch.ones(1)
        before = sum(counted.values())
        optimizer.step()
        at_step.append(sum(counted.values()) - before)
    everyone = [None] * 4
    dist.all_gather_object(everyone, rates)
    assert all(other == rates for other in everyone), "the ranks differ"
    print([change.position for change in scheduler.history], counted.get("broadcast_object_list", 0),
          sum(n > 0 for n in at_step), rates[-1], flush=True)
    dist.barrier()  # gloo aborts a process whose peer leaves while it still communicates
    dist.destroy_process_group()
""")


def test_four_ranks_apply_a_command_at_one_step_without_a_collective_per_step(path, tmp_path):
    command = [sys.executable, "-c", RANKS, str(path)]
    meet, here = str(tmp_path / "meet"), {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": os.environ | here}
    ranks = [subprocess.Popen([*command, str(rank), meet], **pipes) for rank in range(4)]
    said = []
    for process in ranks:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err.decode()
        said.append(out.decode().strip())
    # One look, of 100 updates, is a broadcast of an object; all other updates have no collective at all.
    assert set(said) == {"[400] 11 11 0.0"}
    assert "command 1: applied" in log(path)[0]
