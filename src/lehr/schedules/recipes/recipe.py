"""A recipe: a named schedule that remembers the settings it was built from."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec

from .. import checks
from ..backends import Backend, Piece
from ..base import Schedule
from ..combinators import sequence
from ..combinators.around import Delegate
from ..lengths import Length
from ..parts import Ramp
from .aliases import unknown_schedule
from .settings import REQUIRED as REQUIRED
from .settings import Factor as Factor
from .settings import Period as Period
from .settings import Rate as Rate
from .settings import Settings

P = ParamSpec("P")

RECIPES: dict[str, Callable[..., Schedule]] = {}
"""Every recipe by its name, so that a spec, the CLI and `Scheduler` can name it."""


@dataclass(frozen=True, eq=False, repr=False)
class Recipe(Delegate, Schedule):
    """What a recipe returns: a schedule that is printed and saved as the call that built it.

    It equals any schedule of the same parts.
    """

    name: str
    arguments: tuple[tuple[str, object], ...]
    of: Schedule

    @property
    def length(self) -> float | None:
        return self.of.length

    @property
    def _body(self) -> Schedule:
        return self.of

    @property
    def _name(self) -> str:
        return self.name

    def _pieces(self, xp: Backend) -> list[Piece]:
        return self.of._parts_of_formula(xp)

    def _key(self) -> tuple[object, ...]:
        return self.of._key()

    def settings(self) -> dict[str, Any]:
        return dict(self.arguments)


def recipe(function: Callable[P, Schedule]) -> Callable[P, Schedule]:
    """Make a recipe of a function from settings to a schedule.

    Before the function is called, settings annotated `Length` become integer numbers of steps (a
    share counts from `training_steps`), and rates and shapes are checked. The result remembers them.

    A function that takes ``warmup_shape`` gives only what comes after the warmup.
    """
    settings = Settings(function)

    @functools.wraps(function)
    def build(*args: P.args, **kwargs: P.kwargs) -> Schedule:
        resolved = settings.resolve(args, kwargs)
        body = function(**resolved)  # type: ignore[call-arg]  # the names are those of P
        if "warmup_shape" in resolved:
            top = resolved["max_lr"] if "max_lr" in resolved else body(0)
            rise = warmup(resolved["warmup_steps"], top, resolved["warmup_start_lr"], resolved["warmup_shape"])
            body = joined(rise, body)
        return Recipe(settings.owner, settings.recorded(resolved), body)

    RECIPES[settings.owner] = build
    return build


def get(name: object) -> Callable[..., Schedule]:
    """Look up a recipe by its name.

    Raises:
        ValueError: There is no such recipe; the message says what was probably meant.

    >>> get("linear")(10, max_lr=1.0)(5)
    0.5
    """
    if isinstance(name, str):
        if name in RECIPES:
            return RECIPES[name]
        if "(" in name or "." in name:
            raise ValueError(
                f"a schedule given by name must be one of {', '.join(RECIPES)}; got {checks.shown(name)}: "
                f"to build one from text or a file use lehr.spec.from_text or lehr.spec.read"
            )
    elif callable(name):
        raise ValueError(f"a function is not a schedule, got {checks.shown(name)}; {_instead_of(name)}")
    raise ValueError(unknown_schedule(name, RECIPES))


def _instead_of(function: object) -> str:
    """The way out for a function that was given as a schedule."""
    for name, build in RECIPES.items():
        if function is build:
            return f"give its name, {name!r}, or the schedule that it builds: lehr.{name}(...)"
    return "tabulate it for a run of N steps: lehr.tabulate(function, N)"


def warmup(steps: Length, max_lr: float, start_lr: float | None = None, shape: str = "linear") -> Schedule:
    """The way up to ``max_lr``: from ``start_lr``, or so that no update is wasted.

    Without a ``start_lr`` the way begins at 0, but position 0 gets the rate of position 1.
    """
    start = 0.0 if start_lr is None else start_lr
    if shape == "exponential" and not start:
        raise ValueError(
            "an exponential warmup needs `warmup_start_lr` above 0: a geometric curve cannot start at 0; give a small "
            "`warmup_start_lr`, or another shape"
        )
    rise = Ramp(start, max_lr, int(steps), shape)
    return rise.clip(lo=rise(1)) if start_lr is None else rise


def joined(*phases: Schedule) -> Schedule:
    """The phases one after the other, without those of length 0; the last phase stays if all of them are."""
    return sequence(*([phase for phase in phases if phase.length != 0] or phases[-1:]))


def steps_left(training_steps: Length | None, warmup_steps: Length) -> int | None:
    """Steps of the run after its warmup, or None if it has no end."""
    return None if training_steps is None else int(training_steps) - int(warmup_steps)
