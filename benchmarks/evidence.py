"""Writes the tables and draws the pictures of docs/evidence.md, in their places.

python -m benchmarks.evidence              # all of them; some ten minutes
python -m benchmarks.evidence laws kinds   # only those
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

import lehr
from benchmarks import evidence_pictures, forecast_gpt, table, tasks
from benchmarks.curves import NO_LAW, available, directory, optimizers
from benchmarks.forecast import Score, What, all_of, by_laboratory, goals, joined
from benchmarks.table import markdown
from benchmarks.tasks import Task
from lehr.forecast.laws import LAWS

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, IMAGES = DOCS / "evidence.md", DOCS / "images"


def _with(name: str, found: Iterable[Task]) -> list[Task]:
    return [task for task in found if task.name.startswith(name)]


def expect() -> str:
    """The last losses by what was fitted and what is forecast, laboratory left out: the table for users."""
    paper = [task for size in ("25M", "100M") for task in tasks.of_multi_power_law(size)]
    asked: list[tuple[str, str, Iterable[Task]]] = [
        ("two or three runs, one of which lowers its rate", "other schedules, same peak",
         [*_with("three runs", paper), *tasks.two_runs(), *tasks.of_sizes()]),
        ("one cosine", "other schedules and lengths, same peak", [*_with("one cosine", paper), *tasks.one_cosine()]),
        ("a constant run alone", "its cooldowns", tasks.of_stable()),
        ("runs at one peak", "the same at half or twice the peak", tasks.of_two_peaks()),
        ("60 % of a run that decays, other than of a language model", "its end", tasks.of_algoperf()),
    ]  # fmt: skip
    rows = [(known, asked_for, *_summary(all_of(found, "laboratory"))) for known, asked_for, found in asked]
    gpt = forecast_gpt.outcomes("the cosine run")
    errors, halves = np.abs([o.error for o in gpt]), [(o.high - o.low) / 2 / o.forecast for o in gpt]
    held = f"{sum(o.held for o in gpt)} of {2 * len(gpt)}"
    rows.append(
        ("one cosine of a very small model", "other schedules, lengths and peaks", *_cells(errors, halves, held))
    )
    return markdown(HEAD, rows, numbers=HEAD[2:])


HEAD = ("you fit", "you forecast", "median error", "largest", "median band", "in the band")


def _summary(found: Score) -> tuple[str, ...]:
    return _cells(np.abs(found.final), found.final_half, f"{int(found.final_held.sum())} of {len(found.final)}")


def _cells(errors: object, halves: object, held: str) -> tuple[str, ...]:
    error, half = np.asarray(errors, dtype=float), np.asarray(halves, dtype=float)
    return (f"{_percent(np.median(error))} %", f"{_percent(error.max())} %", f"± {_percent(np.median(half))} %", held)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}" if share < 0.005 else f"{100 * share:.1f}"


def kinds() -> str:
    """The last losses by kind of task and optimizer."""
    rows = []
    groups: dict[str, list[Task]] = {}
    for task in tasks.of_nanogpt():
        groups.setdefault(optimizers()[task.setup], []).append(task)
    for name, found in groups.items():
        rows.append(
            (f"language models, {name}", "a constant run, to its cooldown", *_summary(all_of(found, "laboratory")))
        )
    workloads: dict[str, list[Task]] = {}
    for task in tasks.of_algoperf():
        workloads.setdefault(task.model, []).append(task)
    for name, found in workloads.items():
        rows.append((WORKLOADS[name], "60 % of a run, to its end", *_summary(all_of(found, "model"))))
    head = ("kind", "from", *HEAD[2:])
    return markdown(head, rows, numbers=HEAD[2:])


WORKLOADS = {
    "wmt": "translation (WMT)", "imagenet_vit": "images (ViT)", "imagenet_resnet": "images (ResNet)",
    "fastmri": "MRI (U-Net)", "librispeech_conformer": "speech (Conformer)",
    "librispeech_deepspeech": "speech (DeepSpeech)", "ogbg": "graphs (GNN)", "criteo1tb": "clicks (DLRM)",
}  # fmt: skip


def no_law() -> str:
    """The runs that no law of the schedule can describe."""
    return markdown(("run", "why"), [(f"`{name}`", why) for name, why in NO_LAW.items()])


def laws() -> str:
    """The three laws side by side."""
    paper = {size: list(tasks.of_multi_power_law(size)) for size in ("25M", "100M")}
    asked: list[tuple[str, list[Task], What]] = [
        (f"{size}, {name}, size left out", _with(name, found), "model")
        for name in ("three runs", "one cosine")
        for size, found in paper.items()
    ]
    asked += [(f"124M, {task.name}, laboratory left out", [task], "laboratory") for task in tasks.two_runs()]
    rows = [
        (words, *(f"{all_of(found, what, law).pred_e / 100:.2f} %" for law in LAWS)) for words, found, what in asked
    ]
    scores = {law: by_laboratory(law) for law in LAWS}
    for name in scores["kww"]:
        rows.append(
            (f"score of the bands, {name}", *(f"{found[name].surprise.mean():.2f}" for found in scores.values()))
        )
    return markdown(("", *LAWS), rows, numbers=tuple(LAWS))


def bands() -> str:
    """How many losses the bands hold, each laboratory left out."""
    scores = by_laboratory()
    rows: list[tuple[str, ...]]
    head = ("left out", "curves", "losses in the band", "last losses", "half-width over error")
    rows = [
        (name, str(len(s.final)), f"{s.covered.mean():.2f}", f"{s.final_held.mean():.2f}", f"{s.sharpness:.1f}")
        for name, s in scores.items()
    ]
    mean = [np.mean([getattr(s, field).mean() for s in scores.values()]) for field in ("covered", "final_held")]
    every = joined(scores.values())
    rows.append(
        ("mean of laboratories", str(len(every.final)), *(f"{value:.2f}" for value in mean),
         f"{np.mean([s.sharpness for s in scores.values()]):.1f}")
    )  # fmt: skip
    return markdown(head, rows, numbers=head[1:])


TABLES: dict[str, Callable[[], str]] = {
    "expect": expect,
    "kinds": kinds,
    "bands": bands,
    "no-law": no_law,
    "laws": laws,
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
