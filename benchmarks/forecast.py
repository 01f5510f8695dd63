"""Reproduces the goals table of the forecasts from the shared loss curves, each set left out of the prior.

python -m benchmarks.forecast            # every row
python -m benchmarks.forecast --law mpl  # the same with another law
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.forecast_data import LABS, available, directory, sets, until
from benchmarks.make_prior import make
from lehr.forecast import Law, Run, fit
from lehr.forecast.knots import Array

TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")
"""What the multi-power-law paper fits on; it tests on the other six."""
SIZES, PEAKS = ("25M", "100M"), ("124M-5e-4", "124M-1e-3")
AFTER = 5000
"""Update from which the paper's second figure counts, and the 124M runs' only one."""


@dataclass(frozen=True)
class Score:
    """Errors of forecasts of runs left out; relative, and one of each figure a run."""

    mean: Array
    worst: Array
    covered: Array
    final: Array
    final_error: Array
    half_width: Array

    @property
    def pred_e(self) -> float:
        """Mean over curves of the mean error, in 1e-4."""
        return float(1e4 * self.mean.mean())

    @property
    def worst_e(self) -> float:
        """Mean over curves of the largest error, in 1e-4."""
        return float(1e4 * self.worst.mean())


def score(law: Law, runs: Iterable[Run], after: float = 0) -> Score:
    """How well a law forecasts runs it has not seen, from their warmup and ``after`` on."""
    rows = []
    for run in runs:
        seen = run.at > max(run.warmup or 0, after)
        forecast = law.predict(run.schedule, run.at[seen])
        error = np.abs(forecast.loss / run.loss[seen] - 1)
        inside = (forecast.low <= run.loss[seen]) & (run.loss[seen] <= forecast.high)
        half = (forecast.high[-1] / forecast.low[-1] - 1) / 2
        rows.append((error.mean(), error.max(), inside.mean(), inside[-1], error[-1], half))
    return Score(*np.array(rows, dtype=float).T)


def task(name: str, one: bool = False) -> tuple[list[Run], list[Run]]:
    """The runs to fit and the runs to forecast, of a data set."""
    runs = sets()[name]
    if name in SIZES:
        train = TRAIN[:1] if one else TRAIN
        return [runs[n] for n in train], [run for n, run in runs.items() if n not in train]
    cooldown = "cooldown-0.2-linear_15000"
    return [until(runs["stable_50000"], 25_000), runs[cooldown]], [r for n, r in runs.items() if n != cooldown]


def left_out(name: str, what: str, law: str = "kww", one: bool = False, after: float = 0) -> Score:
    """The score on a data set whose prior has not seen it (``what="size"``) or its laboratory (``"lab"``)."""
    prior = make(law, [name if what == "size" else LABS[name]])
    train, test = task(name, one)
    return score(fit(train, law=law, prior=prior), test, after)


def any_runs(name: str, what: str, law: str = "kww", draws: int = 15) -> Score:
    """The score over random choices of one to three runs to fit: many final losses, not six."""
    prior = make(law, [name if what == "size" else LABS[name]])
    runs, random = list(sets()[name].values()), np.random.default_rng(1)
    scores = []
    for draw in range(draws):
        chosen = set(random.choice(len(runs), 1 + draw % 3, replace=False))
        fitted = fit([runs[i] for i in sorted(chosen)], law=law, prior=prior)
        scores.append(score(fitted, [run for i, run in enumerate(runs) if i not in chosen]))
    return Score(*(np.concatenate([getattr(s, field) for s in scores]) for field in Score.__dataclass_fields__))


def figures(law: str) -> list[tuple[str, str, str]]:
    """Goal, target, measured: the rows about errors and bands."""
    size = {name: left_out(name, "size", law) for name in SIZES}
    late = {name: left_out(name, "size", law, after=AFTER) for name in SIZES}
    lab = {name: left_out(name, "lab", law) for name in SIZES}
    lab |= {name: left_out(name, "lab", law, after=AFTER) for name in PEAKS}
    single = {name: left_out(name, "size", law, one=True) for name in SIZES}
    wide = {what: {name: any_runs(name, what, law) for name in LABS} for what in ("size", "lab")}

    def each(scores: Mapping[str, Score], field: str, names: Sequence[str]) -> str:
        return " / ".join(f"{getattr(scores[name], field):.1f}" for name in names)

    def covered(scores: Mapping[str, Score], names: Collection[str]) -> str:
        means = [float(scores[name].covered.mean()) for name in names]
        finals = np.concatenate([scores[name].final for name in names])
        half = np.median(np.concatenate([scores[name].half_width for name in names]))
        said = ", ".join(
            f"{name} {mean:.2f}/{scores[name].final.mean():.2f}" for name, mean in zip(names, means, strict=True)
        )
        return f"mean {np.mean(means):.3f}, worst {min(means):.2f}, final {finals.mean():.3f} (± {1e4 * half:.0f}e-4; {said})"

    return [
        ("PredE, size left out, 25M / 100M, 1e-4", "7.5 / 4.5", each(size, "pred_e", SIZES)),
        ("WorstE, same", "40 / 30", each(size, "worst_e", SIZES)),
        ("WorstE from update 5000", "26 / 22", each(late, "worst_e", SIZES)),
        ("PredE, lab left out, 25M / 100M", "8.5 each", each(lab, "pred_e", SIZES)),
        ("PredE, ONE run, size left out", "9 / 7.5", each(single, "pred_e", SIZES)),
        ("PredE, 124M, lab left out, peak 5e-4 / 1e-3", "9 / 15", each(lab, "pred_e", PEAKS)),
        ("90 % bands, lab left out (rows/final)", "mean .87-.95, set >= .80, final >= .85", covered(lab, list(LABS))),
        ("90 % bands, size left out, three runs", "", covered(size, SIZES)),
        ("90 % bands, lab left out, any 1-3 runs", "", covered(wide["lab"], list(LABS))),
        ("90 % bands, size left out, any 1-3 runs", "", covered(wide["size"], list(LABS))),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--law", action="append", help="kww, mpl or momentum; all three by default")
    laws = parser.parse_args().law or ["kww", "mpl", "momentum"]
    if not available():
        raise SystemExit(f"the shared loss curves are not at {directory()}; the variable LEHR_DATA says where they are")
    for law in laws:
        print(f"\n{law}")
        for goal, target, measured in figures(law):
            print(f"  {goal:46} target {target:40} {measured}", flush=True)


if __name__ == "__main__":
    main()
