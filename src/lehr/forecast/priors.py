"""Priors in files: the one that lehr ships, and those of one's own."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec
import numpy as np

from ..files import whole_file
from . import laws
from .prior import Prior

VERSION = 2


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """What a prior file holds for one law."""

    law: str
    parameters: list[str]
    mean: list[float]
    covariance: list[list[float]]
    peak: float
    known: tuple[float, float] | None
    source: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What a prior file holds."""

    format: str
    version: int
    priors: list[_Entry]


def write(priors: Sequence[Prior], path: str | os.PathLike[str]) -> None:
    """Write priors, one a law, to a JSON file: whole, or not at all.

    Raises:
        OSError: The file cannot be written; what was there is as before.
    """
    content = {"format": "lehr prior", "version": VERSION, "priors": [prior.to_dict() for prior in priors]}
    with whole_file(path) as file:
        file.write(f"{json.dumps(content, indent=1)}\n".encode())


def read(path: str | os.PathLike[str], law: str) -> Prior:
    """The prior of a law in a JSON file that `write` made.

    Raises:
        ValueError: It is no such file, is of another version, or has no prior of that law.
    """
    return _parse(Path(path).read_text(encoding="utf-8"), str(path), law)


@cache
def default(law: str) -> Prior:
    """The prior that lehr ships; `benchmarks/make_prior.py` makes it."""
    return _parse(resources.files(__package__).joinpath("priors.json").read_text(encoding="utf-8"), "priors.json", law)


def _parse(text: str, where: str, law: str) -> Prior:
    try:
        file = msgspec.json.decode(text.encode(), type=_File)
    except msgspec.DecodeError as error:
        raise ValueError(f"{where} is no file of priors: {error}; `lehr.forecast.priors.write` makes one") from None
    if (file.format, file.version) != ("lehr prior", VERSION):
        raise ValueError(
            f"{where}: a file of priors of version {VERSION} is needed, got {file.format!r} {file.version}; make it "
            f"again with `lehr.forecast.priors.write`"
        )
    names = laws.get(law).parameters[1:]
    for entry in file.priors:
        if entry.law == law:
            if tuple(entry.parameters) != names:
                raise ValueError(
                    f"{where}: a prior of the {law} law is over {', '.join(names)}, got {', '.join(entry.parameters)}"
                )
            return _prior(entry, where)
    raise ValueError(f"{where} has no prior of the {law} law; it has {', '.join(e.law for e in file.priors) or 'none'}")


def _prior(entry: _Entry, where: str) -> Prior:
    try:
        return Prior(entry.law, np.array(entry.mean), np.array(entry.covariance), entry.source, entry.peak, entry.known)
    except ValueError as error:  # which does not know the file
        raise ValueError(f"{where}: {error}") from None
