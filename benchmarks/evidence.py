"""Writes the tables and draws the pictures of docs/evidence.md, in their places.

python -m benchmarks.evidence              # all of them; minutes
python -m benchmarks.evidence laws blind   # only those
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

import lehr
from benchmarks import evidence_pictures, forecast_gpt, table
from benchmarks.forecast import AFTER, PEAKS, SIZES, Score, any_runs, costs, figures, left_out, task
from benchmarks.forecast_data import LABS, WARMUP, available, directory, sets, until
from benchmarks.make_prior import make
from benchmarks.table import markdown
from lehr.forecast import Law, Run, fit
from lehr.forecast.laws import LAWS

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, IMAGES = DOCS / "evidence.md", DOCS / "images"


@dataclass(frozen=True)
class Final:
    """The forecast of a run's last loss: its error, the half-width of its band, and whether that held the loss."""

    name: str
    error: float
    half_width: float
    held: bool


def finals(law: Law, runs: Iterable[Run]) -> list[Final]:
    """How the last losses of runs were forecast."""
    found = []
    for run in runs:
        last, loss = law.predict(run.schedule, [run.updates]), float(run.loss[-1])
        low, high = float(last.low[0]), float(last.high[0])
        found.append(Final(run.name, float(last.loss[0]) / loss - 1, (high / low - 1) / 2, low <= loss <= high))
    return found


@cache
def unseen(name: str) -> list[Final]:
    """The last losses of a set, whose laboratory the prior has not seen, as its usual runs forecast them."""
    return _unseen(name, *task(name))


def _unseen(name: str, train: list[Run], test: list[Run]) -> list[Final]:
    return finals(fit(train, prior=make("kww", [LABS[name]])), test)


def _stable_and_branch(name: str) -> tuple[list[Run], list[Run]]:
    """The stable run and a branch at a lower rate, and the runs that are cooled down."""
    runs, known = sets()[name], ("constant_24000", "wsdcon_9")
    return [runs[n] for n in known], [run for n, run in runs.items() if n not in (*known, "constant_72000")]


def _stable(name: str) -> tuple[list[Run], list[Run]]:
    """The first half of the stable run, and the runs that are cooled down."""
    runs = sets()[name]
    return [until(runs["stable_50000"], 25_000)], [run for n, run in runs.items() if not n.startswith("stable")]


def expect() -> str:
    """The last losses of all sets, by what was fitted and what is forecast: the table for users."""
    usual = [final for name in LABS for final in unseen(name)]
    other_peak = [
        final
        for name, other in (PEAKS, PEAKS[::-1])
        for final in _unseen(name, task(name)[0], list(sets()[other].values()))
    ]
    branched = [final for name in SIZES for final in _unseen(name, *_stable_and_branch(name))]
    alone = [
        final
        for name in LABS
        for known, cooled in [_stable_and_branch(name) if name in SIZES else _stable(name)]
        for final in _unseen(name, known[:1], cooled)
    ]
    gpt = [
        Final(o.schedule, o.error, (o.high / o.low - 1) / 2, o.low <= loss <= o.high)
        for o in forecast_gpt.outcomes("the cosine run")
        for loss in o.losses
    ]
    rows = [
        ("two or three runs, one of which lowers its rate", "other schedules, same peak", *_summary(usual)),
        ("the same", "other schedules, half or twice the peak", *_summary(other_peak)),
        ("a constant-rate run and a short branch", "schedules that decay, same peak", *_summary(branched)),
        ("a constant-rate run alone", "schedules that decay, same peak", *_summary(alone)),
        ("one run, unlike those behind the prior", "other schedules", *_summary(gpt)),
    ]
    return markdown(("you fit", "you forecast", "median error", "largest", "median band", "in the band"), rows)


def laws() -> str:
    """The three laws side by side."""
    asked = [
        *((f"{name} from three runs, size left out", partial(left_out, name, "size")) for name in SIZES),
        *((f"{name} from one run, size left out", partial(left_out, name, "size", one=True)) for name in SIZES),
        *((f"{name} from three runs, laboratory left out", partial(left_out, name, "lab")) for name in SIZES),
        *(
            (f"{name} from two runs, laboratory left out", partial(left_out, name, "lab", after=AFTER))
            for name in PEAKS
        ),
    ]
    rows = [(words, *(_errors(measure(law=law)) for law in LAWS)) for words, measure in asked]
    held = ("last losses within their 90 % bands, laboratory left out", *map(_held, LAWS))
    floor = ("two runs of one schedule, 25M / 100M", " / ".join(map(_apart, SIZES)) + " %", "", "")
    return markdown(("", *LAWS), [*rows, floor, held])


