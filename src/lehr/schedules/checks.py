"""Every validator of lehr: numbers, integers, lengths, positions, names. Every refusal is a ValueError."""

from __future__ import annotations

import difflib
import math
import operator
import reprlib
from collections.abc import Callable, Iterable, Mapping
from numbers import Real

LONGEST = 10**18
"""Positions that any length may have: beyond them a float no longer tells two apart."""


def number(name: str, value: object, *, owner: str, above: float | None = None) -> float:
    """``value`` as a float, if it is a finite number of at least 0 (or above ``above``)."""
    rule = f"a finite number {'of at least 0' if above is None else f'above {above:g}'}"
    result = real(name, value, owner=owner, rule=rule)
    if result < 0 if above is None else result <= above:
        raise ValueError(f"{owner} needs {rule} for `{name}`, got {shown(value)}")
    return result


def real(name: str, value: object, *, owner: str, rule: str = "a finite number") -> float:
    """``value`` as a float, if it is a finite number, of any sign."""
    if isinstance(value, str):
        raise ValueError(f"{owner} needs {rule} for `{name}`, got the string {shown(value)}{_unquoted(value)}")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{owner} needs {rule} for `{name}`, got {shown(value)}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ValueError(f"{owner} needs {rule} for `{name}`, got {shown(value)}")
    return result


def _unquoted(text: str) -> str:
    try:
        return f"; write it without quotes: {float(text):g}"
    except ValueError:
        return ""


def length(name: str, value: object, *, owner: str, above: float | None = None) -> float:
    """``value`` as a length in positions: an int where it is whole.

    A fraction is allowed: it is how a ramp ends between two positions.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, int | float) and value > LONGEST:
        raise ValueError(f"{owner} needs at most 10**18 for `{name}`, got {shown(value)}")
    result = number(name, value, owner=owner, above=above)
    return int(value) if whole else int(result) if result.is_integer() else result  # type: ignore[call-overload]


def span(start: object, stop: object, *, owner: str) -> tuple[float, float | None]:
    """Two positions in order; ``stop`` may be None for the end."""
    first = length("start", start, owner=owner)
    last = None if stop is None else length("stop", stop, owner=owner)
    if last is not None and last < first:
        raise ValueError(f"{owner} needs `start` at most `stop`, got start={first} and stop={last}")
    return first, last


def integer(name: str, value: object, *, owner: str, least: int = 1, most: int = LONGEST) -> int:
    """``value`` as an int between ``least`` and ``most``: an int, or what is one under another type."""
    found = whole(value)
    if found is None or found < least:
        raise ValueError(f"{owner} needs an integer of at least {least} for `{name}`, got {shown(value)}")
    if found > most:
        raise ValueError(f"{owner} needs at most {most:,} for `{name}`, got {shown(value)}")
    return found


def whole(value: object) -> int | None:
    """The integer that a value is, under whatever type; None if it is none. A bool is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return operator.index(value)  # type: ignore[arg-type]  # this asks whether it is one
    except (TypeError, ValueError, RuntimeError):  # of a tensor with a fraction, or with several elements
        return None


def boolean(name: str, value: object, *, owner: str) -> bool:
    """``value``, if it is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{owner} needs True or False for `{name}`, got {shown(value)}")
    return value


def position(value: object) -> float:
    """``value`` as a position: a number of at least 0, exact if it is an integer."""
    found: object = whole(value)
    if found is None and isinstance(value, Real) and not isinstance(value, bool):
        found = float(value)
    if isinstance(found, int | float) and 0 <= found < math.inf:
        return found
    raise ValueError(
        f"a position must be a finite number of at least 0 (steps done so far), got {shown(value)}; "
        f"for many positions give a NumPy array, a torch tensor or a JAX array"
    )


def no_position(value: float) -> ValueError:
    """The refusal of an array because of one of its elements."""
    return ValueError(f"positions must be finite and at least 0, got {value}")


def suggestion(word: object, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """``did you mean ...? `` for the known word that is meant or most alike, or nothing.

    Args:
        word: What was given.
        known: The words that there are.
        aliases: What other libraries call them: their word -> ours.

    >>> suggestion("cosin", ["cosine", "linear"])
    "did you mean 'cosine'? "
    """
    if not isinstance(word, str) or len(word) > 80:
        return ""
    by_folded = {_folded(name): name for name in known}
    meant = {_folded(theirs): ours for theirs, ours in (aliases or {}).items()}.get(_folded(word))
    if meant is None:
        alike = difflib.get_close_matches(_folded(word), by_folded, n=1, cutoff=0.5)
        meant = by_folded[alike[0]] if alike else None
    return f"did you mean {meant!r}? " if meant else ""


def _folded(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def unknown(what: str, word: object, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """The message for a name that there is not.

    >>> unknown("shape", "cosin", ["cosine", "linear"])
    "unknown shape 'cosin'; did you mean 'cosine'? Available: cosine, linear"
    """
    known = list(known)
    return f"unknown {what} {shown(word)}; {suggestion(word, known, aliases)}Available: {', '.join(known)}"


def one_of(what: str, word: object, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """``word``, if it is one of the known ones.

    >>> one_of("shape", "cosine", ["cosine", "linear"])
    'cosine'
    """
    known = list(known)
    if not isinstance(word, str) or word not in known:
        raise ValueError(unknown(what, word, known, aliases))
    return str(word)


class _Short(reprlib.Repr):
    def __init__(self, most: int) -> None:
        super().__init__()
        self.maxstring = self.maxother = most
        self.maxlevel = 3

    def repr_instance(self, value: object, level: int) -> str:
        chunks: Callable[[object], Iterable[str]] | None = getattr(type(value), "_chunks", None)
        if chunks is None:
            return super().repr_instance(value, level)
        text = ""
        for chunk in chunks(value):
            text += chunk
            if len(text) > self.maxother:
                return f"{text[: self.maxother - 3]}..."
        return text


def shown(value: object, most: int = 80) -> str:
    """A value for a message: its repr, cut to ``most`` characters, at a cost that does not grow with the value."""
    if isinstance(value, int) and not -(2**256) < value < 2**256:
        return f"an integer of about {int(value.bit_length() * math.log10(2)) + 1} digits"
    return _Short(most).repr(value)


def named(word: object, longest: int = 300) -> str:
    """A name for a message: as it is, if that can do no harm to a terminal or a log, else its repr, cut.

    >>> print(named("max_lr"), named("a\\nb"))
    max_lr 'a\\nb'
    """
    if isinstance(word, str) and len(word) <= longest and word.isprintable():
        return word
    return shown(word)


def printable(text: str, longest: int = 300) -> str:
    """A foreign text for a message, such as a file name or the words of a parser: one line, escaped and cut.

    >>> print(printable("line 1\\n  line 2 \\x1b[31m"))
    line 1 line 2 \\x1b[31m
    """
    return escaped(" ".join(text[: 2 * longest].split())[:longest])


def escaped(text: str, keep: str = "") -> str:
    """A text with every control character written out, so that it cannot steer a terminal or forge a line.

    >>> print(escaped("a\\x1b[31mb\\n"))
    a\\x1b[31mb\\n
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in keep else ascii(sign)[1:-1] for sign in text)


def store(schedule: object, **checked: object) -> None:
    """Put what was checked into a schedule, which is frozen for everybody else."""
    for name, value in checked.items():
        object.__setattr__(schedule, name, value)
