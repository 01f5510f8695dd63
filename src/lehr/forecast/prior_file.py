"""Priors in files: the one that lehr ships, and the user's own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec
import numpy as np

from ..files import whole_file
from ..schedules import checks
from .json_file import JsonFile, from_json
from .prior import Prior, names_of

HEADER = "lehr prior", 3


class _Entry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a prior file holds for one law."""

    law: str
    parameters: list[str]
    mean: list[float]
    covariance: list[list[float]]
    source: str = ""

    @classmethod
    def of(cls, prior: Prior) -> _Entry:
        """A prior as plain values, rounded to what matters."""
        return cls(
            law=prior.law,
            parameters=list(names_of(prior.law)),
            mean=[round(float(value), 4) for value in prior.mean],
            covariance=[[round(float(value), 6) for value in row] for row in prior.covariance],
            source=prior.source,
        )


class _File(JsonFile):
    """What a prior file holds."""

    priors: list[_Entry]


def write_priors(priors: Sequence[Prior], path: str | os.PathLike[str]) -> None:
    """Write priors, one for each law, to a JSON file: whole, or not at all.

    Raises:
        OSError: The file cannot be written; its old content is unchanged.
    """
    content = _File(*HEADER, [_Entry.of(prior) for prior in priors])
    with whole_file(path) as file:
        file.write(f"{content.to_json()}\n".encode())


def read_prior(path: str | os.PathLike[str], law: str) -> Prior:
    """The prior of a law in a JSON file that `write_priors` made.

    Raises:
        ValueError: It is not such a file, has another version, or has no prior of that law.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        return _parsed(text, law)
    except ValueError as error:
        raise ValueError(f"{checks.named(str(path))}: {error}") from None


@cache
def default_prior(law: str) -> Prior:
    """The prior that lehr ships; `benchmarks/make_prior.py` makes it."""
    return _parsed(resources.files(__package__).joinpath("priors.json").read_text(encoding="utf-8"), law)


def _parsed(text: str, law: str) -> Prior:
    file = from_json(text, _File, HEADER, name="a file of priors", remedy="`write_priors` makes one")
    entry = next((entry for entry in file.priors if entry.law == law), None)
    if entry is None:
        available = ", ".join(checks.shown(entry.law) for entry in file.priors) or "none"
        raise ValueError(f"this file has no prior of the {law} law; it has {available}")
    names = names_of(law)
    if tuple(entry.parameters) != names:
        raise ValueError(f"a prior of the {law} law is over {', '.join(names)}, got {checks.shown(entry.parameters)}")
    return Prior(law, np.array(entry.mean), np.array(entry.covariance), entry.source)
