"""How likely the final losses of runs left out are under other settings of prior and bands.

    python -m benchmarks.settings    # three minutes

Of each data set, with its size or its laboratory left out of the prior, one to three runs drawn at random are fitted
and the others forecast. A row has the mean over these fits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from benchmarks import make_prior
from benchmarks.forecast import any_fits, score
from benchmarks.forecast_data import LABS, available, directory
from benchmarks.table import markdown
from lehr.forecast import solver
from lehr.forecast.bands import quantile
from lehr.forecast.laws import KWW

BELIEFS, ROW_ERROR, STEP_ERROR = KWW.beliefs, solver.ROW_ERROR, KWW.step_error
TRIED = [(1.0, 1.0, 1.0), (1.0, 1.0, 1.25), (1.0, 0.8, 1.0), (1.0, 1.25, 1.0), (1.25, 1.0, 1.0), (0.8, 1.0, 1.0)]
"""Multiples of the spreads between laboratories, of the row error and of the step error."""
DRAWS = 12


def set_to(spread: float, row: float, step: float) -> None:
    """Use these multiples of the settings from here on."""
    KWW.beliefs = {name: belief._replace(between=spread * belief.between) for name, belief in BELIEFS.items()}
    solver.ROW_ERROR = row * ROW_ERROR
    KWW.step_error = step * STEP_ERROR
    make_prior.fitted.cache_clear()


def outcomes(what: str) -> Iterator[tuple[float, float, float]]:
    """Of each fit: mean ln likelihood of the final losses, mean error, and the share within the 90 % bands."""
    for name in LABS:
        for law, others in any_fits(name, what, draws=DRAWS):
            found = score(law, others)
            deviation = np.log1p(2 * found.half_width) / (2 * quantile(0.9))
            likelihood = -np.log(deviation) - (found.final_error / deviation) ** 2 / 2
            yield float(likelihood.mean()), float(found.final_error.mean()), float(found.final.mean())


def row(spread: float, row_error: float, step_error: float) -> tuple[str, ...]:
    """The settings, and what they give."""
    set_to(spread, row_error, step_error)
    means = [np.mean(list(outcomes(what)), axis=0) for what in ("size", "lab")]
    named = (f"× {spread:g}", f"{row_error * ROW_ERROR:.1e}", f"{step_error * STEP_ERROR:.3f}")
    return (*named, *(" / ".join(form.format(mean[i]) for mean in means) for i, form in enumerate(FORMS)))


FORMS = ("{:.3f}", "{:.2%}", "{:.2f}")
HEAD = ("spreads", "row error", "step error", "ln likelihood, size / lab left out", "error", "in the band")


def main() -> None:
    if not available():
        raise SystemExit(f"the shared loss curves are not at {directory()}; the variable LEHR_DATA says where they are")
    print(markdown(HEAD, [row(*settings) for settings in tqdm(TRIED, unit="setting")]))


if __name__ == "__main__":
    main()
