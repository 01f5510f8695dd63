"""Reproduces the goals table of the forecasts from the shared loss curves, each set left out of the prior.

python -m benchmarks.forecast            # every row
python -m benchmarks.forecast --law mpl  # the same with another law
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from time import perf_counter, process_time

import numpy as np

from benchmarks.forecast_data import LABS, PEAK, WARMUP, available, directory, sets, until
from benchmarks.make_prior import make
from lehr import cosine
from lehr.forecast import Law, Run, convex_bounds, fit, read_run
from lehr.forecast.rates import Array
from lehr.forecast.trajectory import compress

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


def any_fits(name: str, what: str, law: str = "kww", draws: int = 15) -> Iterator[tuple[Law, list[Run]]]:
    """Fits of one to three runs drawn at random, each with the runs left out."""
    prior = make(law, [name if what == "size" else LABS[name]])
    runs, random = list(sets()[name].values()), np.random.default_rng(1)
    for draw in range(draws):
        chosen = set(random.choice(len(runs), 1 + draw % 3, replace=False))
        fitted = fit([runs[i] for i in sorted(chosen)], law=law, prior=prior)
        yield fitted, [run for i, run in enumerate(runs) if i not in chosen]


def differences(name: str, what: str, law: str = "kww") -> float:
    """How many differences of two final losses, at one horizon, lie within their 90 % bands."""
    held = []
    for fitted, test in any_fits(name, what, law, draws=6):
        for one, other in combinations(test, 2):
            at = min(one.updates, other.updates)
            # The two laboratories' logs end within so many updates of a common horizon.
            if max(one.updates, other.updates) - at <= 300:
                losses = [float(np.interp(at, run.at, run.loss)) for run in (one, other)]
                _, low, high = fitted.difference(one.schedule, other.schedule, at)
                held.append(low <= losses[0] - losses[1] <= high)
    return float(np.mean(held))


def any_runs(name: str, what: str, law: str = "kww") -> Score:
    """The score over random choices of one to three runs to fit: many final losses, not six."""
    scores = [score(fitted, test) for fitted, test in any_fits(name, what, law)]
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
        worst = f"mean {np.mean(means):.3f}, worst {min(means):.2f}, final {finals.mean():.3f}"
        return f"{worst} (± {1e4 * half:.0f}e-4; {said})"

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
        *(
            (
                f"90 % bands of differences, {what} left out",
                "",
                ", ".join(f"{n} {differences(n, what, law):.2f}" for n in LABS),
            )
            for what in ("lab", "size")
        ),
    ]


def seconds(work: Callable[[], object], repeats: int = 7) -> str:
    """The shortest wall time of several, and of process time, which a busy machine does not lengthen."""
    wall, own = [], []
    for _ in range(repeats):
        before = perf_counter(), process_time()
        work()
        wall.append(perf_counter() - before[0])
        own.append(process_time() - before[1])
    return f"{1e3 * min(wall):.0f} ms (median {1e3 * median(wall):.0f}, process {1e3 * min(own):.0f})"


def pipeline() -> None:
    """CSV files -> fit -> nine forecasts with bands -> optimised schedule."""
    folder = directory() / "multi-power-law" / "csv_100"
    law = fit([read_run(folder / f"{name}.csv", warmup_steps=WARMUP) for name in TRAIN])
    for run in sets()["100M"].values():
        law.predict(run.schedule, run.at)
    law.optimise(training_steps=24_000, max_lr=PEAK)


def dense_error() -> str:
    """The largest difference between compressed and dense loss over all shared schedules, and the number of cells."""
    worst, cells = 0.0, 0
    law = fit(task("25M")[0])
    for run in (run for runs in sets().values() for run in runs.values()):
        at = run.at[np.linspace(len(run.at) // 10, len(run.at) - 1, 8).astype(int)]
        trajectory = compress(run.rates, at)
        exact = [law.formula.final(law.theta, run.rates[: int(n)])[0] for n in at]
        worst = max(worst, float(np.max(np.abs(law.formula.value(law.theta, trajectory) / exact - 1))))
        cells = max(cells, trajectory.cell_count)
    return f"{worst:.1e} at up to {cells} cells"


def bound_error() -> str:
    """The largest relative error of the bound against suffix sums in long double, over horizons."""
    rates = cosine(16_001, 300, max_lr=1.0)(np.arange(16_000.0))
    bounds, worst = convex_bounds(rates, 16_000), 0.0
    for horizon in (1, 10, 100, 1000, 10_000, 15_000, 15_990, 15_999, 16_000):
        part = rates[:horizon].astype(np.longdouble)
        after = np.cumsum(part[::-1])[::-1]
        exact = (1 / after[0] + (part[:-1] ** 2 / after[1:]).sum() + part[-1]) / 2
        worst = max(worst, abs(float(bounds[horizon - 1] / exact - 1)))
    return f"{worst:.0e}"


def costs() -> list[tuple[str, str, str]]:
    """Goal, target, measured: the rows about time and arithmetic."""
    train, _ = task("100M")
    pipeline()
    rates = cosine(16_001, 300, max_lr=1.0)
    return [
        ("fit three runs, 8 starts", "50 ms", seconds(lambda: fit(train))),
        ("CSV -> fit -> 9 forecasts -> optimised schedule", "500 ms", seconds(pipeline)),
        ("compressed against dense law", "5e-5 at 400 cells", dense_error()),
        ("bound, all t, T = 16,000: time", "100 ms", seconds(lambda: convex_bounds(rates, 16_000))),
        ("bound, all t, T = 16,000: error", "1e-11", bound_error()),
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
    print("\ncosts")
    for goal, target, measured in costs():
        print(f"  {goal:46} target {target:40} {measured}", flush=True)


if __name__ == "__main__":
    main()
