"""Makes the prior that lehr ships, or one that leaves a data set or a laboratory out.

python -m benchmarks.make_prior -o src/lehr/forecast/priors.json
python -m benchmarks.make_prior -o priors.json --without 100M --without cooldowns
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from functools import cache

from benchmarks.forecast_data import LABS, sets
from lehr.forecast import Prior, write_priors
from lehr.forecast.laws import LAWS
from lehr.forecast.observations import observations_of
from lehr.forecast.rates import Array
from lehr.forecast.solver import solve


@cache
def fitted(law: str, name: str) -> tuple[float, Array]:
    """The peak rate of one data set, and constants that fit all its runs, from round numbers alone."""
    runs = list(sets()[name].values())
    theta, _ = solve(LAWS[law], observations_of(runs), Prior.broad(law).at(runs[0].peak))
    return runs[0].peak, theta


def make(law: str, without: Collection[str] = ()) -> Prior:
    """The prior of a law from every data set but those that are named, or whose laboratory is.

    Raises:
        ValueError: A name is neither a data set's nor a laboratory's.
    """
    known = {*LABS, *LABS.values()}
    if not known >= set(without):
        raise ValueError(
            f"there is no {', '.join(set(without) - known)} to leave out; there are {', '.join(sorted(known))}"
        )
    kept = [name for name in LABS if name not in without and LABS[name] not in without]
    fits: dict[str, list[tuple[float, Array]]] = {}
    for name in kept:
        fits.setdefault(LABS[name], []).append(fitted(law, name))
    return Prior.of_fits(law, fits, source=f"fits of {', '.join(kept)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--without", action="append", default=[], help="a data set or a laboratory to leave out")
    arguments = parser.parse_args()
    write_priors([make(law, arguments.without) for law in LAWS], arguments.output)


if __name__ == "__main__":
    main()
