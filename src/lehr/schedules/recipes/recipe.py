"""A recipe: a named schedule that remembers the settings it was built from."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ParamSpec, get_type_hints

from ... import lengths
from ...lengths import Length
from .. import checks
from ..backends import Backend, Piece
from ..base import Schedule, chunks_of_call
from ..combinators import sequence
from ..parts import Ramp

Rate = Annotated[float, "at least 0"]
"""A rate, or a factor of one."""
P = ParamSpec("P")

RECIPES: dict[str, Callable[..., Schedule]] = {}
"""Every recipe by its name, so that a spec, the CLI and `Scheduler` can name it."""


@dataclass(frozen=True, eq=False, repr=False)
class Recipe(Schedule):
    """What a recipe returns: its body, printed and saved as the call that built it.

    It equals any schedule with the same body.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...]
    body: Schedule = field(repr=False)

    @property
    def length(self) -> float | None:
        return self.body.length

    @property
    def _body(self) -> Schedule:
        return self.body

    def _pieces(self, xp: Backend) -> list[Piece]:
        return self.body._parts_of_formula(xp)

    def _final(self) -> float:
        return self.body._final_rate

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        return self.body._breaks(start, stop)

    @property
    def _highest(self) -> float:
        return self.body._highest

    def _inside_cycle(self, position: float) -> bool:
        return self.body._inside_cycle(position)

    def _key(self) -> tuple[Any, ...]:
        return self.body._key()

    def settings(self) -> dict[str, Any]:
        return dict(self.arguments)

    def _chunks(self) -> Iterator[str]:
        yield f"{self.name}("
        yield from chunks_of_call(self.arguments)
        yield ")"


def recipe(function: Callable[P, Schedule]) -> Callable[P, Schedule]:
    """Make a recipe of a function from settings to a schedule.

    Before the function sees them, arguments annotated `Length` become whole numbers of steps (a
    share counts from `training_steps`) and rates are checked; what it returns remembers them.
    """
    name, signature = function.__name__, inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)

    @functools.wraps(function)
    def build(*args: P.args, **kwargs: P.kwargs) -> Schedule:
        given = _bind(name, signature, args, kwargs)
        resolved = dict(_resolved(name, given, hints))
        _check_levels(name, resolved)
        body = function(**resolved)  # type: ignore[call-arg]
        defaults = {p.name: p.default for p in signature.parameters.values()}
        said = tuple((n, v) for n, v in resolved.items() if v != defaults[n] or (n in _ALWAYS and v is not None))
        return Recipe(name, said, body)

    RECIPES[name] = build
    return build


_ALWAYS = ("training_steps", "warmup_steps", "max_lr", "min_lr")


def get(name: object) -> Callable[..., Schedule]:
    """The recipe of that name.

    Raises:
        ValueError: There is none.
    """
    if isinstance(name, str) and name in RECIPES:
        return RECIPES[name]
    nearest = difflib.get_close_matches(str(name), RECIPES, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}? There" if nearest else "there"
    if isinstance(name, str) and ("(" in name or "." in name):
        hint = "to build one from text or a file use lehr.spec.from_text or lehr.spec.read. By name there"
    raise ValueError(f"there is no schedule {name!r}; {hint} are {', '.join(RECIPES)}")


def _bind(name: str, signature: inspect.Signature, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    for word in kwargs:
        if word not in signature.parameters:
            nearest = difflib.get_close_matches(word, signature.parameters, n=1, cutoff=0.5)
            hint = f"did you mean `{nearest[0]}`? " if nearest else ""
            takes = ", ".join(signature.parameters)
            raise ValueError(f"{name} has no setting `{word}`; {hint}It takes {takes}")
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        takes = ", ".join(signature.parameters)
        raise ValueError(f"{name}: {error}; it takes {takes}") from None
    bound.apply_defaults()
    return dict(bound.arguments)


def _resolved(name: str, given: dict[str, Any], hints: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each argument in the form its annotation says."""
    total = given.get("training_steps")
    steps = None if total is None else lengths.steps(total, name="training_steps")
    if steps == 0:
        raise ValueError(f"{name} needs `training_steps` of at least 1, got {total!r}")
    for word, value in given.items():
        hint = hints[word]
        if value is None and type(None) in getattr(hint, "__args__", ()):
            yield word, None
        elif hint in (Length, Length | None):
            yield word, lengths.steps(value, name=word, of=steps)
        elif hint == tuple[Length, ...]:
            items = value if isinstance(value, list | tuple) else [value]
            yield word, tuple(lengths.steps(v, name=f"{word}[{i}]", of=steps) for i, v in enumerate(items))
        elif hint in (Rate, Rate | None):
            yield word, checks.number(word, value, owner=name)
        else:
            yield word, value


def _check_levels(name: str, settings: dict[str, Any]) -> None:
    """What holds for every recipe that has these settings."""
    total, warmup = settings.get("training_steps"), settings.get("warmup_steps") or 0
    if total is not None and warmup > total:
        raise ValueError(
            f"{name} needs `warmup_steps` of at most `training_steps`, got warmup_steps={warmup} "
            f"and training_steps={total}; shorten the warmup or lengthen the run"
        )
    top, floor = settings.get("max_lr"), settings.get("min_lr")
    if top is not None and floor is not None and floor > top:
        raise ValueError(
            f"{name} needs `min_lr` of at most `max_lr`, got min_lr={floor!r} and max_lr={top!r}; "
            f"if they are exchanged, exchange them"
        )


def after_warmup(warmup_steps: Length, max_lr: float, *rest: Schedule) -> Schedule:
    """Linear warmup to ``max_lr``, then the rest.

    The warmup wastes no update: position 0 gets the rate of position 1, not 0.
    """
    steps = int(warmup_steps)
    if not steps:
        return sequence(*rest)
    warmup = Ramp(0, max_lr, steps).clip(lo=1 / steps * max_lr)
    return sequence(warmup, *(part for part in rest if part.length != 0))
