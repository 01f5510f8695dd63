"""The schedules of optax, each under the name of its function.

With the formulas of optax/schedules of release 0.2.8. The keyword-only parameters of each function are those of optax.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from ...schedules import Constant, Ramp, Schedule, checks
from ...schedules.combinators import sequence
from ..building import between, decayed, power_shape
from ..settings import call
from .piecewise import (
    cosine_onecycle_schedule,
    linear_onecycle_schedule,
    piecewise_constant_schedule,
    piecewise_interpolate_schedule,
)


def built(name: object, /, **arguments: Any) -> Schedule:
    """The schedule of the function with that name; see `lehr.importers.from_optax`."""
    name = checks.one_of("schedule of optax", name, BUILDERS)
    return call(BUILDERS[name], arguments, owner=name)


def of_mapping(config: Mapping[str, Any]) -> Schedule:
    """The schedule of a mapping with a ``name`` and the arguments beside it."""
    arguments = {str(word): value for word, value in config.items() if word != "name"}
    return built(config.get("name"), **arguments)


def _constant_schedule(*, value: float) -> Schedule:
    return Constant(value)


def _polynomial_schedule(
    *, init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Schedule:
    exponent = checks.number("power", power, owner="polynomial_schedule")
    if transition_steps <= 0 or exponent == 0:
        return Constant(init_value)
    fall = Ramp(init_value, end_value, transition_steps, power_shape(exponent))
    return Constant(init_value, max(0, transition_begin)).then(fall)


def _linear_schedule(
    *, init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0
) -> Schedule:
    return _polynomial_schedule(
        init_value=init_value,
        end_value=end_value,
        power=1,
        transition_steps=transition_steps,
        transition_begin=transition_begin,
    )


def _exponential_decay(
    *,
    init_value: float,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    factor = checks.number("decay_rate", decay_rate, owner="exponential_decay")
    if transition_steps <= 0 or factor == 0:
        return Constant(init_value)
    fall = decayed(init_value, factor, transition_steps, staircase=staircase)
    schedule = Constant(init_value, max(0, transition_begin)).then(fall)
    if end_value is None:
        return schedule
    return schedule.clip(lo=end_value) if factor < 1 else schedule.clip(hi=end_value)


def _cosine_decay_schedule(
    *, init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0
) -> Schedule:
    owner = "cosine_decay_schedule"
    steps = checks.length("decay_steps", decay_steps, owner=owner, above=0)
    start = checks.number("init_value", init_value, owner=owner)
    end = start * checks.number("alpha", alpha, owner=owner)
    if exponent == 1:
        return Ramp(start, end, steps, "cosine")
    return between(start, end, Ramp(1.0, 0.0, steps, "cosine") ** exponent)


def _warmup_constant_schedule(*, init_value: float, peak_value: float, warmup_steps: int) -> Schedule:
    return _linear_schedule(init_value=init_value, end_value=peak_value, transition_steps=warmup_steps)


def _after_warmup(init_value: float, peak_value: float, warmup_steps: int, fall: Schedule) -> Schedule:
    return Ramp(init_value, peak_value, max(0, warmup_steps)).then(fall)


def _warmup_cosine_decay_schedule(
    *,
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    decay_steps: int,
    end_value: float = 0.0,
    exponent: float = 1.0,
) -> Schedule:
    if decay_steps <= warmup_steps:
        raise ValueError(
            f"warmup_cosine_decay_schedule needs `decay_steps` above `warmup_steps`, which it includes; got "
            f"decay_steps={decay_steps} and warmup_steps={warmup_steps}"
        )
    fall = _cosine_decay_schedule(
        init_value=peak_value,
        decay_steps=decay_steps - warmup_steps,
        alpha=0.0 if peak_value == 0 else end_value / peak_value,
        exponent=exponent,
    )
    return _after_warmup(init_value, peak_value, warmup_steps, fall)


def _warmup_exponential_decay_schedule(
    *,
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    fall = _exponential_decay(
        init_value=peak_value,
        transition_steps=transition_steps,
        decay_rate=decay_rate,
        transition_begin=transition_begin,
        staircase=staircase,
        end_value=end_value,
    )
    return _after_warmup(init_value, peak_value, warmup_steps, fall)


def _sgdr_schedule(*, cosine_kwargs: Sequence[Mapping[str, Any]]) -> Schedule:
    if not cosine_kwargs or not all(isinstance(cycle, Mapping) for cycle in cosine_kwargs):
        raise ValueError(f"sgdr_schedule needs mappings in `cosine_kwargs`, got {checks.shown(cosine_kwargs)}")
    cycles = list(cosine_kwargs)
    built = [call(_warmup_cosine_decay_schedule, cycle, owner="sgdr_schedule") for cycle in cycles]
    ends = accumulate(cycle["decay_steps"] for cycle in cycles[:-1])
    return _join_schedules(schedules=built, boundaries=list(ends))


def _join_schedules(*, schedules: Sequence[Schedule | Mapping[str, Any]], boundaries: Sequence[int]) -> Schedule:
    owner = "join_schedules"
    parts = [_part(part, owner) for part in schedules]
    if len(boundaries) != len(parts) - 1 or not parts:
        raise ValueError(
            f"{owner} needs a boundary between each two of its schedules, got {len(parts)} schedules and "
            f"{len(boundaries)} boundaries; optax would drop those that are left over"
        )
    ends = [checks.length(f"boundaries[{i}]", at, owner=owner) for i, at in enumerate(boundaries)]
    if any(b < a for a, b in pairwise(ends)):
        raise ValueError(f"{owner} needs `boundaries` in order, got {checks.shown(list(boundaries))}")
    lengths = [end - begin for begin, end in pairwise([0, *ends])]
    return sequence(*(part.cut(0, length) for part, length in zip(parts, lengths, strict=False)), parts[-1])


def _part(part: Any, owner: str) -> Schedule:
    if isinstance(part, Mapping) and "name" in part:
        return of_mapping(part)
    if not isinstance(part, Schedule):
        raise ValueError(
            f"{owner} needs as each of `schedules` a schedule of lehr, or a mapping with the `name` of a schedule of "
            f"optax and its arguments; got {checks.shown(part)}"
        )
    return part


BUILDERS: dict[str, Callable[..., Schedule]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _constant_schedule,
        _cosine_decay_schedule,
        cosine_onecycle_schedule,
        _exponential_decay,
        _join_schedules,
        linear_onecycle_schedule,
        _linear_schedule,
        piecewise_constant_schedule,
        piecewise_interpolate_schedule,
        _polynomial_schedule,
        _sgdr_schedule,
        _warmup_constant_schedule,
        _warmup_cosine_decay_schedule,
        _warmup_exponential_decay_schedule,
    )
}
"""The name in optax -> the function that builds it; its parameters are those of optax."""
