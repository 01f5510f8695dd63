"""CyclicLR of torch: a triangle over and over, of the rate and of the momentum against it."""

from __future__ import annotations

from ...schedules import Constant, Exponential, Ramp, Schedule
from .law import Inexpressible, Law, Onward
from .source import Source


def rate(source: Source, group: int) -> Law:
    """b + (M - b)·tri(t)·k, where k is 1, ½ to the power of the cycle, or γ^t.

    Its constructor writes ``initial_lr`` for position 0, which is not b where another scheduler was built before.
    """
    low, high = float(source.fields["base_lrs"][group]), float(source.fields["max_lrs"][group])
    cycles = _cycles(source, low, high)

    def onward(first: float) -> Onward:
        return Onward(cycles if first == low else Constant(first, 1).then(cycles.cut(1)))

    def built(_: float) -> float:
        return float(source.groups[group].get("initial_lr", low))

    def anew(_: float) -> float:
        return low

    return Law(onward, built, begun=anew, stepped=anew, entered=anew, is_absolute=True)


def momentum(source: Source, group: int) -> Schedule:
    """The momentum, which falls where the rate rises."""
    low, high = (float(source.fields[name][group]) for name in ("base_momentums", "max_momentums"))
    return _cycles(source, high, low)


def _cycles(source: Source, start: float, top: float) -> Schedule:
    """Cycles from ``start`` to ``top`` and back, where ``top`` comes nearer to ``start`` as the mode says."""
    fields = source.fields
    if fields.get("_scale_fn_custom") is not None:
        raise Inexpressible("CyclicLR with a `scale_fn` calls a Python function, whose values cannot be read")
    up = _near_integer(fields["step_ratio"] * fields["total_size"])
    down = _near_integer(fields["total_size"] - up)
    mode, gamma = fields["mode"], fields["gamma"]
    if mode == "triangular" or (mode == "exp_range" and gamma == 1):
        return Ramp(start, top, up).then(Ramp(top, start, down)).repeat()
    height = abs(top - start)
    triangle = Ramp(0.0, height, up).then(Ramp(height, 0.0, down))
    if mode == "triangular2":
        cycles = triangle.repeat(height_factor=0.5)
    elif gamma == 0:
        return Constant(start)
    elif 0 < gamma < 1:
        cycles = triangle.repeat() * Exponential(1.0, gamma)
    else:
        raise Inexpressible(f"CyclicLR in the mode exp_range with gamma={gamma} grows for ever, or changes its sign")
    return cycles + start if top >= start else start - cycles


def _near_integer(length: float) -> float:
    """torch keeps a share of the cycle, from which a length comes back with a rounding error."""
    nearest = round(length)
    return nearest if nearest and abs(length - nearest) <= 1e-9 * length else length
