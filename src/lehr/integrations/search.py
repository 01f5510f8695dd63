"""The space of schedules that a search looks at: defined once, for Optuna and for Ray Tune."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from ..schedules import Schedule, checks, lengths, recipes
from ..schedules.lengths import Length

DEFAULTS: dict[str, Any] = {
    "recipe": ["cosine", "linear", "wsd"],
    "max_lr": (1e-4, 1e-2),
    "min_lr_ratio": (0.0, 0.1),
    "warmup_share": (0.0, 0.1),
    "decay_share": (0.1, 0.5),
    "decay_shape": ["1-sqrt", "linear", "cosine"],
}
"""What a search looks at if nothing else is said."""


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``: on a logarithmic scale or not, integers or not."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]


Domain = Range | Choice
Space = Mapping[str, Any]
"""What a search looks at, by name: see `lehr.integrations.suggest`."""


def domains(training_steps: Length, space: Space | None) -> dict[str, Domain]:
    """The domain of each name of a space, the defaults included.

    Raises:
        ValueError: A name or a value is none, or the space holds a schedule that its recipe refuses.
    """
    asked = dict(space or {})
    recipe = _domain("recipe", asked.pop("recipe", DEFAULTS["recipe"]))
    if not isinstance(recipe, Choice):
        raise ValueError(f"the space needs names of recipes for `recipe`, got {checks.shown(recipe.low)}")
    taken = {name: setting for item in recipe.values for name, setting in _names(item).items()}
    del taken["training_steps"]  # which has an argument of its own
    steps = lengths.steps(training_steps, name="training_steps")
    _check_names(asked, taken)
    settings = [taken[name] for name in asked]
    rest = {name: value for name, value in DEFAULTS.items() if name in taken and taken[name] not in settings}
    found = {name: _domain(name, value) for name, value in {**rest, **asked}.items()}
    found = {"recipe": recipe, "training_steps": Range(steps, steps, whole=True), **found}
    _check_corners(found)
    return found


def _check_names(asked: Space, taken: Mapping[str, str]) -> None:
    setting_of: dict[str, str] = {}
    for name in asked:
        if name not in taken:
            raise ValueError(checks.unknown("name in the space", name, ["recipe", *taken]))
        twin = setting_of.setdefault(taken[name], name)
        if twin != name:
            raise ValueError(f"the space gives `{taken[name]}` twice, as `{twin}` and as `{name}`: leave one out")


def applies(name: str, recipe: str) -> bool:
    """Whether a recipe takes what a name stands for."""
    return name == "recipe" or name in _names(recipe)


def schedule_of(params: Mapping[str, Any], *, name: str = "schedule") -> Schedule:
    """Build the schedule that a search has drawn.

    Args:
        params: ``trial.params`` of Optuna, or the configuration of a trial of Ray Tune. What does not belong to the
            schedule is left alone.
        name: The name under which it was drawn.

    Raises:
        ValueError: The parameters hold no schedule of that name.

    >>> params = {"schedule.recipe": "wsd", "schedule.training_steps": 1000, "schedule.max_lr": 0.001}
    >>> schedule_of({**params, "schedule.decay_share": 0.25, "weight_decay": 0.1})
    wsd(training_steps=1000, warmup_steps=0, max_lr=0.001, min_lr=0.0, decay_steps=250)
    """
    prefix = f"{name}."
    drawn = {key.removeprefix(prefix): value for key, value in params.items() if key.startswith(prefix)}
    if not {"recipe", "training_steps"} <= drawn.keys():
        has = ", ".join(map(checks.named, params)) or "nothing"
        raise ValueError(
            f"the parameters hold no schedule drawn as {name!r}, which has {prefix}recipe and {prefix}training_steps; "
            f"they have {has}"
        )
    return _built(drawn)


def _built(drawn: Mapping[str, Any]) -> Schedule:
    """The schedule of values by the names of a space; those of other recipes are left alone."""
    recipe, steps, peak = drawn["recipe"], drawn["training_steps"], drawn.get("max_lr")
    settings = {}
    for name, setting in _names(recipe).items():
        if name in drawn:
            settings[setting] = drawn[name]
            if name.endswith("_share"):  # rounded down, so that shares of at most 1 in all fit into the run
                settings[setting] = int(drawn[name] * steps + 1e-9)
            elif name.endswith("_ratio"):
                settings[setting] = drawn[name] * peak
    return recipes.get(recipe)(**settings)


def _names(recipe: str) -> dict[str, str]:
    """What a space may say for a recipe -> the setting that it gives."""
    found = {}
    for setting in inspect.signature(recipes.get(recipe)).parameters:
        found[setting] = setting
        if setting.endswith("_steps") and setting != "training_steps":
            found[f"{setting.removesuffix('_steps')}_share"] = setting
        if setting.endswith("_lr") and setting != "max_lr":
            found[f"{setting}_ratio"] = setting
    return found


def _domain(name: str, value: Any) -> Domain:
    if isinstance(value, tuple):
        return _range(name, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _range(name, (value, value))
    choices = value if isinstance(value, list) else [value]
    if not choices or not all(isinstance(choice, str | int | float | None) for choice in choices):
        raise ValueError(
            f"the space needs a range (low, high), a list of numbers or texts, or one of them for `{name}`, got "
            f"{checks.shown(value)}"
        )
    return Choice(tuple(choices))


def _range(name: str, bounds: tuple[Any, ...]) -> Range:
    if len(bounds) != 2:
        raise ValueError(
            f"the space needs (low, high) for a range of `{name}`, or a list of choices, got {checks.shown(bounds)}"
        )
    low, high = (checks.real(name, bound, owner="the space") for bound in bounds)
    if low > high:
        raise ValueError(f"the space needs (low, high) for `{name}`, got {checks.shown(bounds)}; did you swap them?")
    is_rate = name.endswith("_lr")
    if is_rate and low <= 0 < high:
        raise ValueError(
            f"the space draws `{name}` on a logarithmic scale, from a rate above 0, got {checks.shown(bounds)}; a "
            f"share of the peak may be 0: {name}_ratio=(0.0, 0.1)"
        )
    if is_rate or name.endswith(("_share", "_ratio")) or not all(isinstance(bound, int) for bound in bounds):
        return Range(low, high, log=is_rate and low < high)
    return Range(int(low), int(high), whole=True)


def _check_corners(found: Mapping[str, Domain]) -> None:
    """Build the schedules at the ends of all ranges, so that no search is stopped by one later.

    Raises:
        ValueError: A recipe refuses one.
    """
    for corner in _corners(found):
        try:
            _built(corner)
        except ValueError as error:
            raise ValueError(f"the space holds a schedule that cannot be built: {error}") from None


def _corners(found: Mapping[str, Domain]) -> Iterator[dict[str, Any]]:
    """All lowest and all highest numbers, each with every choice of every name."""
    choices = {name: domain.values for name, domain in found.items() if isinstance(domain, Choice)}
    most = max(map(len, choices.values()))
    for recipe, index, end in product(choices["recipe"], range(most), ("low", "high")):
        picked = {name: values[index % len(values)] for name, values in choices.items()}
        numbers = {name: getattr(domain, end) for name, domain in found.items() if isinstance(domain, Range)}
        yield {**numbers, **picked, "recipe": recipe}
