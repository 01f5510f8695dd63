"""A fitted law in a file: JSON, versioned, and checked whole when it is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from . import laws

if TYPE_CHECKING:
    from .law import Law

VERSION = 1

_Rate = Annotated[float, msgspec.Meta(gt=0)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What a law file holds."""

    format: str
    version: int
    law: str
    constants: dict[str, float]
    covariance: list[list[float]]
    states: list[tuple[float, float, float]]
    peaks: tuple[_Rate, _Rate]
    updates: Annotated[int, msgspec.Meta(ge=1)]
    warmup: _Count
    prior: str
    notes: list[str]


def to_json(law: Law) -> str:
    """A law as JSON."""
    file = _File(
        "lehr law", VERSION, law.formula.name, law.constants, law.covariance.tolist(),
        law.states.tolist(), law.peaks, law.updates, law.warmup, law.prior, list(law.notes),
    )  # fmt: skip
    return json.dumps(msgspec.to_builtins(file), indent=1)


def fields(text: str) -> dict[str, Any]:
    """What JSON says of a law, as the arguments that build it.

    Raises:
        ValueError: It is no law, or of another version, or its numbers do not fit its formula.
    """
    try:
        file = msgspec.json.decode(text.encode(), type=_File)
    except msgspec.DecodeError as error:
        raise ValueError(f"this is no law file: {error}; `Law.write` or `lehr fit` makes one") from None
    if (file.format, file.version) != ("lehr law", VERSION):
        raise ValueError(f"a law file of version {VERSION} is needed, got {file.format!r} {file.version}; fit again")
    formula = laws.get(file.law)
    covariance, size = np.array(file.covariance), len(formula.parameters)
    if tuple(file.constants) != formula.parameters or covariance.shape != (size, size) or not file.states:
        raise ValueError(
            f"a {file.law} law has the constants {', '.join(formula.parameters)}, their covariance and at least "
            f"one state; got {', '.join(file.constants)}, {covariance.shape} and {len(file.states)} states"
        )
    theta = np.array(list(file.constants.values()))
    if not (np.isfinite(theta).all() and np.isfinite(covariance).all() and np.linalg.eigvalsh(covariance)[0] >= 0):
        raise ValueError("the numbers of a law file must be finite, and its covariance no less than 0; fit again")
    return {
        "formula": formula, "theta": theta, "covariance": covariance, "states": np.array(file.states),
        "peaks": file.peaks, "updates": file.updates, "warmup": file.warmup, "prior": file.prior,
        "notes": tuple(file.notes),
    }  # fmt: skip
