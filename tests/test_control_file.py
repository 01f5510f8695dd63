"""Orders from outside: each followed once or refused, answered in the log, and the run unharmed."""

import json
import os
import random
import subprocess
import sys
import textwrap

import pytest
import torch
from click.testing import CliRunner

import lehr
from lehr import Scheduler, orders
from lehr.cli.control import control
from lehr.cli.errors import Group
from lehr.scheduler import control_file

SCHEDULE = lehr.cosine(1_000, 100, 1.0, 0.1)


@pytest.fixture(autouse=True)
def look_at_every_step(monkeypatch):
    monkeypatch.setattr(control_file, "SECONDS", 0.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.yaml"


def run(path, schedule=SCHEDULE):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return Scheduler(optimizer, schedule, control_file=path)


def log(path):
    """The answers, without their times."""
    file = orders.log_of(path)
    return [line[20:] for line in file.read_text().splitlines()] if file.exists() else []


def test_an_order_is_followed_once_from_the_step_on(path):
    s = run(path)
    s.step(499)
    path.write_text("- call: scale\n  factor: 0.5\n  why: a spike\n")
    for t in range(500, 510):
        s.step(t)
        assert s.current_lr == s.optimizer.param_groups[0]["lr"] == 0.5 * SCHEDULE(t)
    assert s.schedule(499) == SCHEDULE(499)
    assert [(c.position, c.what, c.why) for c in s.history] == [(500, "scale(factor=0.5)", "a spike")]
    assert log(path) == [f"step 500: order 1: followed: scale(factor=0.5), rate {0.5 * SCHEDULE(500):g}"]


def test_each_call(path):
    s = run(path)
    calls = [
        {"call": "dip", "factor": 0.5, "recover": 10},
        {"call": "extend", "training_steps": "2k", "policy": "hold"},
        {"call": "rebase", "lr": 0.25},
        {"call": "scale", "factor": 0.5},
        {"call": "amend", "schedule": "linear(training_steps=1k, max_lr=0.2)"},
        {"call": "amend", "schedule": {"schedule": "linear", "training_steps": 500, "max_lr": 0.2}},
        {"call": "cooldown", "steps": 50, "to": 0.01, "shape": "linear"},
    ]
    s.step(200)
    for call in calls:
        orders.give(path, call)
        s.step(s.position + 1)
    assert [line.split(": ")[1] for line in log(path)] == [f"order {n}" for n in range(1, 8)]
    assert all("followed" in line for line in log(path))
    assert (len(s.history), s.training_steps) == (7, 257)


BAD = {
    "nonsense": "what?",
    "no list": "call: cooldown\nsteps: 5",
    "a number": "3",
    "no yaml": "- call: [",
    "an unknown call": "- call: __init__\n  optimizer: 3",
    "a private call": "- call: _go_to\n  position: 3",
    "a setting too many": "- {call: cooldown, steps: 5, stops: 3}",
    "a setting too few": "- call: dip\n  factor: 0.5",
    "no name": "- steps: 5",
    "no mapping": "- cooldown",
    "a negative rate": "- {call: rebase, lr: -1}",
    "an infinite rate": "- {call: rebase, lr: .inf}",
    "nothing for a rate": "- {call: rebase, lr: null}",
    "a word for a rate": "- {call: scale, factor: much}",
    "an unknown shape": "- {call: cooldown, steps: 5, shape: [1]}",
    "steps of nothing": "- {call: cooldown, steps: 0}",
    "steps in other words": "- {call: cooldown, steps: 2 epochs}",
    "a date": "- {call: cooldown, steps: 5, why: 2024-01-01}",
    "a long reason": "- {call: cooldown, steps: 5, why: " + "x" * 2_000 + "}",
    "a tag": "- !!python/object/apply:os.system ['touch executed']",
    "python": "- {call: amend, schedule: \"__import__('os').system('touch executed')\"}",
    "aliases of aliases": "- &a [x, x, x, x, x, x, x, x]\n"
    + "".join(f"- &{b} [{', '.join([f'*{a}'] * 8)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "itself": "- &a {call: cooldown, steps: 5, why: *a}",
    "depth": "- " + "[" * 5_000,
    "size": "- " + "x" * 200_000,
    "a large yaml": "- call: cooldown\n  steps: 5\n" * 1_000,
    "bytes": b"\xff\xfe\x00\x80",
    "a schedule without a rate": "- {call: amend, schedule: 'Constant(1e300) * 1e300'}",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_a_message_and_the_run_goes_on(text, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    s, bare = run(path), run(None)
    for t in range(3):
        s.step(t)
        bare.step(t)
        assert (s.current_lr, s.history) == (bare.current_lr, [])
    assert log(path)
    assert all(": refused: " in line and len(line) < 1_100 for line in log(path))
    assert not (path.parent / "executed").exists()


def test_a_bad_order_does_not_stop_the_next(path):
    path.write_text("- {call: cooldown, steps: 0}\n- {call: scale, factor: 0.5}\n- {call: rebase}\n")
    s = run(path)
    s.step(1)
    assert [line.split(": ")[1:3] for line in log(path)] == [
        ["order 1", "refused"],
        ["order 2", "followed"],
        ["order 3", "refused"],
    ]
    assert len(s.history) == 1


def test_a_file_that_comes_later_goes_and_comes_back(path):
    s = run(path)
    s.step(1)
    orders.give(path, {"call": "scale", "factor": 0.5})
    s.step(2)
    text = path.read_text()
    path.unlink()
    s.step(3)
    path.write_text(text)
    s.step(4)
    assert len(s.history) == 1
    orders.give(path, {"call": "scale", "factor": 0.5})
    s.step(5)
    assert len(s.history) == 2


@pytest.mark.parametrize(
    ("after", "first"),
    [
        ("", 1),
        ("- {call: scale, factor: 0.5}", 2),
        ("- {call: rebase, lr: 0.1}\n- {call: scale, factor: 0.5}\n- {call: cooldown, steps: 5}", 1),
    ],
    ids=["emptied", "shrunk", "rewritten"],
)
def test_answered_orders_that_change_are_refused(after, first, path):
    for _ in range(2):
        orders.give(path, {"call": "scale", "factor": 0.5})
    s = run(path)
    s.step(1)
    before = path.read_text()
    path.write_text(after)
    s.step(2)
    assert len(s.history) == 2
    assert f"2 orders of this file were answered, and order {first} was changed or taken out" in log(path)[-1]
    path.write_text(before + '- {"call": "scale", "factor": 0.5}\n')
    s.step(3)
    assert len(s.history) == 3


@pytest.mark.parametrize("what", ["directory", "pipe"])
def test_what_is_no_file_is_refused(what, path):
    path.mkdir() if what == "directory" else os.mkfifo(path)
    s = run(path)
    s.step(1)
    assert "is no file" in log(path)[0]
    assert s.history == []


def test_a_file_that_cannot_be_read_is_refused_and_read_later(path, monkeypatch):
    orders.give(path, {"call": "scale", "factor": 0.5})
    s, kept = run(path), type(path).open

    def denied(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return kept(self, *args, **options)

    monkeypatch.setattr(type(path), "open", denied)
    s.step(1)
    assert "cannot be read: Permission denied" in log(path)[0]
    monkeypatch.setattr(type(path), "open", kept)
    path.chmod(0o600)
    s.step(2)
    assert len(s.history) == 1


def test_a_log_that_cannot_be_written_is_a_warning(path):
    orders.log_of(path).mkdir()
    orders.give(path, {"call": "scale", "factor": 0.5})
    s = run(path)
    with pytest.warns(UserWarning, match="could not be written"):
        s.step(1)
    assert len(s.history) == 1


def test_a_young_file_may_be_half_written_and_is_left_alone(path, monkeypatch):
    monkeypatch.setattr(control_file, "SECONDS", 3_600.0)
    path.write_text("- call: cooldown\n  steps: 20")  # 2000 is meant
    s = run(path)
    s.step(1)
    assert (s.history, log(path)) == ([], [])
    os.utime(path, (0, 0))
    s._control._next_look = 0.0
    s.step(2)
    assert len(s.history) == 1


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


def test_under_follow_the_next_update_is_the_first_with_the_order(path):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    s, used = Scheduler(optimizer, SCHEDULE, control_file=path).follow(), []
    for t in range(6):
        weight.grad = torch.ones(1)
        if t == 3:
            orders.give(path, {"call": "scale", "factor": 0.5})
        before = weight.item()
        optimizer.step()
        used.append(before - weight.item())
        assert s.used == [pytest.approx(used[-1], rel=1e-4)]  # what it says of the past is what was
    assert used == pytest.approx([SCHEDULE(t) * (0.5 if t > 3 else 1.0) for t in range(6)], rel=1e-4)
    assert [c.position for c in s.history] == [4]


def test_a_resumed_run_repeats_what_came_after_the_checkpoint_alone(path):
    s = run(path)
    s.step(200)
    orders.give(path, {"call": "scale", "factor": 0.5})
    s.step(201)
    state = s.state_dict()
    orders.give(path, {"call": "rebase", "lr": 0.125})
    s.step(210)
    assert [c.what for c in s.history] == ["scale(factor=0.5)", "rebase(lr=0.125)"]
    for again in (run(path), s):  # in a new process, or rolled back in this one
        again.load_state_dict(state)
        assert len(again.history) == 1
        again.step(205)
        assert [(c.position, c.what) for c in again.history] == [(201, "scale(factor=0.5)"), (205, "rebase(lr=0.125)")]


VALUES = [
    *(0, 1, -1, 5, 200, 2.5, 1e-3, 0.5, 1e300, 10**18, 10**30, True, None, "2k", "2%", "3 epochs", "linear", "hold"),
    *(
        "stretch",
        "restart",
        "replan",
        "",
        "x" * 300,
        [],
        {},
        [1, 2],
        {"schedule": "linear"},
        float("nan"),
        float("inf"),
    ),
    *("Ramp(1, 0.5, 10)", "cosine(training_steps=1k, max_lr=0.1)", "Constant(1e200) * 1e200", "Exponential(1, 10)"),
    *({"schedule": "Constant", "rate": 0.1}, "__import__('os').system('touch executed')", "Table([1, 2])"),
]
WORDS = ["training_steps", "policy", "steps", "to", "shape", "lr", "factor", "recover", "schedule", "why", "wish"]


def fuzzed_order(dice):
    """A call, often with all that it needs."""
    name = dice.choice([*orders.CALLS, "step", "__init__"])
    takes = orders.CALLS.get(name, ())
    given = {word: dice.choice(VALUES) for word in takes if word in takes[:1] or dice.random() < 0.4}
    if dice.random() < 0.1:
        given[dice.choice(WORDS)] = dice.choice(VALUES)
    return {"call": name, **given}


def fuzzed_file(dice):
    """The bytes of a control file: good, odd, cut short, with bytes exchanged, or anything."""
    calls = [fuzzed_order(dice) for _ in range(dice.randint(1, 3))]
    text = "".join(f"- {json.dumps(call)}\n" for call in calls)
    if dice.random() < 0.3:
        text = "".join("- " + "\n  ".join(f"{word}: {value}" for word, value in call.items()) + "\n" for call in calls)
    written = bytearray(text.encode())
    damage = dice.random()
    if damage < 0.2:
        del written[dice.randrange(len(written)) :]
    elif damage < 0.5:
        for _ in range(dice.randint(1, 5)):
            written[dice.randrange(len(written))] = dice.choice([dice.randrange(256), *b"[]{}:-&*!'\"#\n 09.e"])
    elif damage < 0.55:
        return dice.randbytes(dice.randint(0, 300))
    return bytes(written)


def check_fuzzed_files(path, files, seed):
    """Nothing changes but by an order that is followed, and then the rate is one."""
    dice, s, followed = random.Random(seed), run(path), 0
    for _ in range(files):
        text = fuzzed_file(dice)
        path.write_bytes(text)
        before, s._control.answered = (s.current_lr, s.schedule, s.history), 0
        s.step(s.position)
        now = sum(": followed: " in line for line in log(path))
        orders.log_of(path).unlink(missing_ok=True)
        assert len(s.history) == len(before[2]) + now, text
        assert 0 <= s.current_lr < float("inf"), text
        if now:
            path.unlink()
            followed, s = followed + now, run(path)
            s.step(dice.randint(0, 990))
            continue
        assert (s.current_lr, s.schedule, s.history) == before, text
    assert not (path.parent / "executed").exists()
    return followed


def test_fuzzed_files_change_nothing_unless_an_order_is_followed(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    assert check_fuzzed_files(path, files=300, seed=1) > 20  # and some are


# The command.


def command(*words):
    group = Group()
    group.add_command(control)
    return CliRunner().invoke(group, ["control", *map(str, words)])


def test_the_command_gives_an_order_and_says_its_number(path):
    path.write_text("# for run 7\n- call: scale\n  factor: 0.5  # a spike\n")
    done = command(path.parent, "cooldown", "--steps", "2k", "--to", "0.01", "--why", "loss is flat: really")
    assert (done.exit_code, done.output) == (0, f"order 2 is given; the answer will stand in {path}.log\n")
    assert path.read_text().startswith("# for run 7\n- call: scale\n  factor: 0.5  # a spike\n- {")
    s = run(path)
    s.step(500)
    assert s.history[1].what == "cooldown(steps=2000, to=0.01, shape='1-sqrt')"
    assert s.history[1].why == "loss is flat: really"


@pytest.mark.parametrize(
    "before", ["[{call: scale, factor: 0.5}]", "  - {call: scale, factor: 0.5}\n", "", None, "---\n...\n"]
)
@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_the_command_adds_to_any_file(before, suffix, tmp_path):
    path = tmp_path / f"my control{suffix}"
    if before is not None:
        if suffix == ".json":
            before = json.dumps([{"call": "scale", "factor": 0.5}]) if "call" in before else ""
        path.write_text(before)
        path.chmod(0o640)
    given = command(path, "dip", "--factor", 0.5, "--recover", 10)
    assert given.exit_code == 0
    expected = [{"call": "dip", "factor": 0.5, "recover": 10}]
    assert orders.read(path) == ([{"call": "scale", "factor": 0.5}] if before and "call" in before else []) + expected
    if before is not None:
        assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_command_takes_a_schedule_as_the_others_do(path, tmp_path):
    lehr.spec.write(lehr.linear(10, 0, 0.1), tmp_path / "next.yaml")
    for word in (tmp_path / "next.yaml", "linear(10, 0, 0.1)"):
        assert command(path, "amend", "--schedule", word).exit_code == 0
    s = run(path)
    s.step(1)
    assert [change.rest for change in s.history] == [(lehr.linear(10, 0, 0.1),)] * 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cooldown"], "cooldown needs `steps`"),
        (["cooldown", "--steps", "0"], "number of steps of at least 1"),
        (["cooldown", "--steps", "5", "--to", "-1"], "`to`"),
        (["cooldown", "--steps", "5", "--shape", "wish"], "unknown shape 'wish'"),
        (["cooldown", "--steps", "5", "--lr", "1"], "cooldown takes"),
        (["coldown", "--steps", "5"], "did you mean 'cooldown'?"),
        (["scale", "--factor", "nan"], "`factor`"),
        (["extend", "--training-steps", "5", "--policy", "wish"], "'wish' is not one of"),
        (["amend", "--schedule", "wish"], "wish"),
        (["scale"], "scale needs `factor`"),
        ([], "CALL"),
    ],
)
def test_errors_of_the_command_are_one_line(words, said, path):
    done = command(path, *words)
    assert (done.exit_code, done.stdout, path.exists()) == (2, "", False)
    (line,) = done.stderr.splitlines()
    assert said in line


@pytest.mark.parametrize("where", ["nowhere", "nowhere/control.yaml", "run.txt"])
def test_the_command_needs_a_run(where, tmp_path):
    (tmp_path / "run.txt").write_text("")
    done = command(tmp_path / where, "cooldown", "--steps", 5)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


def test_the_command_leaves_a_file_that_is_none_as_it_was(path):
    path.write_text("call: [")
    done = command(path, "cooldown", "--steps", 5)
    assert (done.exit_code, path.read_text()) == (2, "call: [")


# Several ranks.

RANKS = textwrap.dedent("""
    import os, sys
    import torch, torch.distributed as dist
    import lehr
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
    scheduler = lehr.Scheduler(optimizer, lehr.cosine(1_000, 100, 1.0, 0.1), control_file=own).follow()
    rates, at_step = [], []
    for step in range(1_000):
        rates.append(optimizer.param_groups[0]["lr"])
        if step == 300 and rank == 0:
            lehr.orders.give(control_file.Path(path), {"call": "cooldown", "steps": 200})
        weight.grad = torch.ones(1)
        before = sum(counted.values())
        optimizer.step()
        at_step.append(sum(counted.values()) - before)
    everyone = [None] * 4
    dist.all_gather_object(everyone, rates)
    assert all(other == rates for other in everyone), "the ranks differ"
    print([change.position for change in scheduler.history], counted.get("broadcast_object_list", 0),
          sum(n > 0 for n in at_step), rates[-1])
    dist.destroy_process_group()
""").replace("import lehr\n", "import lehr, lehr.orders\n", 1)


def test_four_ranks_follow_an_order_at_one_step_without_a_collective_per_step(path, tmp_path):
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
    assert set(said) == {"[301] 10 10 0.0"}
    assert "order 1: followed" in log(path)[0]
