"""Makes the prior that lehr ships, or one that leaves models or laboratories out.

python -m benchmarks.make_prior -o src/lehr/forecast/priors.json
python -m benchmarks.make_prior -o priors.json --without 100M --without cooldowns
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import numpy as np
from tqdm import tqdm

from benchmarks.curves import NO_LAW, setups
from lehr.forecast import Prior, write_priors
from lehr.forecast.fitting import middle_peak
from lehr.forecast.laws import LAWS
from lehr.forecast.model import LossModel
from lehr.forecast.observations import Observations, observations_of
from lehr.forecast.rates import Array
from lehr.forecast.solver import solve

MOST_RUNS = 16
ROUNDS = 100
SETTLED = 0.003  # change of mean and spread between rounds, in standard deviations


def make(law: str, without: Collection[str] = ()) -> Prior:
    """The prior of a law from every setup but those of a model or laboratory that is named.

    Raises:
        ValueError: A name is neither a model's nor a laboratory's.
    """
    known = {name for setup in setups().values() for name in (setup.model, setup.laboratory)}
    if not known >= set(without):
        raise ValueError(
            f"there is no {', '.join(set(without) - known)} to leave out; there are {', '.join(sorted(known))}"
        )
    return _made(law, frozenset(without))


@dataclass
class Fitted:
    """A setup and the constants that fit all its runs best so far."""

    laboratory: str
    observations: Observations
    model: LossModel
    theta: Array
    covariance: Array

    def refit(self, prior: Prior) -> None:
        """Fit again, with another prior."""
        self.theta, self.covariance = solve(self.model, self.observations, prior, self.theta)


@cache
def observed(name: str) -> Observations:
    """The losses of a setup; of one with many runs, those of `MOST_RUNS`."""
    runs = list(setups()[name].runs.values())
    return observations_of(runs[:: max(1, len(runs) // MOST_RUNS)])


def first_fit(name: str, law: str) -> Fitted:
    """A setup, fitted with round numbers for its prior."""
    setup = setups()[name]
    model = LossModel(LAWS[law], middle_peak(list(setup.runs.values())), observed(name).fall)
    return Fitted(setup.laboratory, observed(name), model, *solve(model, observed(name), Prior.broad(law)))


@cache
def _made(law: str, without: frozenset[str]) -> Prior:
    kept = [
        first_fit(name, law) for name, setup in setups().items()
        if not {setup.model, setup.laboratory} & without and name not in NO_LAW
    ]  # fmt: skip
    laboratories: dict[str, list[Fitted]] = {}
    for fit in kept:
        laboratories.setdefault(fit.laboratory, []).append(fit)
    source = f"{len(kept)} setups: {', '.join(sorted(laboratories))}"
    prior = Prior.of_fits(laboratories, source)
    for _ in range(ROUNDS):
        for fit in kept:
            fit.refit(prior)
        last, prior = prior, Prior.of_fits(laboratories, source)
        if _change(last, prior) < SETTLED:
            break
    return prior


def _change(last: Prior, prior: Prior) -> float:
    """The largest change of a mean or a spread, in spreads."""
    spread, before = (np.sqrt(np.diag(p.covariance)) for p in (prior, last))
    return float(np.max(np.maximum(np.abs(prior.mean - last.mean), np.abs(spread - before)) / spread))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--without", action="append", default=[], help="a model or a laboratory to leave out")
    arguments = parser.parse_args()
    priors = [make(law, arguments.without) for law in tqdm(LAWS, unit="law")]
    write_priors(priors, arguments.output)


if __name__ == "__main__":
    main()
