"""What moving a point and typing into a field change in the spec."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr import spec
from lehr.design.answers import ACTS, Known
from lehr.design.fields import PARTS, fields_of, typed, with_part
from lehr.design.handles import handles_of, moved
from lehr.design.writing import FORMS
from lehr.schedules.recipes import RECIPES

WSD = lehr.wsd(10_000, 200, max_lr=1e-3)
CHAIN = spec.from_text(PARTS)
KNOWN = Known("wsd(10k, 2%, max_lr=1e-3)", None)


@pytest.mark.parametrize(
    ("schedule", "handle", "x", "y", "expected"),
    [
        (WSD, "warmup_steps", 500, 2e-3, lehr.wsd(10_000, 500, max_lr=2e-3, decay_steps=2_000)),
        (WSD, "training_steps", 20_000, 1e-4, lehr.wsd(20_000, 200, max_lr=1e-3, min_lr=1e-4, decay_steps=2_000)),
        (WSD, "decay_steps", 9_000, 5.0, lehr.wsd(10_000, 200, max_lr=1e-3, decay_steps=1_000)),
        (WSD, "decay_steps", 0, 0, lehr.wsd(10_000, 200, max_lr=1e-3, decay_steps=9_800)),
        (WSD, "warmup_steps", 10**9, 0, lehr.wsd(10_000, 8_000, max_lr=1e-12, decay_steps=2_000)),
        (lehr.multistep(100, max_lr=1.0, milestones=[50, 75]), "milestones.0", 90, 0,
         lehr.multistep(100, max_lr=1.0, milestones=[74, 75])),
        (lehr.Ramp(1.0, 0.0, 10), "parts.0", 20, 0.5, lehr.Ramp(1.0, 0.5, 20)),
        # the boundary between warmup and constant moves to 2,000, and the peak with it: all that meets there does
        (CHAIN, "parts.0", 2_000, 2e-3,
         lehr.Ramp(1e-5, 2e-3, 2_000).then(lehr.Constant(2e-3, 6_000), lehr.Ramp(2e-3, 0.0, 2_000, "1-sqrt"))),
        (CHAIN, "parts.1", 5_000, 1e-3,
         lehr.Ramp(1e-5, 1e-3, 1_000).then(lehr.Constant(1e-3, 4_000), lehr.Ramp(1e-3, 0.0, 5_000, "1-sqrt"))),
        (CHAIN, "parts.start", 77, 1e-4,
         lehr.Ramp(1e-4, 1e-3, 1_000).then(lehr.Constant(1e-3, 7_000), lehr.Ramp(1e-3, 0.0, 2_000, "1-sqrt"))),
    ],
)  # fmt: skip
def test_a_move(schedule, handle, x, y, expected):
    assert moved(schedule, handle, x, y) == expected


@settings(deadline=None)
@given(recipe=st.sampled_from(sorted(RECIPES)), data=st.data(), x=st.floats(-1e5, 1e7), y=st.floats(-1, 2))
def test_wherever_a_point_is_dragged_there_is_a_schedule(recipe, data, x, y):
    """And the schedule can be dragged on: no place is a trap."""
    schedule = spec.from_text(ACTS["choose"](KNOWN, {"recipe": recipe, "text": KNOWN.start})["text"])
    for _ in range(3):
        handle = data.draw(st.sampled_from(handles_of(schedule)))
        schedule = moved(schedule, handle.name, x, y)
        assert handles_of(schedule)


@settings(deadline=None)
@given(index=st.integers(0, 2), x=st.integers(0, 20_000), y=st.floats(0, 1))
def test_a_boundary_keeps_the_run_s_length_and_the_curve_whole(index, x, y):
    done = moved(CHAIN, f"parts.{index}", x, y)
    if index < 2:
        assert done.length == CHAIN.length
    parts = spec.to_dict(done)["parts"]
    for before, after in pairwise(parts):
        assert before.get("end", before.get("rate")) == after.get("start", after.get("rate"))


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("warmup_steps", "5%", lehr.wsd(10_000, 500, max_lr=1e-3, decay_steps=2_000)),
        ("max_lr", "3e-4", lehr.wsd(10_000, 200, max_lr=3e-4, decay_steps=2_000)),
        ("training_steps", "1B tokens", lehr.wsd(10_000, 200, max_lr=1e-3, decay_steps=2_000)),
    ],
)
def test_typing(field, text, expected):
    assert typed(WSD, field, text, per_step=100_000) == expected


def test_a_part_more_and_one_less():
    more = with_part(CHAIN, None)
    assert more == CHAIN.then(lehr.Ramp(0.0, 0.0, 1_000)) or more.length == CHAIN.length + 1_000
    assert with_part(more, 3) == CHAIN
    taken_apart = with_part(WSD, None)
    assert taken_apart.length == 11_000
    assert taken_apart(5_000) == WSD(5_000)
    with pytest.raises(ValueError, match="at least one part"):
        with_part(lehr.Ramp(1.0, 0.0, 10), 0)


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("max_lr", "__import__('os')", "`max_lr` must be a number"),
        ("warmup_steps", "many", "`warmup_steps`"),
        ("schedule", "x", "no setting 'schedule'"),
        ("warmup_steps", "20k", "warmup_steps"),
    ],
)
def test_what_cannot_be_typed(field, text, message):
    with pytest.raises(ValueError, match=message):
        typed(WSD, field, text)


def test_what_is_copied_builds_the_same_schedule():
    assert spec.from_text(FORMS["one line"](WSD)) == WSD
    assert spec.from_yaml(FORMS["YAML"](CHAIN)) == CHAIN
    built, given = {"optimizer": None}, {}
    text = FORMS["Python"](CHAIN).replace("Scheduler(optimizer, ", "(").replace(", Scheduler", "")
    exec(text, built)
    assert built["scheduler"] == CHAIN
    exec(FORMS["torch, without lehr"](WSD).partition("\n\n\n#")[0], given)
    assert [given["learning_rate"](t) for t in (0, 100, 9_000)] == pytest.approx([WSD(t) for t in (0, 100, 9_000)])


@pytest.mark.parametrize("form", ["torch, without lehr", "transformers", "Lightning", "Python"])
def test_what_is_copied_is_python(form):
    compile(FORMS[form](CHAIN), form, "exec")


def test_every_setting_has_a_field():
    names = {field.name for field in fields_of(WSD)}
    assert names == {"training_steps", "warmup_steps", "max_lr", "min_lr", "decay_steps"}
    assert fields_of(WSD * 0.5) == []
