"""The pictures of docs/evidence.md: dots are logged losses, lines forecasts, shades their 90 % bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

import lehr
from benchmarks import forecast_gpt, tasks
from benchmarks.curves import setups
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
    for ax, name in ((left, "25M"), (right, "100M")):
        runs = setups()[name].runs
        law = fit(runs["cosine_24000"], prior=make("kww", [name]))
        dots(ax, runs["cosine_24000"], "cosine", 5000, ring="cosine: the run fitted")
        curve(ax, law, "constant", "constant", 5000, runs["constant_24000"])
        curve(ax, law, "cooldown", "constant, then cooldown", 5000, runs["wsd_20000_24000"])
        curve(ax, law, "drop", "constant, then 30 % of it", 5000, runs["wsdcon_9"])
        legend(ax)
    return left


def peaks() -> Axes:
    """The last loss against the peak, from runs at one peak and at two."""
    left, right = panels("From runs at 5e-4", "From runs at 5e-4 and 1e-3", sharey=True)
    runs = {peak: setups()["124M"].at(peak) for peak in tasks.PEAKS}
    known = [task.fitted for task in tasks.two_runs()]
    prior = make("kww", ["cooldowns"])
    asked = np.geomspace(1.5e-4, 3e-3, 25)
    for ax, fitted in ((left, known[0]), (right, [*known[0], *known[1]])):
        law = fit(list(fitted), prior=prior)
        ends = np.array([law.predict(_cosine(peak), [LENGTH]).final for peak in asked]).T
        ax.plot(asked, ends[0], color=COLOURS["cosine"], label="forecast", linewidth=1)
        ax.fill_between(asked, ends[1], ends[2], color=COLOURS["cosine"], alpha=0.2, linewidth=0)
        for peak, of_peak in runs.items():
            loss = of_peak[f"lr{f'{peak:f}'.rstrip('0')}_cosine-to-0.1_{LENGTH}"].loss[-1]
            ax.plot([peak], [loss], "o", color="#0072B2", label="logged" if peak == tasks.PEAKS[0] else None)
        ax.set(xlabel="Peak rate", xscale="log", ylim=(2.98, 3.2))
        ax.set_xticks([2e-4, 5e-4, 1e-3, 2e-3], ["2e-4", "5e-4", "1e-3", "2e-3"])
        ax.minorticks_off()
        ax.legend(frameon=False, fontsize=7.5, loc="upper right")
    left.set_ylabel("Loss of a cosine of 25,000 updates (nats)")
    return left


LENGTH = 25_000


def _cosine(peak: float) -> lehr.Schedule:
    return lehr.cosine(LENGTH, 300, max_lr=peak, min_lr=0.1 * peak)


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


PICTURES: Mapping[str, Callable[[], Axes]] = {"forecast_sizes": sizes, "forecast_peaks": peaks, "forecast_gpt": gpt}
"""Each by the name of its file."""
