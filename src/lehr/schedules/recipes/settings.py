"""The settings of a recipe: which it takes, which it needs, and the form that each gets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, cast, get_args, get_type_hints

from .. import checks, lengths, shapes
from ..lengths import Length
from .aliases import unknown_setting

T = TypeVar("T")

Rate = Annotated[float, "at least 0"]
"""A rate, or a factor that may be above 1."""

Factor = Annotated[float, "above 0, at most 1"]
"""A factor that makes a rate smaller."""

Period = Annotated[Length, "at least 1"]
"""A length that something is divided by, or that is repeated."""


class _Required:
    def __repr__(self) -> str:
        return "<required>"


REQUIRED = cast(float, _Required())
"""The default of a setting that must be given, although one before it in the signature has a default."""

_ALWAYS_RECORDED = ("training_steps", "warmup_steps", "max_lr", "min_lr")


def is_required(parameter: inspect.Parameter) -> bool:
    """Whether a call must give this parameter."""
    return parameter.default is parameter.empty or parameter.default is REQUIRED


def missing_settings(owner: str, missing: Iterable[str], known: Iterable[str]) -> str:
    """Return the message for a call of ``owner`` without settings that it needs.

    >>> print(missing_settings("cosine", ["max_lr"], ["training_steps", "max_lr"]))
    cosine needs `max_lr`, the peak rate, such as max_lr=1e-3; for a schedule of factors say max_lr=1.0
    """
    names = sorted(missing, key=lambda name: name == "max_lr")
    needs = f"{owner} needs {' and '.join(f'`{name}`' for name in names)}"
    if names[-1] == "max_lr":
        return f"{needs}, the peak rate, such as max_lr=1e-3; for a schedule of factors say max_lr=1.0"
    return f"{needs}. It takes {', '.join(known)}"


def by_position(owner: str, names: Sequence[str], args: Sequence[T], kwargs: Mapping[str, object]) -> dict[str, T]:
    """Return the values that a call of ``owner`` gives without a name, each with its name.

    Raises:
        ValueError: There are too many, or one is given by name as well.
    """
    if len(args) > len(names):
        raise ValueError(
            f"{owner} takes at most {len(names)} settings without a name ({', '.join(names)}), got {len(args)}"
        )
    for name in names[: len(args)]:
        if name in kwargs:
            raise ValueError(f"{owner} got `{name}` twice: by position and by name")
    return dict(zip(names, args, strict=False))


class Settings:
    """The settings of one recipe, read from the signature of its function."""

    def __init__(self, function: Callable[..., object]) -> None:
        parameters = inspect.signature(function).parameters
        hints = get_type_hints(function, include_extras=True)
        self.owner = function.__name__
        self._names = list(parameters)
        self._positional = [n for n, p in parameters.items() if p.kind is not p.KEYWORD_ONLY]
        self._defaults = {n: p.default for n, p in parameters.items() if not is_required(p)}
        self._forms = {n: _form(hints[n]) for n in parameters}
        self._optional = {n for n in parameters if type(None) in get_args(hints[n])}

    def resolve(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, Any]:
        """Every setting of a call, in the form that its annotation says.

        Raises:
            ValueError: A setting is unknown, missing, given twice or impossible.
        """
        given = self._bind(args, kwargs)
        length = given.get("training_steps")
        steps = None if length is None else lengths.steps(length, name="training_steps")
        if steps == 0:
            raise ValueError(f"{self.owner} needs `training_steps` of at least 1, got {checks.shown(length)}")
        resolved = {}
        for name in self._names:
            value = given[name]
            is_none = value is None and name in self._optional
            resolved[name] = None if is_none else self._forms[name](name, value, self.owner, steps)
        self._check_levels(resolved)
        return resolved

    def recorded(self, resolved: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
        """The settings that a schedule prints and saves: those that differ from their defaults, and the common ones."""
        return tuple(
            (name, value)
            for name, value in resolved.items()
            if value is not None and (name in _ALWAYS_RECORDED or value != self._defaults.get(name))
        )

    def _bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        without_name = by_position(self.owner, self._positional, args, kwargs)
        for name in kwargs:
            if name not in self._forms:
                raise ValueError(unknown_setting(self.owner, name, self._names, {*without_name, *kwargs}))
        bound = {**self._defaults, **without_name, **kwargs}
        missing = [name for name in self._names if name not in bound]
        if missing:
            raise ValueError(missing_settings(self.owner, missing, self._names))
        return bound

    def _check_levels(self, settings: Mapping[str, Any]) -> None:
        """Check what holds for every recipe that has these settings."""
        total, warmup = settings.get("training_steps"), settings.get("warmup_steps") or 0
        if total is not None and warmup > total:
            raise ValueError(
                f"{self.owner} needs `warmup_steps` of at most `training_steps`, got warmup_steps={warmup} "
                f"and training_steps={total}; shorten the warmup or lengthen the run"
            )
        peak, floor, start = settings.get("max_lr"), settings.get("min_lr"), settings.get("warmup_start_lr")
        if peak is not None and start is not None and start > peak:
            raise ValueError(f"{self.owner} needs `warmup_start_lr` of at most `max_lr`, got {start!r} and {peak!r}")
        if peak is not None and floor is not None and floor > peak:
            raise ValueError(
                f"{self.owner} needs `min_lr` of at most `max_lr`, got min_lr={floor!r} and max_lr={peak!r}; "
                f"did you swap `min_lr` and `max_lr`?"
            )


Form = Callable[..., object]
"""A setting's name and value, the recipe and the length of the run -> the value that the recipe gets."""


def _steps(name: str, value: object, owner: str, of: int | None) -> int:
    return lengths.steps(value, name=name, of=of)


def _period(name: str, value: object, owner: str, of: int | None) -> int:
    steps = lengths.steps(value, name=name, of=of)
    if not steps:
        raise ValueError(f"{owner} needs `{name}` of at least 1, got {checks.shown(value)}")
    return steps


def _several_steps(name: str, value: object, owner: str, of: int | None) -> tuple[int, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(lengths.steps(item, name=f"{name}[{index}]", of=of) for index, item in enumerate(items))


def _several_rates(name: str, value: object, owner: str, of: int | None) -> tuple[float, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(checks.number(f"{name}[{index}]", item, owner=owner) for index, item in enumerate(items))


def _factor(name: str, value: object, owner: str, of: int | None) -> float:
    factor = checks.number(name, value, owner=owner, above=0)
    if factor > 1:
        raise ValueError(
            f"{owner} needs `{name}` of at most 1, got {factor:g}; to divide by {factor:g} say {name}={1 / factor:.6g}"
        )
    return factor


def _shape(name: str, value: object, owner: str, of: int | None) -> object:
    shapes.get(value)  # which refuses what is not a shape
    return value


_FORMS: dict[object, Form] = {
    Length: _steps,
    Period: _period,
    tuple[Length, ...]: _several_steps,
    tuple[Rate, ...]: _several_rates,
    Rate: lambda name, value, owner, of: checks.number(name, value, owner=owner),
    Factor: _factor,
    float: lambda name, value, owner, of: checks.real(name, value, owner=owner),
    int: lambda name, value, owner, of: checks.integer(name, value, owner=owner),
    str: _shape,
}


def _form(hint: object) -> Form:
    """The form of an annotation, which may allow None beside it."""
    return next(form for annotation, form in _FORMS.items() if hint in (annotation, annotation | None))  # type: ignore[operator]
