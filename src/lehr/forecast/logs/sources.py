"""Logs of any kind as entries: a line number, and values by column name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias, TypeGuard

from ...schedules import checks
from .log import Entry, listed
from .text_files import READERS
from .trackers import mlflow_entries, tensorboard_entries


class Frame(Protocol):
    """A pandas or polars frame."""

    @property
    def columns(self) -> Iterable[object]: ...
    def __getitem__(self, name: str, /) -> Iterable[object]: ...


Source: TypeAlias = str | os.PathLike[str] | Frame | Mapping[str, Iterable[object]] | list[Mapping[str, object]]
"""A log, or the place of one."""


def read_entries(source: Source) -> list[Entry]:
    """The entries of a log.

    Args:
        source: A path (``.csv``, ``.tsv``, ``.jsonl``, ``trainer_state.json``, a TensorBoard event
            file or its directory), ``"mlflow:RUN_ID"``, a pandas or polars frame, a mapping of
            columns, or a list of mappings.

    Raises:
        ValueError: It is none of these, cannot be read, or has no row.
        ImportError: TensorBoard or MLflow is missing.
    """
    name = "the log"
    if isinstance(source, str) and source.startswith("mlflow:"):
        name, entries = checks.named(source), list(mlflow_entries(source.removeprefix("mlflow:").strip("/")))
    elif isinstance(source, str | os.PathLike):
        name, entries = checks.named(str(source)), list(_of_path(Path(source)))
    elif isinstance(source, list) and all(isinstance(row, Mapping) for row in source):
        entries = [(i, dict(row)) for i, row in enumerate(source, start=1)]
    elif isinstance(source, Mapping):
        entries = list(_of_columns({str(column): list(source[column]) for column in source}))
    elif _is_frame(source):
        entries = list(_of_columns({str(column): list(source[str(column)]) for column in source.columns}))
    else:
        raise ValueError(
            f"a run is read from a path, a frame, a mapping of columns or a list of rows, got {checks.shown(source)}"
        )
    if not entries:
        raise ValueError(f"{name} has no rows")
    return entries


def _is_frame(source: object) -> TypeGuard[Frame]:
    return hasattr(source, "columns")


def _of_path(path: Path) -> Iterator[Entry]:
    if path.is_dir() or "tfevents" in path.name:
        return tensorboard_entries(path)
    name = checks.named(str(path))
    if path.suffix not in READERS:
        raise ValueError(
            f"{name} ends in {checks.shown(path.suffix)}; a log ends in {', '.join(READERS)}, or is a TensorBoard "
            f"event file or its directory, or is a pandas or polars frame"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return READERS[path.suffix](name, text)


def _of_columns(columns: Mapping[str, list[object]]) -> Iterator[Entry]:
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"the columns {listed(columns)} differ in length: {sorted(lengths)}")
    for line, values in enumerate(zip(*columns.values(), strict=True), start=1):
        yield line, dict(zip(columns, values, strict=True))
