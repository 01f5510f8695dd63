"""Logs of experiment trackers: TensorBoard's event files and MLflow's runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from .log import Entry

Event: TypeAlias = tuple[float, int, str, float]
"""Time of writing, step, name and value of a scalar."""


def tensorboard_entries(path: Path) -> Iterator[Entry]:
    """The scalars of an event file, or of all in a directory.

    Raises:
        ImportError: TensorBoard is missing.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        raise ImportError("reading event files needs TensorBoard: pip install tensorboard") from error
    accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    events = [(e.wall_time, e.step, tag, e.value) for tag in tags["scalars"] for e in accumulator.Scalars(tag)]
    tensors = [(e, tag, make_ndarray(e.tensor_proto)) for tag in tags["tensors"] for e in accumulator.Tensors(tag)]
    events += [(e.wall_time, e.step, tag, value.item()) for e, tag, value in tensors if value.size == 1]
    return _by_step(sorted(events))


def mlflow_entries(run: str) -> Iterator[Entry]:
    """The metrics of an MLflow run.

    Raises:
        ImportError: MLflow is missing.
    """
    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise ImportError("reading an MLflow run needs MLflow: pip install mlflow") from error
    client = MlflowClient()
    names = client.get_run(run).data.metrics
    history = [(m.timestamp, m.step, name, m.value) for name in names for m in client.get_metric_history(run, name)]
    return _by_step(sorted(history))


def _by_step(events: Iterable[Event]) -> Iterator[Entry]:
    """Events in the order of writing; neighbours with the same step are joined."""
    row: dict[str, object] = {}
    line = 0
    for _, step, name, value in events:
        if row and (row["step"] != step or name in row):
            yield (line := line + 1), row
            row = {}
        row |= {"step": step, name: value}
    if row:
        yield line + 1, row
