"""What fits of public runs say about a law's constants before any run of one's own is seen.

The constants of a new model are drawn around a mean with two spreads: between laboratories and,
within one, between models. Each is estimated from few, so each is held up by one made-up sample
with a spread one would believe without any data (the inverse Wishart prior of a covariance).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ..files import whole_file
from . import laws
from .knots import Array

VERSION = 1

BETWEEN = {
    "ln A": 0.5, "alpha": 0.05, "ln B": 0.25, "ln C": 0.9, "kappa": 0.14, "beta": 0.14, "gamma": 0.2,
    "p": 0.07, "ln z": 0.7, "ln tau": 0.9,
}  # fmt: skip
"""Standard deviation of a constant between laboratories, believed before any data."""
WITHIN = {
    "ln A": 0.1, "alpha": 0.02, "ln B": 0.1, "ln C": 0.3, "kappa": 0.03, "beta": 0.03, "gamma": 0.12,
    "p": 0.04, "ln z": 0.15, "ln tau": 0.3,
}  # fmt: skip
"""The same between models of one laboratory."""


@dataclass(frozen=True, eq=False)
class Prior:
    """A normal distribution over a law's constants other than L0, which stays free.

    Args:
        law: Name of the law.
        mean: Its constants' mean, (m,), without L0.
        covariance: Their covariance, (m, m).
        source: Where it comes from.

    Raises:
        ValueError: The shapes are not the law's, or the covariance is not positive definite.
    """

    law: str
    mean: Array
    covariance: Array
    source: str = ""

    def __post_init__(self) -> None:
        names = laws.get(self.law).parameters[1:]
        mean, covariance = np.asarray(self.mean, dtype=float), np.asarray(self.covariance, dtype=float)
        if mean.shape != (len(names),) or covariance.shape != (len(names), len(names)):
            raise ValueError(
                f"a prior of the {self.law} law is over {', '.join(names)}: a mean of {len(names)} numbers and a "
                f"square covariance, got shapes {mean.shape} and {covariance.shape}"
            )
        if not np.allclose(covariance, covariance.T) or np.linalg.eigvalsh(covariance)[0] <= 0:
            raise ValueError(f"the covariance of a prior of the {self.law} law must be symmetric and positive definite")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    @classmethod
    def of_fits(cls, law: str, fits: Mapping[str, Sequence[Array]], source: str = "") -> Prior:
        """The prior that fits of several models say, by laboratory.

        Args:
            law: Name of the law.
            fits: For each laboratory, the constants of each of its models (L0 first, as fitted).
            source: What to note about their origin.

        Raises:
            ValueError: There is no fit.
        """
        groups = [np.asarray(group, dtype=float)[:, 1:] for group in fits.values() if len(group)]
        if not groups:
            raise ValueError("a prior needs the fit of at least one model")
        names, count = laws.get(law).parameters[1:], len(groups)
        means = np.array([group.mean(axis=0) for group in groups])
        inside = np.concatenate([group - group.mean(axis=0) for group in groups])
        outside, mean = means - means.mean(axis=0), means.mean(axis=0)
        between = (_believed(BETWEEN, names) + outside.T @ outside) / count
        within = (_believed(WITHIN, names) + inside.T @ inside) / (1 + len(inside) - count)
        # The mean of few laboratories is itself uncertain, by one part in so many.
        return cls(law, mean, between * (1 + 1 / count) + within, source)

    @classmethod
    def broad(cls, law: str) -> Prior:
        """Round numbers with wide spreads: to fit a population with, not for forecasts."""
        centre = {"ln A": 0.0, "alpha": 0.5, "ln B": 6.1, "ln C": 2.8, "kappa": 0.45, "beta": 0.5, "gamma": -0.4,
                  "p": 0.55, "ln z": 0.7, "ln tau": 7.0}  # fmt: skip
        names = laws.get(law).parameters[1:]
        return cls(law, np.array([centre[name] for name in names]), 2 * _believed(BETWEEN, names))

    def to_dict(self) -> dict[str, Any]:
        """As plain values, rounded to what matters."""
        return {
            "law": self.law,
            "parameters": list(laws.get(self.law).parameters[1:]),
            "mean": [round(float(value), 4) for value in self.mean],
            "covariance": [[round(float(value), 6) for value in row] for row in self.covariance],
            "source": self.source,
        }


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """What a prior file holds for one law."""

    law: str
    parameters: list[str]
    mean: list[float]
    covariance: list[list[float]]
    source: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What a prior file holds."""

    format: str
    version: int
    priors: list[_Entry]


def _believed(spread: dict[str, float], names: Sequence[str]) -> Array:
    return np.diag([spread[name] ** 2 for name in names])


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
        return Prior(entry.law, np.array(entry.mean), np.array(entry.covariance), entry.source)
    except ValueError as error:  # which does not know the file
        raise ValueError(f"{where}: {error}") from None
