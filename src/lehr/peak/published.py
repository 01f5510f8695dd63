"""The peak rates that published scaling laws name, as values.

All are for decoder-only language models under AdamW in the standard parametrisation: not for muP, Muon, vision or
fine-tuning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Interval = tuple[float, float]
TOLERANCE = 1.05
"""A run this factor outside a range counts as inside: a model of 124M parameters is one of 125M."""


@dataclass(frozen=True)
class PeakLaw:
    """A published formula for the best peak rate of a language model, and perhaps for the batch that goes with it.

    Attributes:
        name: What it is called.
        formula: The formula, as text: N parameters, D tokens, C = 6 N D FLOPs.
        source: Authors, year and link.
        peak: The peak rate of ``params`` (non-embedding) and ``tokens``.
        batch: The batch in tokens that was best together with it; None where the source names none.
        params: Smallest and largest model that it was fitted to; None where the source counts compute.
        tokens: Fewest and most tokens that it was fitted to; None where the source holds them fixed or counts compute.
        compute: Least and most FLOPs that it was fitted to; None where the source counts parameters and tokens.
        about: What it was measured on.
    """

    name: str
    formula: str
    source: str
    peak: Callable[[float, float], float]
    batch: Callable[[float, float], float] | None
    params: Interval | None
    tokens: Interval | None
    compute: Interval | None
    about: str

    def outside(self, params: float, tokens: float) -> tuple[str, ...]:
        """What of a run lies outside the range that the law was fitted to, in words; nothing inside it.

        >>> PEAK_LAWS[0].outside(params=7e9, tokens=50e9)
        ('7B parameters, not 60M to 1B',)
        """
        facts = (
            (params, self.params, "parameters"),
            (tokens, self.tokens, "tokens"),
            (compute(params, tokens), self.compute, "FLOPs"),
        )
        return tuple(
            f"{_short(value)} {unit}, not {' to '.join(dict.fromkeys(map(_short, fitted)))}"
            for value, fitted, unit in facts
            if fitted and not fitted[0] / TOLERANCE <= value <= fitted[1] * TOLERANCE
        )


def compute(params: float, tokens: float) -> float:
    """FLOPs of a training run, C = 6 N D."""
    return 6 * params * tokens


def _short(value: float) -> str:
    """A large number in few characters.

    >>> [_short(v) for v in (1.24e8, 2.5e9, 1.9e18)]
    ['124M', '2.5B', '1.9e18']
    """
    for size, suffix in ((1e15, ""), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{suffix}" if suffix else f"{value:.1e}".replace("e+", "e")
    return f"{value:.3g}"


def _interpolated(params: float, _: float) -> float:
    """Along straight lines in ln N and ln of the rate; beyond the table its first or last rate."""
    known = [math.log(size) for size, _ in _GPT_3]
    x = min(max(math.log(params), known[0]), known[-1])
    above = next(i for i in range(1, len(known)) if x <= known[i])
    (_, low), (_, high) = _GPT_3[above - 1], _GPT_3[above]
    share = (x - known[above - 1]) / (known[above] - known[above - 1])
    return math.exp((1 - share) * math.log(low) + share * math.log(high))


_GPT_3 = (
    (125e6, 6e-4), (350e6, 3e-4), (760e6, 2.5e-4), (1.3e9, 2e-4), (2.7e9, 1.6e-4), (6.7e9, 1.2e-4), (13e9, 1e-4),
    (175e9, 0.6e-4),
)  # fmt: skip
"""Parameters and peak rate of each model, table 2.1 of the paper."""

PEAK_LAWS = (
    PeakLaw(
        "Step Law",
        "1.79 N^-0.713 D^0.307",
        "Li et al., 2025, https://arxiv.org/abs/2503.04715",
        peak=lambda n, d: 1.79 * n**-0.713 * d**0.307,
        batch=lambda n, d: 0.58 * d**0.571,
        params=(6e7, 1e9),
        tokens=(2e9, 1e11),
        compute=None,
        about="3,700 runs over grids of rate and batch, with a final rate of 1e-5",
    ),
    PeakLaw(
        "DeepSeek LLM",
        "0.3118 C^-0.1250",
        "Bi et al., 2024, https://arxiv.org/abs/2401.02954",
        peak=lambda n, d: 0.3118 * compute(n, d) ** -0.125,
        batch=lambda n, d: 0.2920 * compute(n, d) ** 0.3271,
        params=None,
        tokens=None,
        compute=(1e17, 2e19),
        about="grids of rate and batch at each compute budget, a multi-step schedule",
    ),
    PeakLaw(
        "Porian",
        "3.7 N^-0.36",
        "Porian et al., 2024, https://arxiv.org/abs/2406.19146",
        peak=lambda n, d: 3.7 * n**-0.36,
        batch=lambda n, d: 0.7576 * n**0.703,
        params=(5e6, 9e8),
        tokens=None,
        compute=None,
        about="runs of about 20 tokens per parameter, with beta2 tuned to the batch",
    ),
    PeakLaw(
        "Kaplan",
        "0.003239 - 0.0001395 ln N",
        "Kaplan et al., 2020, https://arxiv.org/abs/2001.08361",
        peak=lambda n, d: max(0.003239 - 0.0001395 * math.log(n), 0.0),
        batch=None,
        params=(1e3, 1e10),
        tokens=None,
        compute=None,
        about="a rule of thumb, at a batch of 0.5M tokens",
    ),
    PeakLaw(
        "GPT-3",
        "table 2.1, interpolated",
        "Brown et al., 2020, https://arxiv.org/abs/2005.14165",
        peak=_interpolated,
        batch=None,
        params=(_GPT_3[0][0], _GPT_3[-1][0]),
        tokens=(3e11, 3e11),
        compute=None,
        about="what was used, at batches of 0.5M to 3.2M tokens: practice, not an optimum",
    ),
)
"""What is published; `suggest` asks each."""
