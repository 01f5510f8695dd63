"""Forecasts of the runs in gpt_runs.csv from one run, or a stable run and a short branch, beside what happened.

python -m benchmarks.forecast_gpt
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.gpt_runs import SCHEDULES, STABLE, read_runs
from benchmarks.table import markdown
from lehr.forecast import Law, default_prior, fit
from lehr.forecast.laws import LAWS

COSINE = "cosine(2k, 100, 8e-3, 8e-4)"
STEP = "multistep(2k, 100, 8e-3, milestones=[1k], decay_factor=0.3)"
COOLDOWN = "wsd(2k, 100, 8e-3, decay_steps=400, decay_shape=1-sqrt)"
FITTED: dict[str, tuple[tuple[str, int], ...]] = {
    "the cosine run": ((COSINE, 2_000),),
    "the stable run": ((STABLE, 2_000),),
    "the stable run and a branch at 30 %": ((STABLE, 2_000), (STEP, 1_500)),
    "the stable run and a cooldown": ((STABLE, 2_000), (COOLDOWN, 2_000)),
    "all runs: no forecast, but the law's own misfit": (),
}
"""What is fitted, all of seed 0: schedules, and the updates until which they are known; none stands for all."""


@dataclass(frozen=True)
class Outcome:
    """The end of one schedule: what two seeds gave, and what was forecast."""

    schedule: str
    losses: tuple[float, float]
    forecast: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Of the forecast, relative to the mean of both seeds."""
        return float(self.forecast / np.mean(self.losses) - 1)

    @property
    def spread(self) -> float:
        """Relative difference of the two seeds."""
        return float(abs(self.losses[1] - self.losses[0]) / np.mean(self.losses))

    @property
    def held(self) -> int:
        """How many of the two losses lie in the band."""
        return sum(self.low <= loss <= self.high for loss in self.losses)


def fitted(name: str, law: str = "kww") -> Law:
    """The law that a line of `FITTED` gives, with the prior that lehr ships."""
    runs = read_runs(0)
    chosen = [runs[schedule].until(updates) for schedule, updates in FITTED[name]]
    return fit(chosen or list(runs.values()), law=law)


def outcomes(name: str, law: str = "kww") -> list[Outcome]:
    """The ends of all schedules that were not fitted to their end."""
    seeds, fit_of_runs = [read_runs(seed) for seed in (0, 1)], fitted(name, law)
    found = []
    for schedule in SCHEDULES:
        pair = [seed[schedule] for seed in seeds]
        if (schedule, pair[0].updates) not in FITTED[name]:
            final = fit_of_runs.predict(pair[0].schedule, [pair[0].updates])
            losses = (float(pair[0].loss[-1]), float(pair[1].loss[-1]))
            found.append(Outcome(schedule, losses, *(float(x[0]) for x in (final.loss, final.low, final.high))))
    return found


def details(name: str) -> str:
    """One row for each schedule."""
    rows = [
        (
            f"`{o.schedule}`",
            " / ".join(f"{loss:.3f}" for loss in o.losses),
            f"{o.forecast:.3f} ({o.low:.3f} to {o.high:.3f})",
            f"{100 * o.error:+.1f} %",
            f"{100 * o.spread:.1f} %",
            ("neither", "one", "both")[o.held],
        )
        for o in outcomes(name)
    ]
    return markdown(("schedule", "seed 0 / 1", "forecast (90 % band)", "error", "seeds differ", "in the band"), rows)


def summary() -> str:
    """One row for each fit and law."""
    rows = []
    for name in FITTED:
        for law in LAWS:
            found = outcomes(name, law)
            error = 100 * np.abs([o.error for o in found])
            half = 100 * np.median([(o.high / o.low - 1) / 2 for o in found])
            held = sum(o.held for o in found)
            rows.append(
                (name, law, f"{np.median(error):.1f} %", f"{error.max():.1f} %", f"± {half:.1f} %",
                 f"{held} of {2 * len(found)}")
            )  # fmt: skip
    return markdown(("fitted", "law", "median error", "largest", "median band", "in the band"), rows)


def constants() -> str:
    """What the default law's constants are where all runs of a seed are fitted, and what the prior expects there."""
    runs = [list(read_runs(seed).values()) for seed in (0, 1)]
    prior = default_prior("kww")
    spread = np.sqrt(np.diag(prior.covariance))
    names = LAWS["kww"].parameters[1:]
    expected = dict(zip(names, zip(prior.mean, spread, strict=True), strict=False))
    found = [fit(of_seed).constants for of_seed in runs]
    rows = [
        (name, f"{mean:.2f} ± {spread:.2f}", *(f"{of_seed[name]:.2f}" for of_seed in found))
        for name, (mean, spread) in expected.items()
    ]
    return markdown(("constant", "prior", "seed 0", "seed 1"), rows, numbers=("prior", "seed 0", "seed 1"))


def main() -> None:
    for name in (name for name, chosen in FITTED.items() if chosen):
        print(f"\nFrom {name} of seed 0:\n\n{details(name)}")
    print(f"\n{summary()}\n\n{constants()}")


if __name__ == "__main__":
    main()
