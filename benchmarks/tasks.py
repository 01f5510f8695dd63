"""What is forecast from what: each task leaves what it forecasts out of the prior."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.curves import NO_LAW, setups
from lehr.forecast import Run

TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")
"""What the multi-power-law paper fits on; it tests on the other six."""
AFTER = 5000
"""Update from which the 124M runs' errors count."""
KNOWN = 0.6
"""Share of a run of algoperf that is fitted."""


@dataclass(frozen=True)
class Task:
    """Runs to fit and runs to forecast.

    Attributes:
        name: What is known, and of which setup.
        setup: The setup.
        laboratory: Its laboratory.
        fitted: The runs that are known.
        others: The runs that are forecast.
        after: Losses until this update do not count.
    """

    name: str
    setup: str
    laboratory: str
    fitted: tuple[Run, ...]
    others: tuple[Run, ...]
    after: float = 0


def task(name: str, setup: str, fitted: Sequence[Run], others: Sequence[Run], after: float = 0) -> Task:
    """A task of a setup."""
    return Task(name, setup, setups()[setup].laboratory, tuple(fitted), tuple(others), after)


def of_multi_power_law() -> Iterator[Task]:
    for size in ("25M", "100M"):
        runs = setups()[size].runs
        for name, known in (
            ("three runs", TRAIN), ("one cosine", TRAIN[:1]), ("a constant run", ("constant_72000",)),
        ):  # fmt: skip
            others = [run for n, run in runs.items() if n not in known and not (known[0] == "constant_72000" == n)]
            if len(known) == 1 and known[0].startswith("constant"):
                others = [run for n, run in runs.items() if not n.startswith("constant")]
            yield task(name, size, [runs[n] for n in known], others)


def of_cooldowns() -> Iterator[Task]:
    for peak, label in ((5e-4, "0.0005"), (1e-3, "0.001")):
        runs = setups()["124M"].at(peak)
        stable, cooldown = runs[f"lr{label}_stable_50000"], runs[f"lr{label}_cooldown-0.2-linear_15000"]
        rest = [run for run in runs.values() if run is not cooldown]
        yield task(
            f"a constant run and a cooldown, peak {label}", "124M", [stable.until(25_000), cooldown], rest, AFTER
        )
        yield task(f"a constant run, peak {label}", "124M", [stable], [r for r in rest if r is not stable], AFTER)
        cosine = next(run for name, run in runs.items() if "cosine" in name)
        yield task(f"one cosine, peak {label}", "124M", [cosine], [r for r in runs.values() if r is not cosine], AFTER)


def _low_and_high(size: str) -> tuple[list[Run], list[Run]]:
    runs = setups()[size].runs.values()
    low = min(run.peak for run in runs)
    return [r for r in runs if r.peak == low], [r for r in runs if r.peak != low]


def of_sizes() -> Iterator[Task]:
    for size in ("53M", "60M", "93M", "360M"):
        low, high = _low_and_high(size)
        constant = next(run for run in low if "cooldown" not in run.name)
        short, long = sorted((run for run in low if run is not constant), key=lambda run: run.updates)
        yield task("a constant run and a cooldown", size, [constant, short], [long])
        yield task("a constant run", size, [constant], [short, long])
        yield task("one cosine", size, high[:1], high[1:])


def of_peaks() -> Iterator[Task]:
    """From one peak to another, and from both to both's other runs."""
    low, high = setups()["124M"].at(5e-4), setups()["124M"].at(1e-3)
    known = {
        peak: [runs[f"lr{peak}_stable_50000"].until(25_000), runs[f"lr{peak}_cooldown-0.2-linear_15000"]]
        for peak, runs in (("0.0005", low), ("0.001", high))
    }
    yield task("peak 5e-4 to 1e-3", "124M", known["0.0005"], list(high.values()), AFTER)
    yield task("peak 1e-3 to 5e-4", "124M", known["0.001"], list(low.values()), AFTER)
    for size in ("53M", "60M", "93M", "360M"):
        low_runs, high_runs = _low_and_high(size)
        yield task("to twice the peak", size, low_runs, high_runs)
        yield task("to half the peak", size, high_runs, low_runs)


def of_nanogpt() -> Iterator[Task]:
    """From the stable part of a run to its end."""
    for name, setup in setups().items():
        if setup.laboratory == "nanogpt":
            [run] = setup.runs.values()
            stable = int((run.rates >= 0.999 * run.peak).nonzero()[0][-1]) + 1
            if (run.at <= stable).sum() > 8:
                yield task("the stable part", name, [run.until(stable)], [run], run.updates - 1)


def of_algoperf() -> Iterator[Task]:
    """From the first part of a run to its end."""
    for name, setup in setups().items():
        if setup.laboratory not in ("multi-power-law", "cooldowns", "nanogpt") and name not in NO_LAW:
            [run] = setup.runs.values()
            yield task(f"the first {KNOWN:.0%}", name, [run.until(int(KNOWN * run.updates))], [run], run.updates - 1)
