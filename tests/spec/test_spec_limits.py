"""What is written can be read; what cannot is refused by both; and the cost follows the size of the input."""

import json
import time

import pytest

import lehr
from lehr import Constant, Knots, Ramp, Table, spec
from lehr.spec import limits

WRITERS = [spec.check, spec.to_dict, spec.to_text, spec.to_json, spec.to_yaml, spec.to_toml]
RAMP = Ramp(0, 1, 10)


def nested(depth):
    schedule = Constant(1)
    for _ in range(depth):
        schedule = lehr.schedules.combinators.Repeat(RAMP.then(schedule.cut(0, 10)), 2)
    return schedule


TOO_LARGE = {
    "numbers": (Table([0.1] * (limits.MOST_NUMBERS + 1)), "at most 100,000 numbers"),
    "numbers of several tables": (Table([0.1] * 60_000).then(Table([0.2] * 60_000)), "at most 100,000 numbers"),
    "parts": (RAMP.then(*[RAMP] * limits.MOST_PARTS), "at most 10,000 parts"),
    "depth": (nested(20), "at most 50 deep"),
}


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("case", TOO_LARGE)
def test_writers_refuse_what_readers_refuse(write, case):
    schedule, reason = TOO_LARGE[case]
    with pytest.raises(spec.SpecError, match=reason):
        write(schedule)


