"""`as_keras`: a schedule as a Keras 3 learning-rate schedule."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from .. import spec
from ..schedules import Schedule, checks


def as_keras(schedule: Schedule, *, accumulate: int = 1) -> Any:
    """A schedule that a Keras optimizer takes as its ``learning_rate``: a Keras ``LearningRateSchedule``.

    For the backends torch and JAX. Keras saves it with the model, as the spec of the schedule in one line of text, and
    saves the optimizer's number of updates, which is the position; so a loaded model trains on at the right rate. Keras
    computes in float32.

    Args:
        schedule: The rates.
        accumulate: ``gradient_accumulation_steps`` of the optimizer. Keras asks for the rate by the number of
            micro-batches, and the schedule counts updates.

    Raises:
        ValueError: `schedule` is no Schedule, or `accumulate` is no integer of at least 1.

    References:
        Keras, keras/src/optimizers/schedules/learning_rate_schedule.py and base_optimizer.py.
    """
    return _schedule_class()(schedule, accumulate)


def keras_objects() -> dict[str, Any]:
    """What ``keras.saving.load_model(path, custom_objects=...)`` needs in a process that has not called `as_keras`."""
    keras: Any = import_module("keras")
    made = _schedule_class()
    return {keras.saving.get_registered_name(made): made}


@cache
def _schedule_class() -> Any:
    """The class, made when it is asked for: it extends one of Keras."""
    keras: Any = import_module("keras")

    @keras.saving.register_keras_serializable(package="lehr")
    class KerasSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # known when it runs
        """What `as_keras` returns."""

        def __init__(self, schedule: Schedule | str, accumulate: int = 1) -> None:
            self.schedule = spec.from_text(schedule) if isinstance(schedule, str) else schedule
            if not isinstance(self.schedule, Schedule):
                raise ValueError(f"as_keras needs a Schedule, got {checks.shown(schedule)}")
            self.accumulate = checks.integer("accumulate", accumulate, owner="as_keras")

        def __call__(self, step: Any) -> Any:
            """The rate at Keras' count of iterations: a variable, or a number."""
            count = getattr(step, "value", step)
            if keras.backend.backend() != "jax":  # there the count is traced, and no number yet
                count = int(count)
            return self.schedule(count // self.accumulate)

        def get_config(self) -> dict[str, Any]:
            """The spec of the schedule, and the number of micro-batches."""
            return {"schedule": spec.to_text(self.schedule), "accumulate": self.accumulate}

        def __eq__(self, other: object) -> bool:
            if not isinstance(other, KerasSchedule):
                return NotImplemented
            return bool((self.schedule, self.accumulate) == (other.schedule, other.accumulate))

        def __hash__(self) -> int:
            return hash((self.schedule, self.accumulate))

        def __repr__(self) -> str:
            return f"as_keras({self.schedule!r}, accumulate={self.accumulate})"

    return KerasSchedule
