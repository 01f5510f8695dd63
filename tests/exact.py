"""What a formula is worth without rounding, for tests of the last digits."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import count

PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")


def sine(x: Fraction) -> Decimal:
    """The sine of 0 to π/2, in 60 digits."""
    with localcontext(prec=60):
        angle = Decimal(x.numerator) / Decimal(x.denominator)
        total = term = angle
        for i in count(1):
            term = -term * angle * angle / (2 * i * (2 * i + 1))
            total += term
            if abs(term) < Decimal("1e-58") * angle:
                return total


def cosine_left(done: int, n: int) -> float:
    """What is left of a cosine from 1 to 0 after ``done`` of ``n`` positions: (1 + cos(π · done / n)) / 2."""
    with localcontext(prec=60):
        return float(sine(PI * (n - done) / (2 * n)) ** 2)
