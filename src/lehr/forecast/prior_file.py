"""Priors in files: the one that lehr ships, and the user's own."""

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
from ..schedules import checks
from . import laws
from .prior import Prior

VERSION = 2


class _Entry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a prior file holds for one law."""

    law: str
    parameters: list[str]
    mean: list[float]
    covariance: list[list[float]]
    source: str = ""
    peak: float
    known: tuple[float, float] | None

    @classmethod
    def of(cls, prior: Prior) -> _Entry:
        """A prior as plain values, rounded to what matters."""
        return cls(
            law=prior.law,
            parameters=list(laws.get(prior.law).parameters[1:]),
            mean=[round(float(value), 4) for value in prior.mean],
            covariance=[[round(float(value), 6) for value in row] for row in prior.covariance],
            source=prior.source,
            peak=prior.peak,
            known=prior.known,
        )


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What a prior file holds."""

    format: str
    version: int
    priors: list[_Entry]


def write_priors(priors: Sequence[Prior], path: str | os.PathLike[str]) -> None:
    """Write priors, one for each law, to a JSON file: whole, or not at all.

    Raises:
        OSError: The file cannot be written; what was there is as before.
    """
    content = _File("lehr prior", VERSION, [_Entry.of(prior) for prior in priors])
    with whole_file(path) as file:
        file.write(f"{json.dumps(msgspec.to_builtins(content), indent=1)}\n".encode())


def read_prior(path: str | os.PathLike[str], law: str) -> Prior:
    """The prior of a law in a JSON file that `write_priors` made.

    Raises:
        ValueError: It is not such a file, has another version, or has no prior of that law.
    """
    return _parsed(Path(path).read_text(encoding="utf-8"), checks.printable(str(path)), law)


@cache
def default_prior(law: str) -> Prior:
    """The prior that lehr ships; `benchmarks/make_prior.py` makes it."""
    return _parsed(resources.files(__package__).joinpath("priors.json").read_text(encoding="utf-8"), "priors.json", law)


def _parsed(text: str, where: str, law: str) -> Prior:
    try:
        file = msgspec.json.decode(text.encode(), type=_File)
    except msgspec.DecodeError as error:
        reason = checks.printable(str(error))
        raise ValueError(f"{where} is not a file of priors: {reason}; `write_priors` makes one") from None
    except RecursionError:
        raise ValueError(f"{where} is not a file of priors: it is nested too deeply") from None
    if (file.format, file.version) != ("lehr prior", VERSION):
        raise ValueError(
            f"{where}: expected a file of priors of version {VERSION}, got {checks.shown(file.format)} {file.version}; "
            f"write it again with `write_priors`"
        )
    names = laws.get(law).parameters[1:]
    for entry in file.priors:
        if entry.law == law:
            if tuple(entry.parameters) != names:
                raise ValueError(
                    f"{where}: a prior of the {law} law is over {', '.join(names)}, "
                    f"got {checks.shown(entry.parameters)}"
                )
            return _prior(entry, where)
    available = [checks.shown(entry.law) for entry in file.priors]
    raise ValueError(f"{where} has no prior of the {law} law; it has {', '.join(available) or 'none'}")


def _prior(entry: _Entry, where: str) -> Prior:
    try:
        return Prior(entry.law, np.array(entry.mean), np.array(entry.covariance), entry.source, entry.peak, entry.known)
    except ValueError as error:  # which does not name the file
        raise ValueError(f"{where}: {error}") from None