def _errors(score: Score) -> str:
    return f"{score.pred_e / 100:.2f} / {score.worst_e / 100:.2f} %"


def _apart(name: str) -> str:
    """How far two runs of one schedule are apart: the floor of any forecast."""
    one, other = sets()[name]["constant_24000"], sets()[name]["constant_72000"]
    at = one.at[one.at > WARMUP]
    return f"{100 * np.abs(np.interp(at, one.at, one.loss) / np.interp(at, other.at, other.loss) - 1).mean():.2f}"


def _held(law: str) -> str:
    scores = [any_runs(name, "lab", law) for name in LABS]
    held, half = (np.concatenate([getattr(score, field) for score in scores]) for field in ("final", "half_width"))
    return f"{100 * held.mean():.0f} % (± {100 * np.median(half):.1f} %)"


def kinds() -> str:
    """The last losses of the 124M runs, by schedule."""
    rows: dict[str, list[str]] = {}
    for name in PEAKS:
        found: dict[str, list[Final]] = {}
        for final in unseen(name):
            found.setdefault(final.name.rpartition("_")[0], []).append(final)
        for kind, group in found.items():
            errors = [100 * final.error for final in group]
            cells = rows.setdefault(kind, [kind])
            cells += [
                f"{np.mean(errors):+.2f} %",
                f"{max(errors, key=abs):+.2f} %",
                f"{sum(f.held for f in group)} of {len(group)}",
            ]
    head = ("schedule", "5e-4: mean error", "worst", "in the band", "1e-3: mean error", "worst", "in the band")
    return markdown(head, list(rows.values()))


def blind() -> str:
    """What the fitted runs say little about."""
    rows = []
    for name in SIZES:
        known, cooled = _stable_and_branch(name)
        rows.append(_row(f"{name}: the stable run", "all cooled down", name, known[:1], cooled))
        rows.append(_row(f"{name}: the stable run and a branch", "all cooled down", name, known, cooled))
    for name in PEAKS:
        rows.append(_row(f"{name}: the stable run", "all cooled down", name, *_stable(name)))
    for name, other in (PEAKS, PEAKS[::-1]):
        rows.append(_row(f"{name}: two runs", f"all of {other}", name, task(name)[0], list(sets()[other].values())))
    return markdown(("fitted", "forecast", "median error", "largest", "median band", "in the band"), rows)


def _row(fitted: str, forecast: str, name: str, train: list[Run], test: list[Run]) -> tuple[str, ...]:
    return fitted, forecast, *_summary(_unseen(name, train, test))


def _summary(found: list[Final]) -> tuple[str, ...]:
    """Median error, largest error, half-width of the median band, and how many losses the bands held."""
    errors = np.abs([final.error for final in found])
    half = np.median([final.half_width for final in found])
    return (
        f"{100 * np.median(errors):.1f} %",
        f"{100 * errors.max():.1f} %",
        f"± {100 * half:.1f} %",
        f"{sum(final.held for final in found)} of {len(found)}",
    )


def goals() -> str:
    """What `python -m benchmarks.forecast` prints of the default law, beside the targets."""
    return markdown(("what", "target", "measured"), [*figures("kww"), *costs()])


TABLES: dict[str, Callable[[], str]] = {
    "expect": expect,
    "laws": laws,
    "kinds": kinds,
    "blind": blind,
    "gpt-cosine": lambda: forecast_gpt.details("the cosine run"),
    "gpt-branch": lambda: forecast_gpt.details("the stable run and a branch at 30 %"),
    "gpt": forecast_gpt.summary,
    "gpt-constants": forecast_gpt.constants,
    "goals": goals,
}


def put(name: str, text: str) -> None:
    """Put a table into the page, between its marks."""
    table.put(PAGE, "benchmarks.evidence", name, text)


def main() -> None:
    pictures = evidence_pictures.PICTURES
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join([*TABLES, *pictures])}")
    names = parser.parse_args().names or [*TABLES, *pictures]
    if not available():
        raise SystemExit(f"the shared loss curves are not at {directory()}; the variable LEHR_DATA says where they are")
    for name in names:
        if name not in {**TABLES, **pictures}:
            parser.error(f"unknown table or picture {name!r}; available: {', '.join([*TABLES, *pictures])}")
    for name in names:
        if name in TABLES:
            put(name, TABLES[name]())
        else:
            lehr.plot.save(pictures[name](), IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
