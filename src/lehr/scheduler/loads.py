"""What is known of the states that were loaded into the optimizers, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

from .groups import Optimizer


class Loads:
    """The states that were loaded into the optimizers of a run.

    Attributes:
        only_optimizer: Whether the state of a run that has made updates was loaded, while the Scheduler had none.
        may_move_groups: Whether a wrapper loaded it, which may put other param groups into the optimizer afterwards.
        write_nothing: Whether another scheduler's rate may be in the state, and has to stay.
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self._optimizers = optimizers
        self._began_with_state = self._have_state()
        self.only_optimizer = self.may_move_groups = self.write_nothing = False

    def brought_state(self) -> bool:
        """Whether optimizers that were fresh now have something to go on with, such as momenta."""
        return not self._began_with_state and self._have_state()

    def _have_state(self) -> bool:
        return any(getattr(optimizer, "state", None) for optimizer in self._optimizers)
