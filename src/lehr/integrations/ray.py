"""The space of schedules for Ray Tune."""

from __future__ import annotations

from typing import Any

from ..schedules.lengths import Length
from .search import Domain, Range, Space, domains


def search_space(training_steps: Length, space: Space | None = None, *, name: str = "schedule") -> dict[str, Any]:
    """The space of `suggest` as the ``param_space`` of a Ray Tuner, for any of its search algorithms.

    `schedule_of` builds the schedule from the configuration of a trial. Ray draws every parameter for every trial, also
    those that the drawn recipe does not take.

    Args:
        training_steps: Steps of the run: an integer or ``"10k"``.
        space: Where to look, by name, where it is not the default: as in `suggest`.
        name: What the keys begin with.

    Raises:
        ImportError: Ray Tune is not installed.
        ValueError: As in `suggest`.

    >>> space = search_space(1_000, {"recipe": "cosine", "max_lr": 1e-3, "warmup_share": 0.02})
    >>> {key: value for key, value in space.items() if key != "schedule.min_lr_ratio"}  # doctest: +NORMALIZE_WHITESPACE
    {'schedule.recipe': 'cosine', 'schedule.training_steps': 1000, 'schedule.max_lr': 0.001,
     'schedule.warmup_share': 0.02}
    """
    try:
        from ray import tune
    except ImportError as error:
        raise ImportError('search_space needs Ray Tune: pip install "ray[tune]"') from error
    return {f"{name}.{item}": _in_ray(tune, domain) for item, domain in domains(training_steps, space).items()}


def _in_ray(tune: Any, domain: Domain) -> Any:
    """A domain of Ray; what is fixed is no domain there."""
    if not isinstance(domain, Range):
        return domain.values[0] if len(domain.values) == 1 else tune.choice(list(domain.values))
    if domain.low == domain.high:
        return domain.low
    if domain.whole:
        return tune.randint(int(domain.low), int(domain.high) + 1)
    return (tune.loguniform if domain.log else tune.uniform)(domain.low, domain.high)
