"""CosineAnnealingLR, CosineAnnealingWarmRestarts and SWALR of torch."""

from __future__ import annotations

import math

from ...schedules import Constant, Ramp
from ..building import wave
from .factors import and_hold
from .law import Law, Onward, absolute, cannot, first_step_counts
from .source import Source


def annealing(source: Source, group: int) -> Law:
    """CosineAnnealingLR: η + (B - η)(1 + cos(πt/T))/2 up to T, and up and down again after it."""
    steps, eta, base = source.fields["T_max"], float(source.fields["eta_min"]), source.base(group)

    def onward(first: float) -> Onward:
        body = Ramp(first, eta, steps, "cosine")
        return Onward(body, body.then(wave(eta, base, steps)), "rises again", "CosineAnnealingLR")

    def stepped(rate: float) -> float:
        if not first_step_counts():
            return rate
        if steps == 1:
            return rate + (base - eta)
        return eta + (rate - eta) * 2 / (1 + math.cos(math.pi / steps))

    # It multiplies the rate in force while it falls to 0: see `combined` for what follows.
    return Law(onward, stepped=stepped, entered=lambda _: base, is_factor=eta == 0)


def warm_restarts(source: Source, group: int) -> Law:
    """CosineAnnealingWarmRestarts: half a cosine from B to η in each cycle of T_0·m^i steps."""
    first, factor, eta = source.fields["T_0"], source.fields["T_mult"], float(source.fields["eta_min"])
    cycle = Ramp(source.base(group), eta, first, "cosine")
    return absolute(Onward(cycle.repeat(length_factor=factor)))


def swa(source: Source, group: int) -> Law:
    """SWALR: from the rate in force to `swa_lr` in n steps, along half a cosine or a line."""
    steps, goal = source.fields["anneal_epochs"], source.in_group(group, "swa_lr")
    shape = "cosine" if _strategy(source) == "cos" else "linear"

    def onward(first: float) -> Onward:
        return Onward(and_hold(Ramp(first, goal, steps, shape)) if steps else Constant(goal))

    return Law(onward, stepped=cannot("SWALR counts its steps anew inside the first part of a SequentialLR"))


def _strategy(source: Source) -> str:
    strategy = source.fields.get("_anneal_strategy")
    if strategy is None:  # older versions keep the function alone
        strategy = "cos" if "cosine" in getattr(source.fields.get("anneal_func"), "__name__", "") else "linear"
    return str(strategy)
