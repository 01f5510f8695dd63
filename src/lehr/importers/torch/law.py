"""What a scheduler of torch does with the rate of one group, as a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...schedules import Schedule
from ...warn import warn
from ..after import check_after, ended


class Inexpressible(ValueError):
    """lehr's parts cannot say it, but its rates can be tabulated."""


@dataclass(frozen=True)
class Onward:
    """A schedule up to its end, and what the original does after it.

    Attributes:
        body: The schedule, which holds its final rate.
        tail: What the original does from the end on, if it does not hold that rate either and a schedule can say it.
        does: The same in words, such as "rises again".
        owner: The class of the original.
        end: Where it begins to do so; by default where ``body`` ends.
    """

    body: Schedule
    tail: Schedule | None = None
    does: str = ""
    owner: str = ""
    end: float | None = None

    def __post_init__(self) -> None:
        if self.end is None:
            object.__setattr__(self, "end", self.body.length)

    def until(self, length: int) -> Schedule:
        """The first ``length`` positions, exactly.

        Raises:
            Inexpressible: They reach beyond the end, and no schedule can say what the original does there.
        """
        if self.does and self.end is not None and length > self.end:
            return self.exact().cut(0, length)
        return self.body.cut(0, length)

    def exact(self) -> Schedule:
        """What the original does at every position.

        Raises:
            Inexpressible: No schedule can say it.
        """
        if not self.does:
            return self.body
        if self.tail is None:
            raise Inexpressible(f"torch's {self.owner} {self.does} at step {self.end}, which no schedule can say")
        return self.body.then(self.tail)

    def up_to(self, after: str, *, quiet: bool = False) -> Schedule:
        """What the original does, and after the end what ``after`` says; see `after.ended`."""
        check_after(after)
        if not self.does or after == "peer":
            return self.exact()
        if quiet:
            return self.body
        if self.tail is not None:
            return ended(self.body, self.tail, after, owner=self.owner, does=self.does)
        warn(
            f"torch's {self.owner} {self.does} at step {self.end}; the imported schedule holds the final value there"
        )
        return self.body


def _same(rate: float) -> float:
    return rate


@dataclass(frozen=True)
class Law:
    """What one scheduler that combines no others does with the rate of one group.

    The rate at its position 0 follows from the rate in force before, and depends on how it comes to position 0.

    Attributes:
        onward: The rate at position 0 -> the schedule from there on.
        built: The rate in force -> that at position 0, where the scheduler is built.
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
    is_factor: bool = False
    is_absolute: bool = False


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
