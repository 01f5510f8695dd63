"""What is forecast from what. The prior of a task has not seen its setup, or its laboratory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.curves import KINDS, NO_LAW, setups
from lehr.forecast import Run

TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")
"""What the multi-power-law paper fits on; it tests on the other six."""
SMALL = ("53M", "60M", "93M", "360M")
"""The sizes that have one constant run and two cooldowns at one peak, and cosines at twice that peak."""
AFTER = 5000
"""Update from which the errors of the 124M runs count."""
KNOWN = 0.6
"""Share of a run of algoperf that is fitted."""
DRAWS = 8


@dataclass(frozen=True)
class Task:
    """Runs to fit and runs to forecast.

    Attributes:
        name: What is known.
        setup: Of which setup.
        laboratory: Its laboratory.
        model: Its model, or workload.
        fitted: The runs that are known.
        others: The runs that are forecast.
        after: Losses until this update do not count.
    """

    name: str
    setup: str
    laboratory: str
    model: str
    fitted: tuple[Run, ...]
    others: tuple[Run, ...]
    after: float = 0


def _task(name: str, setup: str, fitted: Sequence[Run], others: Sequence[Run], after: float = 0) -> Task:
    return Task(name, setup, setups()[setup].laboratory, setups()[setup].model, tuple(fitted), tuple(others), after)


def of_multi_power_law(size: str) -> Iterator[Task]:
    """From the paper's three runs, from one cosine, from a constant run, to the others."""
    runs = setups()[size].runs
    for name, known in (("three runs", TRAIN), ("one cosine", TRAIN[:1])):
        yield _task(name, size, [runs[n] for n in known], [run for n, run in runs.items() if n not in known])
    cooled = [run for n, run in runs.items() if not n.startswith("constant")]
    yield _task("a constant run", size, [runs["constant_72000"]], cooled)


def _of_124m(peak: float) -> dict[str, Run]:
    return {name.split("_", 1)[1]: run for name, run in setups()["124M"].at(peak).items()}


PEAKS = (5e-4, 1e-3)
"""Of the 124M runs."""
COOLDOWN = "cooldown-0.2-linear_15000"


def two_runs() -> Iterator[Task]:
    """From the first half of the constant run and one cooldown to all others, at each peak."""
    for peak in PEAKS:
        runs = _of_124m(peak)
        rest = [run for name, run in runs.items() if name != COOLDOWN]
        known = [runs["stable_50000"].until(25_000), runs[COOLDOWN]]
        yield _task(f"a constant run and a cooldown, peak {peak:g}", "124M", known, rest, AFTER)


def of_124m() -> Iterator[Task]:
    """From the whole constant run, from one cosine, and from runs drawn at random, at each peak."""
    for peak in PEAKS:
        runs = _of_124m(peak)
        for name in ("stable_50000", next(name for name in runs if name.startswith("cosine"))):
            rest = [run for n, run in runs.items() if n != name]
            yield _task(f"{name.split('_')[0]}, peak {peak:g}", "124M", [runs[name]], rest, AFTER)
        yield from drawn("124M", list(runs.values()), AFTER)


def drawn(setup: str, runs: Sequence[Run], after: float = 0) -> Iterator[Task]:
    """From one to three runs drawn at random to the others."""
    random = np.random.default_rng(1)
    for draw in range(DRAWS):
        chosen = set(random.choice(len(runs), 1 + draw % 3, replace=False))
        known = [runs[i] for i in sorted(chosen)]
        yield _task(f"draw {draw}", setup, known, [r for i, r in enumerate(runs) if i not in chosen], after)


def _peaks_of(size: str) -> tuple[list[Run], list[Run]]:
    runs = setups()[size].runs.values()
    low = min(run.peak for run in runs)
    return [r for r in runs if r.peak == low], [r for r in runs if r.peak != low]


def _constant_and_cooldowns(size: str) -> tuple[Run, Run, Run]:
    low, _ = _peaks_of(size)
    constant = next(run for run in low if "cooldown" not in run.name)
    short, long = sorted((run for run in low if run is not constant), key=lambda run: run.updates)
    return constant, short, long


def of_sizes() -> Iterator[Task]:
    """From the constant run and the shorter cooldown to the longer one."""
    for size in SMALL:
        constant, short, long = _constant_and_cooldowns(size)
        yield _task("a constant run and a cooldown", size, [constant, short], [long])


def one_cosine() -> Iterator[Task]:
    """From the shortest cosine to the longer ones."""
    for size in SMALL:
        cosines = sorted(_peaks_of(size)[1], key=lambda run: run.updates)
        yield _task("one cosine", size, cosines[:1], cosines[1:])


def of_two_peaks() -> Iterator[Task]:
    """From the runs at one peak to those at the other."""
    low, high = map(_of_124m, PEAKS)
    for known, asked, name in ((low, high, "twice the peak"), (high, low, "half the peak")):
        runs = [known["stable_50000"].until(25_000), known[COOLDOWN]]
        yield _task(name, "124M", runs, list(asked.values()), AFTER)
    for size in SMALL:
        runs_low, runs_high = _peaks_of(size)
        yield _task("twice the peak", size, runs_low, runs_high)
        yield _task("half the peak", size, runs_high, runs_low)


def of_stable() -> Iterator[Task]:
    """From a constant run alone to runs that are cooled down."""
    for size in ("25M", "100M"):
        yield list(of_multi_power_law(size))[2]
    for peak in PEAKS:
        runs = _of_124m(peak)
        cooled = [run for name, run in runs.items() if not name.startswith("stable")]
        yield _task(f"a constant run, peak {peak:g}", "124M", [runs["stable_50000"].until(25_000)], cooled, AFTER)
    for size in SMALL:
        constant, short, long = _constant_and_cooldowns(size)
        yield _task("a constant run", size, [constant], [short, long])
    yield from of_nanogpt()


def of_nanogpt() -> Iterator[Task]:
    """From the stable part of a run to its end."""
    for name, setup in setups().items():
        if setup.laboratory == "nanogpt":
            [run] = setup.runs.values()
            stable = int((run.rates >= 0.999 * run.peak).nonzero()[0][-1]) + 1
            if (run.at <= stable).sum() > FEWEST:
                yield _task("a constant run", name, [run.until(stable)], [run], stable)


FEWEST = 8  # losses of a stable part that is fitted


def of_algoperf() -> Iterator[Task]:
    """From the first part of a run to its end."""
    for name, setup in setups().items():
        if setup.laboratory in KINDS.values() and name not in NO_LAW:
            [run] = setup.runs.values()
            yield _task(
                f"the first {KNOWN:.0%}", name, [run.until(int(KNOWN * run.updates))], [run], KNOWN * run.updates
            )


def every() -> Iterator[Task]:
    """All tasks on which bands are calibrated."""
    for size in ("25M", "100M"):
        yield from of_multi_power_law(size)
        yield from drawn(size, list(setups()[size].runs.values()))
    for of_some in (two_runs, of_124m, of_sizes, one_cosine, of_two_peaks, of_nanogpt, of_algoperf):
        yield from of_some()
