"""Logs in text files: CSV, TSV, JSON Lines, and the state of a transformers Trainer."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import StringIO

from ...schedules import checks
from .log import UPDATES_DONE, Entry, listed


def _separated(name: str, text: str, delimiter: str = "") -> Iterator[Entry]:
    delimiter = delimiter or (";" if ";" in text.partition("\n")[0] else ",")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [column.strip() for column in next(reader, [])]
        if len(set(header)) < len(header):
            raise ValueError(f"{name} has two columns of the same name: {listed(header)}")
        for cells in reader:
            if len(cells) > len(header):
                raise ValueError(
                    f"{name}, line {reader.line_num}: {len(cells)} cells under {len(header)} columns; if numbers have "
                    f"decimal commas, separate the columns by semicolons"
                )
            yield reader.line_num, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        where = f"{name}, line {reader.line_num}"
        raise ValueError(f"{where}: invalid CSV: {error}; is a quotation mark not closed?") from None


def _json_lines(name: str, text: str) -> Iterator[Entry]:
    # Not splitlines: JSON allows U+2028 and its like inside a string.
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        row = _parsed(f"{name}, line {line}", content)
        if not isinstance(row, dict):
            raise ValueError(f"{name}, line {line}: a row must be a JSON object, got {checks.shown(row)}")
        yield line, row


def _json(name: str, text: str) -> Iterator[Entry]:
    content = _parsed(name, text)
    if isinstance(content, dict) and isinstance(content.get("log_history"), list):
        return _trainer_state(name, content["log_history"])
    if isinstance(content, list) and all(isinstance(row, dict) for row in content):
        return iter(list(enumerate(content, start=1)))
    raise ValueError(f"{name} is neither a trainer_state.json (an object with `log_history`) nor a list of rows")


def _parsed(where: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where}: invalid JSON: {error}") from None
    except RecursionError:
        raise ValueError(f"{where}: the JSON is nested too deeply for a log") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise ValueError(f"{where}: an integer has too many digits") from None


def _trainer_state(name: str, history: list[object]) -> Iterator[Entry]:
    """The log of a transformers Trainer; its global step counts the updates done."""
    before = 0
    for index, record in enumerate(history, start=1):
        where = f"{name}, entry {index} of `log_history`"
        if not isinstance(record, Mapping):
            raise ValueError(f"{where}: an entry must be a JSON object, got {checks.shown(record)}")
        if "train_runtime" in record:
            continue  # the summary at the end, whose loss is the mean of the whole run
        row = {column: value for column, value in record.items() if column != "step"}
        done = checks.integer("step", record.get("step", 0), owner=where, least=0)
        if "loss" in row:
            # The Trainer logs the mean since its last log, which belongs to the middle of the updates since then.
            middle = max(1, (before + 1 + done) // 2)
            before = done
            yield index, {UPDATES_DONE: middle, "train_loss": row.pop("loss")}
        if row:
            yield index, {UPDATES_DONE: done, **row}


READERS: Mapping[str, Callable[[str, str], Iterator[Entry]]] = {
    ".csv": _separated,
    ".tsv": partial(_separated, delimiter="\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
}
"""By the ending of a file's name: from the name for messages, and the text, to its entries."""
