"""What the words of a command line say: schedules, and the numbers around them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_origin

import click

if TYPE_CHECKING:
    from ..schedules import Schedule

Function = TypeVar("Function", bound=Callable[..., Any])


def as_steps(context: click.Context, parameter: click.Parameter, text: str | None, *, least: int = 1) -> int | None:
    """What an option that takes a number of steps says: ``20000``, ``20k``, ``1.5M``."""
    from ..schedules import lengths

    if text is None:
        return None
    try:
        number = lengths.steps(text, name=parameter.opts[0])
    except ValueError:
        number = -1
    if number < least:
        reason = f"it takes a number of steps of at least {least}, such as 500 or 20k; got {text!r}"
        raise click.BadParameter(reason, context, parameter)
    return number


as_steps_or_none = partial(as_steps, least=0)
"""The same for steps of which there may be none, such as a warmup's."""


def as_positions(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    """What an option that takes several numbers of steps says: ``1000,20k``."""
    if text is None:
        return None
    found = (as_steps(context, parameter, part) for part in text.split(","))
    return tuple(dict.fromkeys(number for number in found if number))


def pairs(option: str, example: str, texts: Sequence[str]) -> dict[str, str]:
    """What an option that takes NAME=VALUE says, by the name.

    Raises:
        ValueError: One has no name, or no equals sign.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"{option} takes NAME=VALUE, such as {example}; got {text!r}")
        found[name.strip()] = value
    return found


def settings(function: Function) -> Function:
    """Options that build a recipe from its bare name."""
    for option in (
        click.option(
            "--set", "others", metavar="NAME=VALUE", multiple=True, help="Any other setting: decay_steps=20%."
        ),
        click.option("--min-lr", metavar="RATE", help="Rate at the end."),
        click.option("--max-lr", metavar="RATE", help="Highest rate: 1e-3."),
        click.option("--warmup-steps", metavar="STEPS", help="Steps of the warmup: 1000, 1k, 2%."),
        click.option("--training-steps", metavar="STEPS", help="Steps of the run: 100000, 100k."),
    ):
        function = option(function)
    return function


def read(text: str, **given: Any) -> Schedule:
    """The schedule that one argument says; see `read_all`."""
    return read_all([text], **given)[text]


def read_all(texts: Sequence[str], others: Sequence[str], **given: str | None) -> dict[str, Schedule]:
    """The schedule that each argument says, by the argument. The settings given are for bare names.

    Raises:
        ValueError: An argument says no schedule, or there are settings and no bare name.
    """
    from ..schedules.recipes import RECIPES, get

    said = {word: value for word, value in given.items() if value is not None}
    said |= pairs("--set", "decay_steps=20%", others)
    if said and not any(text in RECIPES for text in texts):
        if texts[0].isidentifier() and not Path(texts[0]).exists():
            get(texts[0])  # which says what was probably meant
        raise ValueError(f"{', '.join(said)}: settings go with a recipe's bare name; {texts[0]!r:.80} has its own")
    return {text: _recipe(text, said) if text in RECIPES else _spec(text) for text in texts}


def _recipe(name: str, said: dict[str, str]) -> Schedule:
    from ..spec.kinds import kind

    found = kind(name)
    assert found is not None
    takes = {word: found.hints[word] for word in found.parameters}
    return found.build(**{word: _value(word, text, takes.get(word, str)) for word, text in said.items()})


def _value(word: str, text: str, hint: Any) -> Any:
    """``text`` as the recipe's setting wants it: a number, a length, a word or a list of lengths."""
    import msgspec

    value = text.strip(" []()").split(",") if get_origin(hint) is tuple else text.strip()
    try:
        return msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError:
        whole = "whole " if hint is int else ""
        raise ValueError(f"`{word}` must be a {whole}number, got {text!r}") from None


def _spec(text: str) -> Schedule:
    from .. import spec
    from ..schedules import recipes

    if text == "-":
        return _from_input(sys.stdin.read())
    path = Path(text)
    if path.suffix in spec.FORMATS:
        return spec.read(path)
    if "(" in text:
        return spec.from_text(text)
    if path.suffix or len(path.parts) > 1 or path.exists():
        return spec.read(path)  # which says what a spec file's name ends in
    return recipes.get(text)()  # which says what names there are


def _from_input(text: str) -> Schedule:
    from .. import spec

    if text.lstrip().startswith("{"):
        return spec.from_json(text)
    if any(line.startswith("schedule:") for line in text.splitlines()):
        return spec.from_yaml(text)
    return spec.from_text(text)
