"""Which update of the run each update of several optimizers belongs to."""

from __future__ import annotations


class Rounds:
    """The order in which several optimizers update; the last of them is the clock.

    A round is one update of the clock and those of the others that belong to it. They come before it or after it: a
    loop may step the optimizers in any order, and optimizers that are stepped inside backward are stepped from the
    output to the input. An optimizer is *late* if its update belongs to the round that the clock has ended already.

    Args:
        count: The number of optimizers.
    """

    def __init__(self, count: int) -> None:
        self._updated, self._missed, self._late = ([False] * count for _ in range(3))
        self._comes_first: list[bool | None] = [None] * count  # before the clock; None until its first update
        self._closed = 0

    def begin(self, index: int) -> bool:
        """Whether an update that begins is late.

        One that has not come in the round that has ended comes now, unless it usually comes before the clock: then it
        was left out of that round, as a parameter without a gradient is. If it was left out from the first round on,
        the others tell.
        """
        first = self._comes_first[index]
        if first is None:
            known = [other for other in self._comes_first if other is not None]
            first = any(self._updated) or (self._closed > 1 and bool(known) and all(known))
        self._late[index] = self._missed[index] and not first
        return self._late[index]

    def end(self, index: int) -> bool:
        """Note an update that was made; whether it was late."""
        late, self._late[index] = self._late[index], False
        self._comes_first[index] = not late
        if late:
            self._missed[index] = False
        else:
            self._updated[index] = True
        return late

    def skip(self, index: int) -> bool:
        """Note that the update that has begun was not made; whether it was late."""
        late, self._late[index] = self._late[index], False
        return late

    def close(self) -> None:
        """Note an update of the clock."""
        self._closed += 1
        self._missed = [not updated for updated in self._updated[:-1]] + [False]
        self._updated = [False] * len(self._updated)
