"""What people log with, as rows: a line number, and values by column name."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Row = tuple[int, dict[str, Any]]
"""The line of a file (or the index of an entry, from 1) and what stands there."""

UPDATES_DONE = "updates"
"""The column of updates done, where a log counts those and says so."""


def rows_of(source: Any) -> list[Row]:
    """The rows of a CSV or JSONL file, a trainer_state.json, TensorBoard's or MLflow's, or a frame.

    Args:
        source: A path (``.csv``, ``.tsv``, ``.jsonl``, ``trainer_state.json``, a TensorBoard event
            file or its directory), ``"mlflow:RUN_ID"``, a pandas or polars frame, a mapping of
            columns, or a list of mappings.

    Raises:
        ValueError: It is none of these, cannot be read, or has no row.
        ImportError: TensorBoard or MLflow is missing.
    """
    if isinstance(source, str) and source.startswith("mlflow:"):
        rows = list(_mlflow(source.removeprefix("mlflow:").strip("/")))
    elif isinstance(source, str | os.PathLike):
        rows = list(_file(Path(source)))
    elif isinstance(source, list):
        rows = [(i, dict(entry)) for i, entry in enumerate(source, start=1)]
    elif isinstance(source, Mapping) or hasattr(source, "columns"):
        rows = list(_columns(source))
    else:
        raise ValueError(
            f"a run is read from a path, a frame, a mapping of columns or a list of rows, got {source!r:.80}"
        )
    if not rows:
        raise ValueError(f"{source!s:.80} has no rows")
    return rows


def _file(path: Path) -> Iterator[Row]:
    if path.is_dir() or "tfevents" in path.name:
        return _tensorboard(path)
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json}
    if path.suffix not in readers:
        raise ValueError(
            f"{path} ends in {path.suffix!r}; a log ends in {', '.join(readers)}, or is a TensorBoard event file or "
            f"its directory; else give a pandas or polars frame"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    return readers[path.suffix](path, text)


def _csv(path: Path, text: str) -> Iterator[Row]:
    delimiter = "\t" if path.suffix == ".tsv" else ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    header = [name.strip() for name in next(reader, [])]
    if len(set(header)) < len(header):
        raise ValueError(f"{path} has two columns of one name: {', '.join(header)}")
    for cells in reader:
        if len(cells) > len(header):
            raise ValueError(f"{path}, line {reader.line_num}: {len(cells)} cells under {len(header)} columns")
        yield reader.line_num, dict(zip(header, cells, strict=False))


def _jsonl(path: Path, text: str) -> Iterator[Row]:
    for line, content in enumerate(text.splitlines(), start=1):
        if not content.strip():
            continue
        try:
            entry = json.loads(content)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {line}: this is no JSON: {error}") from None
        if not isinstance(entry, dict):
            raise ValueError(f"{path}, line {line}: a row must be an object, got {content:.60}")
        yield line, entry


def _json(path: Path, text: str) -> Iterator[Row]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    if isinstance(content, dict) and isinstance(content.get("log_history"), list):
        return _trainer_state(content["log_history"])
    if isinstance(content, list) and all(isinstance(entry, dict) for entry in content):
        return iter(list(enumerate(content, start=1)))
    raise ValueError(f"{path} is neither a trainer_state.json (an object with `log_history`) nor a list of rows")


def _trainer_state(history: list[dict[str, Any]]) -> Iterator[Row]:
    """The log of a transformers Trainer; its global step counts the updates done."""
    before = 0
    for line, entry in enumerate(history, start=1):
        row = {name: value for name, value in entry.items() if name != "step"}
        done = int(entry.get("step", 0))
        if "loss" in row:
            # The Trainer logs the mean since its last log, which belongs to the middle of that stretch.
            row["train_loss"], middle = row.pop("loss"), max(1, round((before + done) / 2))
            before = done
            yield line, {UPDATES_DONE: middle, "train_loss": row.pop("train_loss")}
        if row:
            yield line, {UPDATES_DONE: done, **row}


def _columns(frame: Any) -> Iterator[Row]:
    names = list(frame) if isinstance(frame, Mapping) else [str(name) for name in frame.columns]
    columns = [list(frame[name]) for name in names]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise ValueError(f"the columns {', '.join(names)} differ in length: {sorted(lengths)}")
    for line, values in enumerate(zip(*columns, strict=True), start=1):
        yield line, dict(zip(names, values, strict=True))


def _tensorboard(path: Path) -> Iterator[Row]:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise ImportError("reading event files needs TensorBoard: pip install tensorboard") from error
    accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    events = [(e.wall_time, e.step, tag, e.value) for tag in tags["scalars"] for e in accumulator.Scalars(tag)]
    if tags["tensors"]:
        from tensorboard.util.tensor_util import make_ndarray

        found = [(e, tag, make_ndarray(e.tensor_proto)) for tag in tags["tensors"] for e in accumulator.Tensors(tag)]
        events += [(e.wall_time, e.step, tag, value.item()) for e, tag, value in found if value.size == 1]
    yield from _gathered(sorted(events))


def _mlflow(run: str) -> Iterator[Row]:
    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise ImportError("reading an MLflow run needs MLflow: pip install mlflow") from error
    client = MlflowClient()
    names = client.get_run(run).data.metrics
    history = [(m.timestamp, m.step, name, m.value) for name in names for m in client.get_metric_history(run, name)]
    yield from _gathered(sorted(history))


def _gathered(events: list[tuple[float, int, str, float]]) -> Iterator[Row]:
    """Events in the order of their writing; neighbours of one step are one row."""
    row: dict[str, Any] = {}
    line = 0
    for _, step, name, value in events:
        if row and (row["step"] != step or name in row):
            yield (line := line + 1), row
            row = {}
        row |= {"step": step, name: value}
    if row:
        yield line + 1, row
