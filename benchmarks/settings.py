"""How likely the losses of laboratories left out are under other settings of fit, prior and bands.

    python -m benchmarks.settings    # a quarter of an hour

The score of a forecast is -ln of the likelihood that its band, Student's with 4 degrees of freedom, gives to the
logged losses, in falls: lower is better, and neither a narrow band nor a wide one wins unless it is right (a proper
score: Gneiting and Raftery, 2007, https://doi.org/10.1198/016214506000001437). Every laboratory counts as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
from tqdm import tqdm

from benchmarks import forecast, make_prior
from benchmarks.curves import available, directory
from benchmarks.table import markdown
from lehr.forecast import bands, observations, solver
from lehr.forecast.laws import KWW

Change = Callable[[float], dict[tuple[Any, str], Any]]


def _row_error(factor: float) -> dict[tuple[Any, str], Any]:
    names = "ROW_ERROR", "HUBER"
    return {(solver, name): factor * getattr(solver, name) for name in names}


def _spreads(factor: float) -> dict[tuple[Any, str], Any]:
    wider = {
        name: belief._replace(spread=factor * belief.spread, slope_spread=factor * belief.slope_spread)
        for name, belief in KWW.beliefs.items()
    }
    return {(KWW, "beliefs"): wider}


def _seed(factor: float) -> dict[tuple[Any, str], Any]:
    return {(module, "SEED_ERROR"): factor * module.SEED_ERROR for module in (observations, bands)}


SETTINGS: dict[str, tuple[Change, tuple[float, float]]] = {
    "ROW_ERROR": (_row_error, (0.5, 2.0)),
    "spreads of Belief": (_spreads, (0.5, 2.0)),
    "inflation": (lambda factor: {(KWW, "inflation"): factor * KWW.inflation}, (0.6, 1.6)),
    "EARLY": (lambda factor: {(observations, "EARLY"): factor * observations.EARLY}, (0.5, 2.0)),
    "SEED_ERROR": (_seed, (0.3, 3.0)),
}
"""What each setting changes, and the multiples that are tried."""


@contextmanager
def changed(to: dict[tuple[Any, str], Any]) -> Iterator[None]:
    """These attributes, for a while, and nothing kept from before."""
    patches = [mock.patch.object(owner, name, value) for (owner, name), value in to.items()]
    caches = make_prior.observed, make_prior._made, forecast.scored
    for patch in patches:
        patch.start()
    for cached in caches:
        cached.cache_clear()
    yield
    for patch in patches:
        patch.stop()


def row(name: str, factor: float, to: dict[tuple[Any, str], Any]) -> tuple[str, ...]:
    """The setting, the score, and the score of each laboratory."""
    with changed(to):
        scores = forecast.by_laboratory()
    found = [float(score.surprise.mean()) for score in scores.values()]
    held = np.mean([score.final_held.mean() for score in scores.values()])
    return (name, f"× {factor:g}", f"{np.mean(found):.3f}", f"{held:.2f}", *(f"{value:.2f}" for value in found))


def main() -> None:
    if not available():
        raise SystemExit(f"the shared loss curves are not at {directory()}; the variable LEHR_DATA says where they are")
    tried: list[tuple[str, float, dict[tuple[Any, str], Any]]] = [("as they are", 1.0, {})]
    tried += [(name, f, change(f)) for name, (change, factors) in SETTINGS.items() for f in factors]
    rows = [row(*one) for one in tqdm(tried, unit="setting")]
    head = ("setting", "", "score", "last losses in the band", *forecast.by_laboratory())
    print(markdown(head, rows, numbers=head[2:]))


if __name__ == "__main__":
    main()
