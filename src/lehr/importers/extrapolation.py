"""What a ramp goes on to after its end, where the original does not stop it."""

from __future__ import annotations

from ..schedules import Constant, PowerLaw, Ramp, Schedule

FAR = 10**9
"""Updates after which what grows without bound is held: a schedule has to have bounds."""


def extrapolated(start: float, end: float, length: float, shape: str = "linear") -> Schedule:
    r"""The curve of a ramp beyond its end, counted from there. It may become negative.

    .. math:: \eta_t = s + (e - s) \, (1 + t / n)^k

    Args:
        start: The ramp's first rate, :math:`s`.
        end: Its last one, :math:`e`.
        length: Its length, :math:`n`, above 0.
        shape: ``"linear"``, where :math:`k` is 1, or ``"1-sqrt"``, where it is ½.

    >>> extrapolated(1.0, 0.25, 6)(2)
    0.0
    """
    if start == end:
        return Constant(end)
    if shape == "linear":
        way = Ramp(0.0, abs(start - end) / length * FAR, FAR)
        return Constant(end) - way if start > end else Constant(end) + way
    gone = PowerLaw(abs(start - end), 0.5, length, FAR)
    return Constant(start) - gone if start > end else Constant(start) + gone


def rising_again(low: float, high: float, length: float) -> Schedule:
    """A cosine that goes on after its end, counted from there: up again, down again, and so on.

    >>> rising_again(0.0, 1.0, 10)(15)
    0.5
    """
    return Ramp(low, high, length, "cosine").then(Ramp(high, low, length, "cosine")).repeat()
