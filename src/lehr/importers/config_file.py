"""A config file as a mapping, by its suffix. Nothing in it is executed."""

from __future__ import annotations

import ast
import json
import os
import tomllib
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..schedules import checks

LARGEST = 4_000_000
"""Bytes of the largest config that is read. A checkpoint may be larger: its tensors are not read."""


class NotRead:
    """Stands in a config for a value that only running the code could give; every check refuses it.

    Attributes:
        source: The expression as it is written.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def __repr__(self) -> str:
        return f"`{self.source}`, which is not a literal"


def read(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """What a config file holds: JSON, TOML, YAML, the assignments of a Python file, or a torch checkpoint.

    Raises:
        ValueError: The suffix is unknown, the file is too large or is invalid, or it holds no mapping.
        OSError: The file cannot be opened.
        ImportError: It is a checkpoint, and torch is missing.
    """
    path = Path(path)
    if path.suffix in SUFFIXES and path.stat().st_size == 0:
        raise ValueError(f"{_named(path)}: the file is empty")
    if path.suffix in CHECKPOINTS:
        data = _checkpoint(path)
    elif path.suffix in _LANGUAGES:
        data = _parsed(path, *_LANGUAGES[path.suffix])
    else:
        raise ValueError(f"{_named(path)}: a config ends in {', '.join(SUFFIXES)}; got {checks.shown(path.suffix)}")
    if not isinstance(data, Mapping):
        raise ValueError(f"{_named(path)}: a config is a mapping with names as its keys, got {checks.shown(data)}")
    return {str(key): value for key, value in data.items()}


def parsed(text: str) -> Mapping[str, Any]:
    """What a config says that was pasted and not read from a file: JSON, TOML or YAML, whichever it is.

    Raises:
        ValueError: It is none of them, is too large, or holds no mapping.

    >>> parsed("[training]\\nsteps = 10")
    {'training': {'steps': 10}}
    """
    if len(text) > LARGEST:
        raise ValueError(f"a config has at most {LARGEST:,} characters, got {len(text):,}")
    for suffix in (".json", ".toml", ".yaml"):
        try:
            data = _LANGUAGES[suffix][1](text)
        except Exception:  # each parser has errors of its own
            continue
        if isinstance(data, Mapping) and data:
            return {str(key): value for key, value in data.items()}
    raise ValueError("the text is not valid JSON, TOML or YAML with names as keys")


def _parsed(path: Path, language: str, parse: Callable[[str], object]) -> object:
    with path.open("rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError(f"{_named(path)}: a config has at most {LARGEST:,} bytes, and this file is larger")
    try:
        return parse(text.decode("utf-8-sig"))
    except (RecursionError, MemoryError):
        raise ValueError(f"{_named(path)}: the {language} is nested too deeply") from None
    except Exception as error:  # each parser has errors of its own
        raise ValueError(f"{_named(path)}: invalid {language}: {checks.printable(str(error))}") from None


def _yaml(text: str) -> object:
    from ..spec.yaml import load

    return load(text)


def assignments(text: str) -> dict[str, object]:
    """The values that a Python file assigns to names, read and not executed.

    A name whose last assignment is not a literal, or is made under a condition, has a `NotRead`.

    Raises:
        SyntaxError: It is not Python.

    >>> assignments("max_iters = 600000\\nlr = 6e-4\\nbatch = 5 * 8\\nprint(lr)")
    {'max_iters': 600000, 'lr': 0.0006, 'batch': `5 * 8`, which is not a literal}
    """
    module = ast.parse(text)
    found: dict[str, object] = {}
    for statement in module.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found[target.id] = _literal(statement.value)
                else:
                    found |= _names_stored(target)
        else:
            found |= _names_stored(statement)
    return found


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return NotRead(ast.unparse(node))


def _names_stored(node: ast.AST) -> dict[str, object]:
    """Every name that a statement stores to, such as one inside an `if` or a loop."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {}  # they have names of their own
    stored = (child.id for child in ast.walk(node) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store))
    return {name: NotRead(ast.unparse(node).partition("\n")[0]) for name in stored}


def _checkpoint(path: Path) -> object:
    """A torch checkpoint. Its tensors are mapped into memory, so that those of a model are not read."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of pickles that it then refuses
            try:
                return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            except RuntimeError:  # of the format of older versions, which cannot be mapped
                return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch has errors of many types for a file that is not one of its own
        reason = _HINTS.get(path.name) or checks.printable(str(error).partition("\n")[0])
        raise ValueError(f"{_named(path)}: torch cannot read the checkpoint with weights_only=True: {reason}") from None


_LANGUAGES: dict[str, tuple[str, Callable[[str], object]]] = {
    ".json": ("JSON", json.loads),
    ".toml": ("TOML", tomllib.loads),
    ".yaml": ("YAML", _yaml),
    ".yml": ("YAML", _yaml),
    ".py": ("Python", assignments),
}
_HINTS = {
    "training_args.bin": "it holds a Python object; save what TrainingArguments.to_json_string() gives as a .json"
}
"""The name of a file that torch refuses -> what to give instead."""
CHECKPOINTS = (".pt", ".pth", ".bin", ".ckpt")
SUFFIXES = (*_LANGUAGES, *CHECKPOINTS)
"""How the name of a file ends that `read` reads."""


def _named(path: Path) -> str:
    return checks.named(str(path), longest=400)
