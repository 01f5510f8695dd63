"""A schedule as one line of text: the Python that builds it, read without running it.

Beside Python's own numbers the text may have ``100k``, ``1.5M`` or ``2%`` for a length, and a shape
without quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..schedules import Schedule, checks
from .errors import SpecError
from .grammar import Parser
from .limits import check, check_text
from .reader import Call, Reader

LONGEST_CALL = 100_000

_SCHEDULE = "cosine(training_steps=100k, warmup_steps=1k, max_lr=1e-3)"
_CALL = 'cooldown(2000, shape=linear, why="loss is flat")'


def to_text(schedule: Schedule) -> str:
    """Write a schedule as one line: the Python that builds it.

    Raises:
        SpecError: The schedule is too large to be read again; see `check`.

    >>> from lehr import linear
    >>> to_text(linear(100, 10, max_lr=0.1))
    'linear(training_steps=100, warmup_steps=10, max_lr=0.1, min_lr=0.0)'
    """
    check(schedule)
    text = repr(schedule)
    check_text(text, "text")
    return text


def from_text(text: str) -> Schedule:
    """Build the schedule that a line of text describes; the reverse of `to_text`.

    Raises:
        SpecError: The text does not describe a schedule, or is too long or nested too deeply.

    >>> from_text("cosine(training_steps=100k, warmup_steps=2%, max_lr=1e-3)")(2000)
    0.001
    """
    if not isinstance(text, str):
        raise SpecError("text", f"a schedule in one line is a string, got {checks.shown(text)}")
    check_text(text, "text")
    with _errors_of_spec():
        value = Parser(text, "schedule", _SCHEDULE).whole_value()
        if isinstance(value, Call):
            return Reader().schedule(value, "spec", 0)
    raise SpecError("text", f"{checks.shown(text)} is not a schedule; write for example {_SCHEDULE}")


def read_call(text: str) -> tuple[str, list[object], dict[str, object]]:
    """Read one call: its name, its values without a name, and its values with one.

    A value is a number, a string, None, True, False, a list of those, or a `Schedule`. ``100k`` becomes
    an integer, ``2%`` stays a string, and a word without quotes is a string. Nothing is evaluated.

    Raises:
        SpecError: The text is not a call, describes a schedule that cannot be built, is longer than
            100,000 characters, or is nested too deeply.

    >>> read_call('cooldown(20k, shape=1-sqrt, why="loss is flat")')
    ('cooldown', [20000], {'shape': '1-sqrt', 'why': 'loss is flat'})
    >>> read_call("amend(cosine(10k, max_lr=1e-4))")[1][0].length
    10000
    """
    if not isinstance(text, str) or len(text) > LONGEST_CALL:
        raise SpecError("text", f"a call is a string of at most {LONGEST_CALL:,} characters; write for example {_CALL}")
    with _errors_of_spec():
        name, positional, named = Parser(text, "call", _CALL).whole_call()
        reader = Reader()
        return name, [_built(reader, v) for v in positional], {word: _built(reader, v) for word, v in named.items()}


@contextmanager
def _errors_of_spec() -> Iterator[None]:
    """Whatever is wrong with a text is said as a `SpecError`."""
    try:
        yield
    except SpecError:
        raise
    except (RecursionError, MemoryError):
        raise SpecError("text", "it is nested too deeply") from None
    except ValueError as error:
        raise SpecError("text", str(error)) from None


def _built(reader: Reader, value: object) -> object:
    if isinstance(value, Call):
        return reader.schedule(value, "spec", 0)
    return [_built(reader, item) for item in value] if isinstance(value, list) else value
