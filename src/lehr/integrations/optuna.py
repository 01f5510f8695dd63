"""Schedules drawn by Optuna."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import spec
from ..schedules import Schedule
from ..schedules.lengths import Length
from .search import Range, Space, applies, domains, schedule_of

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


def suggest(
    trial: BaseTrial, training_steps: Length, space: Space | None = None, *, name: str = "schedule"
) -> Schedule:
    """Draw a schedule inside an Optuna study.

    A space says for each name where to look. A name that it leaves out has the default:

    ================  ===========================  ==================================================
    name              default                      what it is
    ================  ===========================  ==================================================
    ``recipe``        cosine, linear, wsd          the recipes to choose from
    ``max_lr``        1e-4 to 1e-2, logarithmic    the peak
    ``min_lr_ratio``  0 to 0.1                     the rate at the end, as a share of the peak
    ``warmup_share``  0 to 0.1                     the warmup, as a share of the run
    ``decay_share``   0.1 to 0.5                   the decay at the end, for recipes that have one
    ``decay_shape``   1-sqrt, linear, cosine       its shape
    ================  ===========================  ==================================================

    A tuple ``(low, high)`` is a range, a list the values to choose from, and anything else is fixed. Any setting of
    the recipes may be named; one in steps also as a share of the run (``cycle_share`` for ``cycle_steps``), a rate also
    as a ratio to the peak (``constant_lr_ratio``). Rates are drawn on a logarithmic scale; between two integers,
    integers. Of what is drawn only the settings of the drawn recipe are parameters of the trial.

    The parameters are named ``schedule.recipe``, ``schedule.max_lr`` and so on, and hold all that there is to know:
    `schedule_of` builds the same schedule from ``trial.params``. The trial's user attribute ``schedule`` has it as
    one line of text, for `lehr.spec.from_text`.

    Args:
        trial: The trial.
        training_steps: Steps of the run: an integer or ``"10k"``.
        space: Where to look, by name, where it is not the default.
        name: What the parameters and the attribute begin with, to draw several schedules in one trial.

    Raises:
        ValueError: The space has an unknown name, or a value that is none, or holds a schedule that its recipe
            refuses.

    >>> from optuna.trial import FixedTrial
    >>> trial = FixedTrial({"schedule.training_steps": 1000, "schedule.recipe": "linear", "schedule.max_lr": 1e-3,
    ...                     "schedule.min_lr_ratio": 0.1, "schedule.warmup_share": 0.02})
    >>> suggest(trial, 1_000, {"recipe": ["cosine", "linear"], "warmup_share": 0.02})
    linear(training_steps=1000, warmup_steps=20, max_lr=0.001, min_lr=0.0001)
    """
    found = domains(training_steps, space)
    params: dict[str, Any] = {}
    for item, domain in found.items():
        key = f"{name}.{item}"
        if item != "recipe" and not applies(item, params[f"{name}.recipe"]):
            continue
        if not isinstance(domain, Range):
            params[key] = trial.suggest_categorical(key, domain.values)
        elif domain.whole:
            params[key] = trial.suggest_int(key, int(domain.low), int(domain.high))
        else:
            params[key] = trial.suggest_float(key, domain.low, domain.high, log=domain.log)
    schedule = schedule_of(params, name=name)
    trial.set_user_attr(name, spec.to_text(schedule))
    return schedule
