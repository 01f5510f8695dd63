"""The grammar of one call, and of a schedule in one line."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr import Constant, Ramp, Table, spec

CALLS = {
    'cooldown(2000, shape=linear, why="loss is flat")': (
        "cooldown",
        [2000],
        {"shape": "linear", "why": "loss is flat"},
    ),
    "extend(200%)": ("extend", ["200%"], {}),
    "extend(1.5k, policy=stretch)": ("extend", [1500], {"policy": "stretch"}),
    "amend(cosine(10k, max_lr=1e-4))": ("amend", [lehr.cosine(10_000, max_lr=1e-4)], {}),
    "amend(schedule=Ramp(0, 1, 10).then(Constant(1)) * 0.5)": (
        "amend",
        [],
        {"schedule": Ramp(0, 1, 10).then(Constant(1)) * 0.5},
    ),
    "dip(factor=0.5, recover=500)": ("dip", [], {"factor": 0.5, "recover": 500}),
    "rebase(-3e-4,)": ("rebase", [-3e-4], {}),
    "f()": ("f", [], {}),
    " f (  [1, 2.5, 3%, a, None] , ( 1 , ) , x = ( 2 ) )\n": (
        "f",
        [[1, 2.5, "3%", "a", None], [1]],
        {"x": 2},
    ),
    "f(True, False, .5, 1_000, 2M, 5 %)": ("f", [True, False, 0.5, 1000, 2_000_000, "5%"], {}),
    "f(decay_shape=polynomial(2), shape=tanh(-7, 3), cooldown_shape='1-sqrt')": (
        "f",
        [],
        {"decay_shape": "polynomial(2)", "shape": "tanh(-7, 3)", "cooldown_shape": "1-sqrt"},
    ),
    r"""f('it\'s', "100k shape=x", '\x41\u00e9\n\\')""": ("f", ["it's", "100k shape=x", "Aé\n\\"], {}),
    "f(länge=größe)": ("f", [], {"länge": "größe"}),
}


@pytest.mark.parametrize("text", CALLS)
def test_calls(text):
    assert spec.read_call(text) == CALLS[text]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a name"),
        ("cooldown", "expected a name and a bracket"),
        ("cooldown(1", r"expected `,` or `\)` at the end"),
        ("cooldown(1 2)", r"expected `,` or `\)` at character 12, before '2\)'"),
        ("cooldown(1) extend(2)", "expected the end of the text"),
        ("cooldown(1)(2)", "expected the end of the text"),
        ("a.cooldown(1)", "expected a name and a bracket"),
        ("f(**x)", "expected a number, a word or a schedule"),
        ("f(*x)", "expected a number, a word or a schedule"),
        ("f(x=1, x=2)", "`x` is given twice"),
        ("f(x=1, 2)", "a value without a name cannot follow"),
        ("f(a.b)", "unknown method"),
        ("f(a.__class__())", "unknown method"),
        ("f(cosine(9, max_lr=1).describe())", "unknown method '.describe'"),
        ("f(x for x in y)", "expected `,`"),
        ("f([x for x in y])", "expected `,`"),
        ('f(f"{1}")', "expected `,`"),
        ("f(b'x')", "expected `,`"),
        ("f(lambda: 0)", "expected `,`"),
        ("f(x := 1)", "expected `,`"),
        ("f(1 - 2)", "expected a schedule beside"),
        ("f(2 ** 9)", "expected a number"),
        ("f(2 * 3)", "expected a schedule beside `\\*`"),
        ("f(1 if a else 2)", "expected `,`"),
        ("f({1: 2})", "expected a number"),
        ("f(-2%)", "cannot be negative"),
        ("f(1e999)", "finite"),
        ("f(10x)", "expected a number, got '10x"),
        ("f(0x10)", "expected a number, got '0x10"),
        ("f(1.2345k)", "1234.5"),
        ("f('a", "expected a number"),
        ("f('\\q')", "unknown escape"),
        ("f('\\UFFFFFFFF')", "unknown escape"),
        ("f(cosin(9))", "did you mean 'cosine'"),
        ("f(cosine(9))", "needs `max_lr`"),
        ("f(getattr(a, b))", "unknown schedule 'getattr'"),
        ("f(" + "[" * 200 + "]" * 200 + ")", "nested too deeply"),
        ("f(" + "1," * 60_000 + ")", "at most 100,000 characters"),
        (None, "at most 100,000 characters"),
    ],
)
def test_calls_that_are_none(text, reason):
    with pytest.raises(spec.SpecError, match=reason):
        spec.read_call(text)


@settings(deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.floats(-1e300, 1e300), st.text()),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=10,
    )
)
def test_python_s_way_to_print_a_value_is_read(value):
    assert spec.read_call(f"f({value!r}, x={value!r})") == ("f", [value], {"x": value})


SIGNS = st.sampled_from([*"f().,=*+-'\"[]\\ 1e%k\n", "shape=", "cosine(", ".then("])


@settings(deadline=None)
@given(st.lists(SIGNS, max_size=20).map("".join))
def test_any_text_is_read_or_refused(text):
    for read in (spec.read_call, spec.from_text):
        with contextlib.suppress(spec.SpecError):
            read(text)


def test_a_method_may_be_called_with_names_and_without():
    ramp = Ramp(0, 1, 10)
    assert spec.from_text("Ramp(0, 1, 10).repeat(3, length_factor=2)") == ramp.repeat(3, length_factor=2)
    assert spec.from_text("Ramp(0, 1, 10).clip(0.1).cut(stop=5).shift(3)") == ramp.clip(0.1).cut(stop=5).shift(3)
    assert spec.from_text("(Ramp(0, 1, 10) + 1).stretch(20)") == (ramp + 1).stretch(20)
    assert spec.from_text("Ramp(0, 1, 0).then(Constant(1))") == Constant(1)
    assert spec.from_text("0.5 * Table((1, 0.5))") == 0.5 * Table([1, 0.5])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Ramp(0, 1, 10).clip(low=1)", "clip has no setting `low`; did you mean `lo`"),
        ("Ramp(0, 1, 10).repeat(3, 2)", "repeat takes at most 2 settings without a name"),
        ("Ramp(0, 1, 10).stretch()", "stretch needs `length`"),
        ("Ramp(0, 1, 10).then(x=Constant(1))", "`then` takes schedules without names"),
        ("Ramp(0, 1, 10).then(0.5)", "Constant"),
        ("Ramp(0, 1, 10).length", "unknown method '.length'"),
        ("Ramp(0, 1, 10, 'linear', 5)", "at most 4 settings without a name"),
        ("Ramp(0, 1, 10, start=5)", "`start` twice"),
        ("cosine", "'cosine' is not a schedule"),
        ("2%", "is not a schedule"),
    ],
)
def test_schedules_that_are_none(text, reason):
    with pytest.raises(spec.SpecError, match=reason):
        spec.from_text(text)
