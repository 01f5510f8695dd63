"""What a scheduler of torch does with the rate of one group, as a value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ...schedules import Schedule
from ..after import check_after, warn_of_end


class Inexpressible(ValueError):
    """lehr's parts cannot say it, but its rates can be tabulated."""


@dataclass(frozen=True)
class Onward:
    """A schedule up to its end, and what the original does after it.

    Attributes:
        body: The schedule, which holds its final rate.
        peer: What the original does at every position, if it does not hold that rate either and a schedule can say it.
        does: The same in words, such as "rises again".
        owner: The class of the original.
        end: Where it begins to do so; by default where ``body`` ends.
    """

    body: Schedule
    peer: Schedule | None = None
    does: str = ""
    owner: str = ""
    end: float | None = None

    def __post_init__(self) -> None:
        if self.end is None:
            object.__setattr__(self, "end", self.body.length)

    def exact(self, length: float = math.inf) -> Schedule:
        """What the original does in the first ``length`` positions.

        Raises:
            Inexpressible: They reach beyond the end, and no schedule can say what the original does there.
        """
        if not self.does or self.end is None or length <= self.end:
            return self.body
        if self.peer is None:
            raise Inexpressible(f"{self.owner} {self.does} after step {self.end}, which no schedule can say")
        return self.peer

    def up_to(self, after: str, *, quiet: bool = False) -> Schedule:
        """What the original does, and after the end what ``after`` says: see `lehr.importers.after.ended`."""
        check_after(after)
        if not self.does or after == "peer":
            return self.exact()
        if not quiet:
            warn_of_end(self.body, owner=self.owner, does=self.does, at=self.end, peer=self.peer is not None)
        return self.body


def _same(rate: float) -> float:
    return rate


@dataclass(frozen=True)
class Law:
    """What one scheduler that combines no others does with the rate of one group.

    The rate at its position 0 follows from the rate in force before, and depends on how it comes to position 0.

    Attributes:
        onward: The rate at position 0 -> the schedule from there on.
        built: The rate in force -> that at position 0, where its constructor leads to it.
        begun: The same where a SequentialLR begins with it; None where that is as in its constructor.
        stepped: The same where a plain `step` leads to position 0: inside a scheduler that is the first of a
            `SequentialLR`.
        entered: The same where a milestone of a `SequentialLR` leads to it.
        is_factor: Whether each step multiplies the rate in force, whatever it is.
        is_absolute: Whether the rate in force plays no part.
    """

    onward: Callable[[float], Onward]
    built: Callable[[float], float] = _same
    stepped: Callable[[float], float] = _same
    entered: Callable[[float], float] = _same
    begun: Callable[[float], float] | None = None
    is_factor: bool = False
    is_absolute: bool = False

    def first(self, how: str, rate: float) -> float:
        """The rate at position 0, where the way to it has the name ``how``.

        Raises:
            ValueError: It is below 0.
        """
        lead = getattr(self, how) or self.built
        first = float(lead(rate))
        if first < 0:
            raise ValueError(f"torch begins a scheduler inside another at {first:g}: no rate of a schedule is below 0")
        return first


def absolute(onward: Onward) -> Law:
    """The law of a scheduler whose rate depends on its position alone."""
    return Law(lambda _: onward, is_absolute=True)


def cannot(reason: str) -> Callable[[float], float]:
    """A way to position 0 that is refused."""

    def refuse(_: float) -> float:
        raise Inexpressible(reason)

    return refuse


def first_step_counts() -> bool:
    """Whether torch's recursion makes a step at position 0 too, where a plain `step` leads there.

    Newer versions tell the constructor's step from others by a flag, older ones by the position.
    """
    from torch.optim.lr_scheduler import LRScheduler

    return hasattr(LRScheduler, "_is_initial")
