"""Bad input: each is refused by a ValueError that names the culprit and the way out, and changes nothing."""

import json
import math
import random

import pytest
import torch

import lehr
from lehr import Constant, Exponential, Knots, PowerLaw, Ramp, Scheduler, Table, lengths, spec
from lehr.scheduler.checkpoint.text import checksum


class _Groups:
    """An optimizer made of nothing but groups."""

    def __init__(self, *groups):
        self.param_groups = list(groups)


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)


def build(*args, on=None, **kwargs):
    return lambda: Scheduler(optimizer() if on is None else on, *args, **kwargs)


def call(function, *args, **kwargs):
    return lambda: function(*args, **kwargs)


NAN, INF = math.nan, math.inf
COSINE = {"schedule": "cosine", "training_steps": 100, "max_lr": 1.0}
RAMP = Ramp(1, 0, 10)

# What is done, and what the message says: the culprit, and a rule, the value or the way out.
REFUSED = {
    # Scheduler
    "a schedule that becomes negative": (build(Ramp(1, 0, 10) - 0.5), "lr must be at least 0", "-0.5 at 10"),
    "unknown name": (build("cosin", 100), "'cosin'", "did you mean 'cosine'"),
    "no name at all": (build(7, 100), "unknown schedule 7", "cosine"),
    "no length": (build("cosine"), "cosine", "training_steps"),
    "negative length": (build("cosine", -5), "training_steps", "-5"),
    "zero length": (build("linear", 0), "training_steps", "at least 1"),
    "length as a fraction": (build("cosine", 10.5), "training_steps", "10.5"),
    "length as a bool": (build("cosine", True), "training_steps", "True"),
    "length as a word": (build("cosine", "soon"), "training_steps", "'soon'"),
    "length NaN": (build("cosine", NAN), "training_steps", "nan"),
    "negative warmup": (build("cosine", 10, -1), "warmup_steps", "-1"),
    "warmup longer than the run": (build("linear", 10, 12), "warmup_steps=12", "training_steps=10"),
    "floor above peak": (build("cosine", 10, 0, 0.1, 0.2), "min_lr=0.2", "max_lr=0.1"),
    "negative peak": (build("cosine", 10, 0, -0.1), "max_lr", "-0.1"),
    "peak NaN": (build("cosine", 10, 0, NAN), "max_lr", "nan"),
    "peak infinite": (build("cosine", 10, 0, INF), "max_lr", "inf"),
    "peak as a string": (build("cosine", 10, 0, "0.1"), "max_lr", "'0.1'"),
    "peak as a bool": (build("cosine", 10, 0, True), "max_lr", "True"),
    "unknown option": (build("cosine", 10, cycle=3), "cycle", "Available: training_steps"),
    "nearly an option": (build("wsd", 10, decay_step=3), "decay_step", "`decay_steps`"),
    "settings beside a Schedule": (build(RAMP, 10), "training_steps", "where it is built"),
    "no groups": (build("cosine", 10, on=_Groups()), "no param groups", "parameters"),
    "no optimizer": (build("cosine", 10, on=object()), "param_groups", "object"),
    "groups of another kind": (build("cosine", 10, on=_Groups(3)), "param_groups", "dicts"),
    "a group without a rate": (build("cosine", 10, on=_Groups({"params": []})), "group 0", "None"),
    "an integer tensor": (build("cosine", 10, on=_Groups({"lr": torch.tensor(1)})), "group 0", "floating"),
    "unknown group scale": (build("cosine", 10, group_scale="half"), "group_scale", "'half'"),
    "too few factors": (build("cosine", 10, group_scale=[]), "group 0", "give it one"),
    "negative factor": (build("cosine", 10, group_scale=[-1.0]), "group_scale", "-1.0"),
    # step
    "step negative": (lambda: Scheduler(optimizer(), "linear", 9).step(-1), "step", "-1"),
    "step as a fraction": (lambda: Scheduler(optimizer(), "linear", 9).step(0.37), "integer", "0.37"),
    "step NaN": (lambda: Scheduler(optimizer(), "linear", 9).step(NAN), "step", "nan"),
    "step as a bool": (lambda: Scheduler(optimizer(), "linear", 9).step(True), "step", "True"),
    "step as a string": (lambda: Scheduler(optimizer(), "linear", 9).step("3"), "step", "'3'"),
    "step said twice": (lambda: Scheduler(optimizer(), "linear", 9).step(3, epoch=4), "epoch", "both"),
    # recipes
    "phases longer than the run": (call(lehr.wsd, 10, 6, 1.0, decay_steps=8), "warmup_steps=6 + decay_steps=8", "> 10"),
    "exponential to zero": (call(lehr.exponential, 10, 0, 1.0, 0.0), "min_lr", "small"),
    "exponential cooldown to zero": (call(lehr.wsd, 10, max_lr=1.0, decay_shape="exponential"), "min_lr", "above 0"),
    "unknown shape": (call(lehr.wsd, 10, max_lr=1.0, decay_shape="1-sqr"), "'1-sqr'", "'1-sqrt'"),
    "shape without its parameter": (call(Ramp, 1, 0, 5, "polynomial"), "polynomial", "power"),
    "shape with one too many": (call(Ramp, 1, 0, 5, "linear(2)"), "linear", "none"),
    "shape with a word": (call(Ramp, 1, 0, 5, "polynomial(x)"), "polynomial(x)", "numbers"),
    "milestones out of order": (call(lehr.multistep, 100, max_lr=1.0, milestones=[60, 30]), "milestones", "(60, 30)"),
    "milestone past the end": (call(lehr.multistep, 100, max_lr=1.0, milestones=[101]), "milestones", "within"),
    "cycles that shrink for ever": (call(RAMP.repeat, length_factor=0.5), "times", "length_factor"),
    "a share of nothing": (call(lehr.inverse_sqrt, warmup_steps="2%", max_lr=1.0), "'2%'", "training_steps"),
    "a share below half a step": (call(lehr.cosine, 20, "1%", 1.0), "'1%'", "0.2"),
    "a missing setting": (call(lehr.step_decay, 100, max_lr=1.0), "step_decay", "decay_steps"),
    "a fraction of a step": (call(lengths.steps, "1.2345k", name="length"), "length", "1234.5"),
    "three ramps that do not fit": (call(lehr.one_cycle, 10, 6, 1.0, ramps=3), "warmup_steps=6", "training_steps=10"),
    "four ramps": (call(lehr.one_cycle, 10, max_lr=1.0, ramps=4), "ramps", "4"),
    # parts
    "a negative rate": (call(Ramp, -1, 0, 10), "start", "-1"),
    "a part too long to count": (call(Constant, 1, 10**19), "length", "10**18"),
    "a difference that is always negative": (call(Constant(0.1).__sub__, 0.2), "Difference", "at most -0.1"),
    "a power of what may be negative": (lambda: (Ramp(1, 0, 9) - 0.5) ** 2, "**", "schedule.clip(lo=...)"),
    "a negative power of 0": (lambda: Ramp(1, 0, 9) ** -1, "exponent=-1.0", "above 0"),
    "a power without a number": (lambda: Ramp(1, 0, 9) ** "2", "**", "finite number"),
    "stairs of no length": (lambda: Ramp(1, 0, 9).stairs(0), "every", "above 0"),
    "a function that is none": (call(lehr.tabulate, 3, 5), "tabulate", "function from a step"),
    "a function that gives a rate below 0": (call(lehr.tabulate, lambda t: -t, 5), "function(1)", "at least 0"),
    "a function that gives another rate each time": (
        call(lehr.tabulate, lambda t: random.random(), 5),
        "step 0",
        "depends on the step alone",
    ),
    "a rate that grows with the step": (call(PowerLaw, 1, 0.5, 10), "exponent", "give a `length`"),
    "a factor of zero": (call(Exponential, 1, 0), "factor", "above 0"),
    "an empty table": (call(Table, []), "rates", "at least one"),
    "knots out of order": (call(Knots, [0, 5, 3], [1, 1, 1]), "at", "increase"),
    "something after what never ends": (call(Constant(1).then, RAMP), "never ends", "cut"),
    "a number after a schedule": (call(RAMP.then, 0.5), "then", "Constant(0.5)"),
    "a position before 0": (call(RAMP, -1), "position", "-1"),
    "a position that is none": (call(RAMP, "3"), "position", "'3'"),
    "a list of positions": (call(RAMP, [1, 2]), "[1, 2]", "NumPy"),
    "a clip upside down": (call(RAMP.clip, 0.5, 0.1), "lo=0.5", "hi=0.1"),
    "a cut upside down": (call(RAMP.cut, 5, 3), "5", "3"),
    "a stretch of what never ends": (call(Constant(1).stretch, 5), "never ends", "length"),
    "times that are no count": (call(RAMP.repeat, 2.5), "times", "2.5"),
    "a schedule times a word": (lambda: RAMP * "2", "`*`", "'2'"),
    # specs
    "spec unknown schedule": (call(spec.from_dict, {"schedule": "cosin"}), "spec.schedule", "'cosine'"),
    "spec extra key": (call(spec.from_dict, COSINE | {"warm_up_steps": 3}), "spec.warm_up_steps", "`warmup_steps`"),
    "spec string for a number": (call(spec.from_dict, COSINE | {"max_lr": "1"}), "spec.max_lr", "the string '1'"),
    "spec bool for a number": (call(spec.from_dict, COSINE | {"max_lr": True}), "spec.max_lr", "True"),
    "spec nested culprit": (
        call(
            spec.from_dict,
            {"schedule": "Then", "parts": [COSINE, {"schedule": "Ramp", "start": 1, "end": "0", "length": 3}]},
        ),
        "spec.parts[1].end",
        "the string '0'",
    ),
    "spec impossible": (call(spec.from_dict, COSINE | {"warmup_steps": 200}), "spec", "warmup_steps=200"),
    "spec of another kind": (call(spec.from_dict, [1]), "mapping", "'schedule'"),
    "spec without a name": (call(spec.from_dict, {"max_lr": 1}), "'schedule'", "'max_lr'"),
    "spec parts of nothing": (call(spec.from_dict, {"schedule": "Then", "parts": []}), "spec.parts", "list"),
    "JSON cut short": (call(spec.from_json, '{"schedule": "cos'), "JSON", "Unterminated"),
    "JSON that says a key twice": (
        call(spec.from_json, '{"schedule": "linear", "schedule": "cosine"}'),
        "'schedule'",
        "twice",
    ),
    "JSON NaN": (call(spec.from_json, json.dumps(COSINE | {"max_lr": NAN})), "max_lr", "nan"),
    "JSON too deep": (call(spec.from_json, "[" * 100_000), "JSON", "deep"),
    "YAML that runs code": (call(spec.from_yaml, "!!python/object/apply:os.getcwd []"), "YAML", "python"),
    "TOML that is none": (call(spec.from_toml, "schedule = "), "TOML", "value"),
    "text that is code": (call(spec.from_text, "__import__('os').getcwd()"), "__import__", "cosine"),
    "text that is a lambda": (call(spec.from_text, "lambda: 0"), "lambda", "training_steps"),
    "text with an attribute": (call(spec.from_text, "cosine(100, max_lr=1).__class__()"), "__class__", "then"),
    "text unfinished": (call(spec.from_text, "cosine(100"), "expected `,` or `)`", "write for example"),
    "text too deep": (call(spec.from_text, "(" * 5000 + ")" * 5000), "text", "nested"),
    "text that says a setting twice": (
        call(spec.from_text, "cosine(100, training_steps=5, max_lr=1)"),
        "training_steps",
        "twice",
    ),
    "spec file missing": (call(spec.read, "no/such/file.json"), "no/such/file.json", "read"),
    "spec file of another kind": (call(spec.read, "schedule.ini"), "schedule.ini", ".yaml"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    act, culprit, rest = REFUSED[case]
    with pytest.raises(ValueError) as refused:
        act()
    message = str(refused.value)
    assert culprit in message
    assert rest in message
    assert "\n" not in message
    assert len(message) < 900


def test_there_are_enough():
    assert len(REFUSED) >= 80


STATE = Scheduler(optimizer(), "linear", 9, 0, 0.1).state_dict()


def signed(**changes):
    """The state with other values and the checksum that fits them."""
    state = STATE | changes
    return state | {"check": checksum(state)}


BAD_STATES = {
    "nothing": (None, "NoneType"),
    "empty": ({}, "nothing"),
    "foreign": ({"epoch": 3}, "epoch"),
    "a torch scheduler's": ({"last_epoch": 5, "base_lrs": [0.1], "_step_count": 6}, "step(5)"),
    "of a later version": (STATE | {"version": 99}, "99"),
    "without a position": ({k: v for k, v in STATE.items() if k != "position"}, "position"),
    "with a key too many": (STATE | {"more": 1}, "more"),
    "at a negative position": (STATE | {"position": -1}, "-1"),
    "at a fraction": (STATE | {"position": 1.5}, "1.5"),
    "at a bool": (STATE | {"position": True}, "True"),
    "with no JSON": (STATE | {"schedule": "{"}, "corrupt"),
    "with a list for a schedule": (STATE | {"schedule": [1]}, "`schedule` must be text"),
    "with an unknown schedule": (signed(schedule='{"schedule": "x"}'), "'x'"),
    "with factors cut short": (signed(group_factors="[[1.0"), "group_factors"),
    "with negative factors": (signed(group_factors="[[-1.0, 1]]"), "group_factors"),
    "with endless factors": (signed(group_factors="[[1.0, 1000000000]]"), "group_factors"),
    "of another schedule": (Scheduler(optimizer(), "linear", 8, 0, 0.1).state_dict(), "training_steps"),
    "with a digit changed": (STATE | {"position": 3}, "check"),
}


@pytest.mark.parametrize("case", BAD_STATES)
def test_after_a_refused_state_nothing_has_changed(case):
    bad, culprit = BAD_STATES[case]
    opt = optimizer()
    scheduler = Scheduler(opt, "linear", 9, 0, 0.1)
    scheduler.step(4)
    before = repr(opt.state_dict()), scheduler.state_dict()
    with pytest.raises(ValueError, match=None) as refused:
        scheduler.load_state_dict(bad)
    assert culprit in str(refused.value)
    assert (repr(opt.state_dict()), scheduler.state_dict()) == before
    scheduler.step()
    assert opt.param_groups[0]["lr"] == scheduler.schedule(5)


def test_keep_is_one_of_two_words():
    with pytest.raises(ValueError, match="'checkpoint' or 'code', got 'both'"):
        Scheduler(optimizer(), "linear", 9).load_state_dict(STATE, keep="both")


@pytest.mark.parametrize("case", [case for case in REFUSED if case.startswith("step")])
def test_after_a_refused_step_nothing_has_changed(case):
    opt = optimizer()
    scheduler = Scheduler(opt, "linear", 9)
    scheduler.step(4)
    before = repr(opt.state_dict()), scheduler.state_dict()
    bad = {"step negative": -1, "step as a fraction": 0.37, "step NaN": NAN, "step as a bool": True}
    with pytest.raises(ValueError):
        scheduler.step(bad.get(case, "3"))
    assert (repr(opt.state_dict()), scheduler.state_dict()) == before


def test_after_a_refused_constructor_the_optimizer_is_as_before():
    opt = torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)], lr=torch.tensor(0.1))
    before = opt.param_groups[1]["lr"]
    for bad in (build("cosin", 9, on=opt), build("linear", 9, on=opt, group_scale=[1.0])):
        with pytest.raises(ValueError):
            bad()
        assert opt.param_groups[1]["lr"] is before
        assert before.item() == pytest.approx(0.1)


def test_a_file_that_cannot_be_written_is_as_before(tmp_path):
    kept = tmp_path / "kept.json"
    spec.write(lehr.linear(9, max_lr=1.0), kept)
    with pytest.raises(ValueError, match="cannot be written"):
        spec.write(lehr.linear(9, max_lr=1.0), tmp_path / "no" / "such.json")
    with pytest.raises(ValueError, match=r"ends in \.json"):
        spec.write(lehr.linear(9, max_lr=1.0), tmp_path / "kept.ini")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ValueError, match="cannot be written"):
        spec.write(lehr.linear(9, max_lr=1.0), tmp_path / "folder.json")
    (tmp_path / "folder.json").rmdir()
    assert spec.read(kept) == lehr.linear(9, max_lr=1.0)
    assert [file.name for file in tmp_path.iterdir()] == ["kept.json"]
