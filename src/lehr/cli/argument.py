"""The arguments and options that commands share: schedules, numbers of steps, settings of recipes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from ..schedules import Schedule, lengths
from ..schedules.checks import LONGEST, shown
from ..schedules.recipes import RECIPES, get
from .catalogue import all_settings, settings_of
from .completion import complete_schedule, complete_shape
from .help import RecipeOption

Function = TypeVar("Function", bound=Callable[..., object])


def as_steps(
    context: click.Context, parameter: click.Parameter, text: str | None, *, least: int = 1, what: str = "steps"
) -> int | None:
    """The value of an option that takes a number of steps, or of something else: ``20000``, ``20k``, ``1.5M``."""
    if text is None:
        return None
    try:
        number = lengths.steps(text, name=parameter.opts[0])
    except ValueError:
        number = -1
    if not least <= number <= LONGEST:
        rule = f"it takes a number of {what} of at least {least}, and at most 10**18, such as 500 or 20k"
        raise click.BadParameter(f"{rule}; got {shown(text)}", context, parameter)
    return number


as_steps_or_none = partial(as_steps, least=0)  # for a warmup
as_tokens, as_samples = partial(as_steps, what="tokens"), partial(as_steps, what="samples")


def as_positions(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    """The value of an option that takes several numbers of steps: ``1000,20k``."""
    if text is None:
        return None
    numbers = (as_steps(context, parameter, part) for part in text.split(","))
    return tuple(dict.fromkeys(number for number in numbers if number))


schedule_argument = click.argument("schedule", shell_complete=complete_schedule)
schedules_argument = click.argument(
    "schedules", nargs=-1, required=True, metavar="SCHEDULE...", shell_complete=complete_schedule
)
_VIEW = (
    click.option("--stop", callback=as_steps, metavar="STEPS", help="Steps to look at; by default all."),
    click.option("--log", is_flag=True, help="Draw rates on a logarithmic axis."),
    click.option("--share", is_flag=True, help="Draw over the share of the run, 0 to 100 %, instead of steps."),
)


json_option = click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON, for a script.")


def view_options(function: Function) -> Function:
    """Add the options that say what of a schedule is drawn: ``stop``, ``log`` and ``share``."""
    for option in reversed(_VIEW):
        function = option(function)
    return function


_USUAL = {
    "training_steps": "Steps of the run: 100000, 100k.",
    "warmup_steps": "Steps of the warmup: 1000, 1k, 2%.",
    "max_lr": "Highest rate: 1e-3.",
    "min_lr": "Rate at the end.",
}


def settings(function: Function) -> Function:
    """Add every setting of every recipe as an option, which builds a schedule from a recipe's name."""
    for name, (setting, recipes) in reversed(all_settings().items()):
        function = click.option(
            setting.option,
            cls=RecipeOption,
            metavar=setting.metavar,
            shell_complete=complete_shape if setting.metavar == "SHAPE" else None,
            help=_USUAL.get(name, ", ".join(recipes)),
        )(function)
    return function


def read(text: str, **settings: str | None) -> Schedule:
    """The schedule that an argument says; see `read_all`."""
    return read_all([text], settings)[text]


def read_all(
    texts: Sequence[str], settings: Mapping[str, str | None], defaults: Mapping[str, str] | None = None
) -> dict[str, Schedule]:
    """The schedule that each argument says, by the argument; the name of a recipe gets the settings that it takes.

    A setting that is not given has its value of ``defaults``, if it is there.

    Raises:
        ValueError: An argument says no schedule, or no recipe takes one of the settings.
    """
    values = {name: value for name, value in settings.items() if value is not None}
    _check_taken(texts, values)
    values = {**(defaults or {}), **values}
    return {text: _recipe(text, values) if text in RECIPES else _spec(text) for text in texts}


def _check_taken(texts: Sequence[str], values: Mapping[str, str]) -> None:
    bare = [text for text in texts if text in RECIPES]
    if values and not bare:
        if texts[0].isidentifier() and not Path(texts[0]).exists():
            get(texts[0])  # its error says which recipe was probably meant
        option = all_settings()[next(iter(values))][0].option
        raise ValueError(f"{option} is a setting of a recipe, such as cosine; {shown(texts[0])} has settings already")
    for name in values:
        if not any(name in settings_of(text) for text in bare):
            unknown, recipes = all_settings()[name]
            takes = ", ".join(setting.option for setting in settings_of(bare[0]).values())
            raise ValueError(
                f"{bare[0]} does not take {unknown.option}, which is a setting of {', '.join(recipes)}; "
                f"{bare[0]} takes {takes}"
            )


def _recipe(recipe: str, values: Mapping[str, str]) -> Schedule:
    settings = settings_of(recipe)
    missing = [setting.option for setting in settings.values() if setting.required and setting.name not in values]
    if missing:
        raise ValueError(f"{recipe} needs {' and '.join(missing)}; `lehr recipes {recipe}` explains its settings")
    return RECIPES[recipe](**{name: settings[name].value(values[name]) for name in values if name in settings})


def _spec(text: str) -> Schedule:
    from .. import spec

    if text == "-":
        return _from_input(sys.stdin.read())
    path = Path(text)
    if path.suffix in spec.FORMATS:
        return spec.read(path)
    if "(" in text:
        return spec.from_text(text)
    if path.suffix or len(path.parts) > 1 or path.exists():
        return spec.read(path)  # its error says how a spec file's name ends
    return get(text)()  # its error says which names there are


def _from_input(text: str) -> Schedule:
    from .. import spec

    if text.lstrip().startswith("{"):
        return spec.from_json(text)
    if any(line.startswith("schedule:") for line in text.splitlines()):
        return spec.from_yaml(text)
    return spec.from_text(text)
