"""Pictures inside a page: SVG whose words and axes have the colour of the text around it, light or dark."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.artist import setp
from matplotlib.figure import Figure

from .look import MARKS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK = "#123456"
"""Stands for the colour of the page while matplotlib draws."""
_INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "legend.labelcolor")
_LOOK: Any = {
    **STYLE, **dict.fromkeys(_INKED, _INK), "grid.color": "0.5", "grid.linewidth": 0.2, "figure.facecolor": "none",
    "axes.facecolor": "none", "svg.hashsalt": "lehr",
}  # fmt: skip


def inline_svg(draw: Callable[[Axes], object], *, size: tuple[float, float] = (8.5, 3.4)) -> str:
    """The element ``<svg>`` of a picture.

    Args:
        draw: Draws on the Axes that it is given.
        size: Width and height, inches.

    >>> from lehr import cosine, plot
    >>> plot.inline_svg(lambda axes: plot.plot_schedule(cosine(100, max_lr=1.0), axes)).startswith("<svg")
    True
    """
    with rc_context({**_LOOK, "figure.figsize": size}):
        axes = Figure().subplots()
        draw(axes)
        for mark in (*axes.texts, axes.title, *(line for line in axes.lines if line.get_color() == MARKS)):
            setp(mark, color=_INK)
        for names in axes.child_axes:
            names.tick_params(labelcolor=_INK)
        out = StringIO()
        axes.figure.canvas.print_figure(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :].replace(_INK, "currentColor")
