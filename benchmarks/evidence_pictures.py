"""The pictures of docs/evidence.md: dots are logged losses, lines forecasts, shades their 90 % bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from benchmarks import forecast_gpt
from benchmarks.forecast import SIZES
from benchmarks.forecast_data import sets
from benchmarks.gpt_runs import STABLE, read_runs
from benchmarks.make_prior import make
from lehr.forecast import Law, Run, fit
from lehr.plot import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "constant": "#0072B2", "cosine": "#D55E00", "linear": "#56B4E9", "cooldown": "#009E73", "cooldown, half": "#56B4E9",
    "drop": "#CC79A7",
}  # fmt: skip
"""A colour for each kind of schedule, the same in every picture."""
WIDE = (7.2, 3.3)
DOTS = 24


def panels(size: tuple[float, float], titles: tuple[str, str], sharey: bool = False) -> list[Axes]:
    """Two Axes side by side, in the look of lehr.plot."""
    with rc_context(STYLE):
        axes = list(Figure(figsize=size).subplots(1, 2, sharey=sharey))
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, fontsize=9, loc="left")
        ax.set_xlabel("Updates")
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes[0].set_ylabel("Validation loss (nats)")
    return axes


def curve(ax: Axes, law: Law, run: Run, kind: str, label: str, after: float, fitted: bool = False) -> None:
    """A forecast and the losses it is to be compared with; of a fitted run, the losses alone, as rings."""
    colour, seen = COLOURS[kind], run.at > after
    at, loss = run.at[seen], run.loss[seen]
    shown = np.unique(np.linspace(0, len(at) - 1, DOTS).astype(int))
    face = "none" if fitted else colour
    ax.plot(at[shown], loss[shown], "o", color=colour, markersize=3, markerfacecolor=face, markeredgewidth=0.7)
    if not fitted:
        law.predict(run.schedule, at).plot(ax, color=colour, linestyle="-", linewidth=1)
    ax.plot([], [], "o-", color=colour, markersize=3, markerfacecolor=face, label=label, linewidth=0 if fitted else 1)


def legend(ax: Axes, where: str = "upper right") -> None:
    ax.set(xlabel="Updates", ylabel="" if ax.get_subplotspec().colspan.start else "Validation loss (nats)")
    ax.legend(frameon=False, fontsize=7.5, loc=where, handlelength=1.5)


def sizes() -> Axes:
    """One run, and from it the others of its size, which the prior has not seen."""
    axes = panels(WIDE, tuple(f"{name}, from the cosine run alone" for name in SIZES))  # type: ignore[arg-type]
    for ax, name in zip(axes, SIZES, strict=True):
        runs = sets()[name]
        law = fit(runs["cosine_24000"], prior=make("kww", [name]))
        curve(ax, law, runs["cosine_24000"], "cosine", "cosine: the run fitted", 5000, fitted=True)
        curve(ax, law, runs["constant_24000"], "constant", "constant", 5000)
        curve(ax, law, runs["wsd_20000_24000"], "cooldown", "constant, then cooldown", 5000)
        curve(ax, law, runs["wsdcon_9"], "drop", "constant, then 30 % of it", 5000)
        legend(ax)
    return axes[0]


def blind() -> Axes:
    """What one cannot know: a cooldown from a stable run alone; another peak."""
    axes = panels(WIDE, ("100M, from the stable run alone", "124M, from two runs at another peak"))
    runs, ax = sets()["100M"], axes[0]
    law = fit(runs["constant_24000"], prior=make("kww", ["mpl"]))
    curve(ax, law, runs["constant_24000"], "constant", "constant: the run fitted", 5000, fitted=True)
    curve(ax, law, runs["wsd_20000_24000"], "cooldown", "constant, then cooldown", 5000)
    curve(ax, law, runs["wsdcon_9"], "drop", "constant, then 30 % of it", 5000)
    legend(ax)
    return axes[0]


def gpt() -> Axes:
    """Our own runs, two seeds, from one run and from a stable run with a branch."""
    names = ("the cosine run", "the stable run and a branch of 500 updates")
    axes = panels(WIDE, tuple(f"From {name}" for name in names), sharey=True)  # type: ignore[arg-type]
    seeds = [read_runs(seed) for seed in (0, 1)]
    shown = {
        STABLE: ("constant", "constant"),
        forecast_gpt.COSINE: ("cosine", "cosine"),
        "wsd(2k, 100, 8e-3, decay_steps=400, decay_shape=1-sqrt)": ("cooldown", "cooldown"),
    }
    for ax, name in zip(axes, names, strict=True):
        law = forecast_gpt.fitted(name)
        for schedule, (kind, label) in shown.items():
            for seed in seeds:
                curve(ax, law, seed[schedule].until(2000), kind, label if seed is seeds[0] else "", 300)
        legend(ax)
    return axes[0]


PICTURES: Mapping[str, Callable[[], Axes]] = {"sizes": sizes, "blind": blind, "gpt": gpt}
