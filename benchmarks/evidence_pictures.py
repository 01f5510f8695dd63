"""The pictures of docs/evidence.md: dots are logged losses, lines forecasts, shades their 90 % bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from benchmarks import forecast_gpt
from benchmarks.forecast import PEAKS, SIZES, task
from benchmarks.forecast_data import LABS, sets
from benchmarks.forecast_gpt import COOLDOWN, COSINE, STEP
from benchmarks.gpt_runs import STABLE, read_runs
from benchmarks.make_prior import make
from lehr.forecast import Law, Run, fit
from lehr.plot import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "constant": "#0072B2", "cosine": "#D55E00", "cooldown": "#009E73", "drop": "#CC79A7",
}  # fmt: skip
"""A colour for each kind of schedule, the same in every picture."""
DOTS = 24


def panels(one: str, other: str, sharey: bool = False) -> tuple[Axes, Axes]:
    """Two Axes side by side under their titles, in the look of lehr.plot."""
    with rc_context(STYLE):
        left, right = Figure(figsize=(7.2, 3.3), dpi=160).subplots(1, 2, sharey=sharey)
    for ax, title in ((left, one), (right, other)):
        ax.set_title(title, fontsize=9, loc="left")
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    return left, right


def curve(ax: Axes, law: Law, kind: str, label: str, after: float, *runs: Run) -> None:
    """A forecast, and the losses of the runs of that schedule."""
    seen = runs[0].at > after
    law.predict(runs[0].schedule, runs[0].at[seen]).plot(ax, color=COLOURS[kind], linestyle="-", linewidth=1)
    for run in runs:
        dots(ax, run, kind, after)
    ax.plot([], [], "o-", color=COLOURS[kind], markersize=3, label=label, linewidth=1)


def dots(ax: Axes, run: Run, kind: str, after: float, ring: str = "") -> None:
    """The losses of a run; as rings, with that label, of one that was fitted."""
    at, loss = run.at[run.at > after], run.loss[run.at > after]
    shown = np.unique(np.linspace(0, len(at) - 1, DOTS).astype(int))
    face = "none" if ring else COLOURS[kind]
    ax.plot(
        at[shown], loss[shown], "o", color=COLOURS[kind], markersize=3, markerfacecolor=face, markeredgewidth=0.7,
        label=ring or None,
    )  # fmt: skip


def legend(ax: Axes) -> None:
    """Name the axes and the lines."""
    ax.set(xlabel="Updates", ylabel="Validation loss (nats)")
    ax.legend(frameon=False, fontsize=7.5, loc="upper right", handlelength=1.5)


def sizes() -> Axes:
    """One run, and from it the others of its size, which the prior has not seen."""
    left, right = panels("25M, from the cosine run alone", "100M, from the cosine run alone")
    for ax, name in ((left, SIZES[0]), (right, SIZES[1])):
        runs = sets()[name]
        law = fit(runs["cosine_24000"], prior=make("kww", [name]))
        dots(ax, runs["cosine_24000"], "cosine", 5000, ring="cosine: the run fitted")
        curve(ax, law, "constant", "constant", 5000, runs["constant_24000"])
        curve(ax, law, "cooldown", "constant, then cooldown", 5000, runs["wsd_20000_24000"])
        curve(ax, law, "drop", "constant, then 30 % of it", 5000, runs["wsdcon_9"])
        legend(ax)
    return left


def blind() -> Axes:
    """What one cannot know: a cooldown from a stable run alone; another peak."""
    left, right = panels("100M, from the stable run alone", "124M at 1e-3, from two runs at 5e-4")
    runs = sets()["100M"]
    law = fit(runs["constant_24000"], prior=make("kww", [LABS["100M"]]))
    dots(left, runs["constant_24000"], "constant", 5000, ring="constant: the run fitted")
    curve(left, law, "cooldown", "constant, then cooldown", 5000, runs["wsd_20000_24000"])
    curve(left, law, "drop", "constant, then 30 % of it", 5000, runs["wsdcon_9"])
    there, here = PEAKS
    law, runs = fit(task(there)[0], prior=make("kww", [LABS[there]])), sets()[here]
    curve(right, law, "constant", "constant", 5000, runs["stable_50000"])
    curve(right, law, "cosine", "cosine", 5000, runs["cosine-to-0.1_50000"])
    curve(right, law, "cooldown", "constant, then cooldown", 5000, runs["cooldown-0.2-linear_50000"])
    legend(left)
    legend(right)
    return left


def gpt() -> Axes:
    """Our own runs, two seeds, from one run and from a stable run with a branch."""
    left, right = panels("From the cosine run alone", "From the stable run and a branch", sharey=True)
    one, other = read_runs(0), read_runs(1)

    def runs(schedule: str) -> tuple[Run, Run]:
        return one[schedule].until(2000), other[schedule].until(2000)

    law = forecast_gpt.fitted("the cosine run")
    dots(left, one[COSINE], "cosine", 300, ring="cosine: the run fitted")
    curve(left, law, "constant", "constant", 300, *runs(STABLE))
    curve(left, law, "cooldown", "constant, then cooldown", 300, *runs(COOLDOWN))
    law = forecast_gpt.fitted("the stable run and a branch at 30 %")
    dots(right, one[STABLE].until(2000), "constant", 300, ring="constant: fitted")
    dots(right, one[STEP].until(1500), "drop", 1000, ring="30 % of it: fitted")
    curve(right, law, "cosine", "cosine", 300, *runs(COSINE))
    curve(right, law, "cooldown", "constant, then cooldown", 300, *runs(COOLDOWN))
    legend(left)
    legend(right)
    return left


PICTURES: Mapping[str, Callable[[], Axes]] = {"forecast_sizes": sizes, "forecast_blind": blind, "forecast_gpt": gpt}
"""Each by the name of its file."""
