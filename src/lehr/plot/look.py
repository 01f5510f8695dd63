"""The look of all pictures: how one is started, given a legend and written."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

from ..files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The colours of Okabe & Ito, which colour-blind readers tell apart; the dashes do so in print without colour.
_LINES = cycler(
    color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"],
    linestyle=["-", (0, (6, 1.5)), (0, (4, 1.5, 1, 1.5)), (0, (1, 1)), (0, (8, 2, 2, 2)), (0, (3, 1)), (0, (5, 5))],
)
STYLE: Any = {  # to mypy, a dict of the literal names of all settings
    "figure.figsize": (5.0, 2.9),
    "figure.dpi": 200,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 9,
    "axes.prop_cycle": _LINES,
    "axes.linewidth": 0.6,
    "axes.xmargin": 0.015,  # without a margin the axis would hide a short warmup
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "ytick.minor.width": 0.4,
}
"""The look of these pictures, for pictures beside them: ``with matplotlib.rc_context(STYLE):``."""
MARKS = "0.35"
"""The colour of marks, and of the words that explain a picture."""
_HANDLE = 2.6
"""Length of a line in a legend, in its letters."""


def new_axes() -> Axes:
    """The Axes of a new figure in lehr's look, outside pyplot."""
    with mpl.rc_context(STYLE):
        return Figure().subplots()


def current_axes() -> Axes:
    """Pyplot's current Axes where pyplot is in use: it is imported, or somebody types (a notebook, a prompt).

    Elsewhere, `new_axes`, which nobody has to close. A new figure has lehr's look.
    """
    if "matplotlib.pyplot" not in sys.modules and not hasattr(sys, "ps1"):
        return new_axes()
    pyplot = import_module("matplotlib.pyplot")  # not at the top, where it would count as in use
    with mpl.rc_context({} if pyplot.get_fignums() else STYLE):
        axes: Axes = pyplot.gca()
    return axes


def add_legend(ax: Axes) -> None:
    """Name the lines of ``ax``, above the axes, where a legend covers none of them, in as many columns as fit."""
    names = [str(line.get_label()) for line in ax.get_lines()]
    points = ax.get_window_extent().width / ax.figure.dpi * 72
    fitting = int(points / (small(ax) * (0.6 * max(map(len, names)) + _HANDLE + 2)))
    ax.legend(
        frameon=False, fontsize=small(ax), handlelength=_HANDLE, loc="lower left", bbox_to_anchor=(0, 1),
        borderaxespad=0.3, ncols=max(1, min(fitting, len(names))), columnspacing=1.5,
    )  # fmt: skip


def save(ax: Axes, path: str | os.PathLike[str]) -> None:
    """Write the picture that an Axes belongs to, whole or not at all.

    The suffix of ``path`` is the format: .png, .svg, .pdf or another that matplotlib writes.

    Raises:
        ValueError: The path has no suffix, or matplotlib does not write this format.
        OSError: The file cannot be written.
    """
    suffix = Path(path).suffix
    if not suffix:
        raise ValueError(f"a picture's file ends in .png, .svg or .pdf, got {str(path)!r}")
    picture = BytesIO()  # drawn before the file is touched, so that a killed process leaves nothing
    ax.figure.canvas.print_figure(picture, format=suffix[1:])
    with whole_file(path) as file:
        file.write(picture.getvalue())


def small(ax: Axes) -> float:
    """The size of secondary words, in points."""
    return 0.85 * float(ax.xaxis.label.get_fontsize())
