"""The axis of rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..schedules.backends import Array

_FLAT = 1e-9  # as a share; matplotlib finds no height for an axis of rates that differ by less
_DECADES = 5  # that a logarithmic axis shows of a rate on its way to 0


def set_linear_rates(ax: Axes) -> None:
    ax.update_datalim([(0, 0)])
    ax.autoscale_view()
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _rate(y, scientific=ax.get_ylim()[1] < 0.02)))


def set_log_rates(ax: Axes, rates: Array) -> None:
    high = float(rates.max())
    ax.set_ylim(high / 2, high * 2)  # above 0 before the scale asks for it
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(_LogRates())
    ax.yaxis.set_minor_formatter(_LogRates())
    if not rates.all():
        ax.set_ylim(high / 10**_DECADES, 2 * high, auto=True)
    elif high < rates.min() * (1 + _FLAT):
        ax.set_ylim(high / 2, high * 2, auto=True)
    else:
        ax.autoscale(axis="y")


class _LogRates(LogFormatter):
    """Labels where matplotlib wants them on a logarithmic axis, written as people type a rate."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return _rate(x, scientific=True) if super().__call__(x, pos) else ""


def _rate(rate: float, scientific: bool) -> str:
    """A rate as people type it: 2e-4 rather than 0.0002."""
    if not scientific or not rate:
        return f"{rate:.4g}"
    mantissa, exponent = f"{rate:.3e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"