def test_a_file_is_not_touched_by_what_is_too_large(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(spec.SpecError, match="at most 10,000 parts"):
        spec.write(TOO_LARGE["parts"][0], path)
    assert path.read_text(encoding="utf-8") == "before"


def plain(schedule):
    """The dict that `to_dict` would give without its check."""
    return {"schedule": "Then", "parts": [{"schedule": "Ramp", **part.settings()} for part in schedule.parts]}


def test_readers_refuse_with_the_same_message():
    for data, reason in [
        (plain(TOO_LARGE["parts"][0]), "at most 10,000 parts"),
        ({"schedule": "Table", "rates": [0.1] * 100_001}, "at most 100,000 numbers"),
    ]:
        with pytest.raises(spec.SpecError, match=reason):
            spec.from_dict(data)


LARGEST = {
    "parts": RAMP.then(*[Ramp(i / 7, 1 / 3, 10, "polynomial(2.5)") for i in range(2_000)]),
    "numbers": Knots([*range(5_000)], [0.1 + i / 1e9 for i in range(5_000)]),
    "sum": lehr.schedules.combinators.Sum(tuple(Constant(i / 7) for i in range(2_000))),
    "depth": nested(15),
}


@pytest.mark.parametrize("suffix", spec.FORMATS)
@pytest.mark.parametrize("case", LARGEST)
def test_large_schedules_are_read_as_they_were_written(case, suffix, tmp_path):
    path = tmp_path / f"run{suffix}"
    spec.write(LARGEST[case], path)
    assert spec.read(path) == LARGEST[case]


def test_the_longest_text_is_the_same_for_all(monkeypatch):
    monkeypatch.setattr(limits, "LONGEST_TEXT", 50)
    schedule = lehr.cosine(100, 10, max_lr=1.0)
    for write in (spec.to_text, spec.to_json, spec.to_yaml, spec.to_toml):
        with pytest.raises(spec.SpecError, match="at most 50 characters"):
            write(schedule)
    for read in (spec.from_text, spec.from_json, spec.from_yaml, spec.from_toml):
        with pytest.raises(spec.SpecError, match="at most 50 characters"):
            read(" " * 51)


COSINE = '{"schedule": "cosine", "training_steps": 10, "max_lr": %s}'
KEYS = ", ".join(f'"k{i}": 1' for i in range(100_000))
ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

BOMBS = {
    "aliases": (spec.from_yaml, ALIASES, "line 1 has the anchor &a"),
    "one alias": (spec.from_yaml, "schedule: Then\nparts: [1, *a]", "line 2 has the alias \\*a"),
    "deep YAML list": (spec.from_yaml, "[" * 100_000, "nested too deeply"),
    "deep YAML map": (spec.from_yaml, "{" * 100_000, "nested too deeply"),
    "deep YAML block": (spec.from_yaml, "- " * 100_000, "nested too deeply"),
    "YAML integer": (spec.from_yaml, f"schedule: Constant\nrate: {'9' * 400}", "about 401 digits"),
    "YAML key twice": (spec.from_yaml, "schedule: Constant\nschedule: Ramp", "duplicate key"),
    "dotted TOML": (spec.from_toml, "a." * 100_000 + "b = 1", "nested too deeply"),
    "dotted TOML in quotes": (spec.from_toml, "'a' . " * 100_000 + "b = 1", "nested too deeply"),
    "deep TOML": (spec.from_toml, "a = " + "[" * 100_000, "nested too deeply"),
    "JSON keys": (
        spec.from_json,
        f"{{{KEYS}}}",
        "must be a mapping with the key 'schedule'",
    ),
    "JSON key twice": (
        spec.from_json,
        f'{{{KEYS}, "k7": 1}}',
        "the key 'k7' appears twice",
    ),
    "JSON integer": (spec.from_json, COSINE % ("9" * 400), "got an integer of about 401 digits"),
    "JSON integer of 5000 digits": (spec.from_json, COSINE % ("9" * 5000), "invalid JSON"),
    "JSON length": (spec.from_json, (COSINE % 1).replace("10", "9" * 400), r"at most 10\*\*18 steps"),
    "JSON width": (spec.from_json, '{"schedule": "noam", "model_dim": %s}' % ("9" * 400), "for `model_dim`"),
    "JSON 60 deep": (
        spec.from_json,
        '{"schedule": "Clip", "of": ' * 60 + '{"schedule": "Constant", "rate": 1}' + "}" * 60,
        "at most 50 deep",
    ),
    "JSON surrogate": (spec.from_json, '{"schedule": "\\ud800"}', r"unknown schedule '\\ud800'"),
    "text of cuts": (spec.from_text, "Constant(1)" + ".cut(1)" * 100_000, "at most 50 deep"),
    "text of parts": (spec.from_text, "Constant(1, 1)" + ".then(Constant(1, 1))" * 50_000, "at most 10,000 parts"),
    "text of summands": (spec.from_text, "Constant(1)" + " + 1" * 100_000, "at most 10,000 parts"),
    "text of brackets": (spec.from_text, "(" * 1_000_000, "nested too deeply"),
    "text of digits": (spec.from_text, f"Constant({'9' * 1_000_000})", "expected a number"),
    "text of numbers": (spec.from_text, f"Table([{'1, ' * 100_001}])", "at most 100,000 numbers"),
    "text of spaces": (spec.from_text, " " * 1_000_000, "expected a number"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_is_refused_at_once(case):
    read, text, reason = BOMBS[case]
    begin = time.process_time()
    with pytest.raises(spec.SpecError, match=reason) as refused:
        read(text)
    assert time.process_time() - begin < 10  # each took minutes, or grew with the square of the text
    assert len(str(refused.value)) < 900


# What reaches a terminal or a log.

HARMFUL = "\x1b[31mred\nforged line\x00"


@pytest.mark.parametrize(
    "act",
    [
        lambda: spec.from_dict({"schedule": "cosine", HARMFUL: 1}),
        lambda: spec.from_dict({"schedule": HARMFUL}),
        lambda: spec.from_dict({HARMFUL: 1}),
        lambda: spec.from_dict({"schedule": "Ramp", "start": HARMFUL, "end": 0, "length": 1}),
        lambda: spec.from_dict({"schedule": "Ramp", "start": 1, "end": 0, "length": 1, "shape": HARMFUL}),
        lambda: spec.from_json(json.dumps({"schedule": "cosine", HARMFUL: 1})),
        lambda: spec.from_json(f"{{{HARMFUL}"),
        lambda: spec.from_yaml(f"a: {HARMFUL}"),
        lambda: spec.from_yaml('"a\\e[31m": [}'),
        lambda: spec.from_toml(f"a = '{HARMFUL}'"),
        lambda: spec.from_text(f"cosine({HARMFUL})"),
        lambda: spec.from_text(f"cosine('{HARMFUL}')"),
        lambda: spec.read_call(HARMFUL),
        lambda: spec.read(f"{HARMFUL}.json"),
        lambda: spec.read(f"run.{HARMFUL}"),
        lambda: spec.write(Constant(1), f"no/{HARMFUL}.json"),
    ],
)
def test_a_message_is_one_line_without_control_characters(act):
    with pytest.raises(spec.SpecError) as refused:
        act()
    assert str(refused.value).isprintable()


def test_a_schedule_whose_setting_is_no_plain_value_is_refused_before_it_is_lost():
    from dataclasses import dataclass

    from lehr.schedules.base import KINDS

    @dataclass(frozen=True, eq=False, repr=False)
    class Custom(lehr.Schedule):
        setting: object
        length: int = 1

        def _pieces(self, xp):
            return [(0, lambda t: 1.0)]

    try:
        spec.check(Custom("word"))
        for setting in (len, float("nan"), 10**400, "a\nb", "\ud800", [1], ("a", None, len)):
            with pytest.raises(spec.SpecError, match=r"spec\.setting: .* cannot be written"):
                spec.check(Custom(setting))
    finally:
        del KINDS["Custom"]


def test_nothing_follows_a_part_without_an_end():
    parts = [
        {"schedule": "Constant", "rate": 0.5},
        {"schedule": "linear", "training_steps": 10, "max_lr": 1},
    ]
    with pytest.raises(spec.SpecError, match="never ends"):
        spec.from_dict({"schedule": "Then", "parts": parts})
    with pytest.raises(spec.SpecError, match="never ends"):
        spec.from_text("Then((Constant(0.5), linear(10, max_lr=1)))")
    assert spec.from_dict({"schedule": "Then", "parts": parts[::-1]}).length is None
