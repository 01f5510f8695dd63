"""`suggest`: the peak rates that published laws name for a run, their spread, and a schedule to start with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from ..schedules import Schedule, checks, lengths
from ..schedules.recipes import linear, range_test
from .published import PEAK_LAWS

MOST_WARMUP, SHARE_OF_WARMUP = 2_000, 0.05
"""The warmup: 5 % of the run, but no more than the 2,000 steps of Step Law and DeepSeek LLM."""
FAR = 2
"""A batch that differs by more than this factor from a law's is spoken of."""


@dataclass(frozen=True)
class NamedPeak:
    """What one law names.

    Attributes:
        law: Its name.
        formula: Its formula.
        max_lr: The peak rate.
        batch_tokens: The batch that it goes with, in tokens; None where the law names none.
        outside: What of the run lies outside the law's range, in words.
        about: What the law was measured on.
        source: Authors, year and link.
    """

    law: str
    formula: str
    max_lr: float
    batch_tokens: int | None
    outside: tuple[str, ...]
    about: str
    source: str


@dataclass(frozen=True)
class PeakSuggestion:
    """A peak rate to start with, and where it comes from.

    Attributes:
        params: Non-embedding parameters of the model.
        tokens: Tokens of the run.
        batch_tokens: Tokens of an update.
        peaks: What each law names.
    """

    params: int
    tokens: int
    batch_tokens: int
    peaks: tuple[NamedPeak, ...]

    @property
    def low(self) -> float:
        """The lowest peak rate that a law names for a run in its range (any law, where fewer than two are in range)."""
        return min(peak.max_lr for peak in self._counted)

    @property
    def high(self) -> float:
        """The highest, likewise."""
        return max(peak.max_lr for peak in self._counted)

    @property
    def max_lr(self) -> float:
        """The peak rate to start with: the geometric mean of those laws, to two digits."""
        logs = [math.log(peak.max_lr) for peak in self._counted]
        return _two_digits(math.exp(sum(logs) / len(logs)))

    @property
    def _counted(self) -> tuple[NamedPeak, ...]:
        inside = tuple(peak for peak in self.peaks if not peak.outside)
        return inside if len(inside) > 1 else self.peaks

    @property
    def training_steps(self) -> int:
        """Updates of the run."""
        return -(-self.tokens // self.batch_tokens)

    @property
    def warmup_steps(self) -> int:
        """Steps of the warmup: 5 % of the run, at most 2,000."""
        return min(MOST_WARMUP, round(SHARE_OF_WARMUP * self.training_steps))

    @cached_property
    def schedule(self) -> Schedule:
        """A schedule to start with: a warmup, then a line to 0 (Bergsma et al., 2025, https://arxiv.org/abs/2502.15938)."""
        return linear(self.training_steps, self.warmup_steps, self.max_lr, 0.0)

    @cached_property
    def range_test(self) -> Schedule:
        """The experiment that settles it: a range test around the named rates, of a hundredth of the run or so."""
        steps = min(max(self.training_steps // 100, 200), 1_000)
        return range_test(steps, max_lr=_two_digits(100 * self.high), min_lr=_two_digits(self.low / 100))

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before the numbers are used."""
        found = [
            "These laws are of decoder-only language models under AdamW, in the standard parametrisation; they say "
            "nothing of muP, of Muon, of images or of fine-tuning."
        ]
        if self._counted is self.peaks and any(peak.outside for peak in self.peaks):
            found.append("Fewer than two laws were fitted to runs like this one, so that all of them are extrapolated.")
        far = [peak for peak in self.peaks if _is_far(peak.batch_tokens, self.batch_tokens)]
        if far:
            named = ", ".join(f"{peak.batch_tokens:,} ({peak.law})" for peak in far)
            found.append(
                f"An update has {self.batch_tokens:,} tokens here, and the laws name theirs together with a batch of "
                f"{named}: the best rate rises and falls with the batch, about as its square root (Malladi et al., "
                f"2022, https://arxiv.org/abs/2205.10287)."
            )
        return tuple(found)


def suggest(*, params: lengths.Length, tokens: lengths.Length, batch_tokens: lengths.Length) -> PeakSuggestion:
    """The peak rate that published laws name for a language model, before any run.

    Args:
        params: Parameters of the model without embeddings, N: ``124_000_000``, ``"124M"``.
        tokens: Tokens of the run, D: ``"2.5B"``.
        batch_tokens: Tokens that one update consumes, over all processes and accumulated gradients: ``"100k"``.

    Returns:
        The laws with their peaks, sources and ranges; ``low`` and ``high``, their spread, which is the honest width;
        ``max_lr``, ``schedule`` and ``range_test`` to start with.

    Raises:
        ValueError: A number is no integer of at least 1, or the batch is larger than the run.

    >>> suggestion = suggest(params="124M", tokens="2.5B", batch_tokens="100k")
    >>> [(peak.law, f"{peak.max_lr:.2g}") for peak in suggestion.peaks][:2]
    [('Step Law', '0.0023'), ('DeepSeek LLM', '0.0016')]
    >>> suggestion.schedule
    linear(training_steps=25000, warmup_steps=1250, max_lr=0.0018, min_lr=0.0)
    """
    n, d, batch = (
        checks.integer(name, lengths.steps(value, name=name), owner="suggest", least=1)
        for name, value in (("params", params), ("tokens", tokens), ("batch_tokens", batch_tokens))
    )
    if batch > d:
        raise ValueError(f"suggest: `batch_tokens` is {batch:,}, and the whole run has {d:,} `tokens`")
    named = (
        NamedPeak(
            law.name,
            law.formula,
            law.peak(n, d),
            round(law.batch(n, d)) if law.batch else None,
            law.outside(n, d),
            law.about,
            law.source,
        )
        for law in PEAK_LAWS
    )
    return PeakSuggestion(n, d, batch, tuple(peak for peak in named if peak.max_lr > 0))


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


def _is_far(theirs: int | None, ours: int) -> bool:
    return theirs is not None and not 1 / FAR <= ours / theirs <= FAR
