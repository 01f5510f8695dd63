"""`Scheduler`: follows a schedule in a torch optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schedules import Schedule
from ..schedules.lengths import Length
from .attached import attach, detach
from .groups import Chosen, all_groups
from .listener import Listener
from .moving import Moves, whole
from .reporting import Reports
from .resume import Resumes
from .scaling import GroupScale
from .steering import Steers
from .tracks import tracks_of

UNITS = ("steps", "samples", "tokens")


class Scheduler(Moves, Steers, Resumes, Reports):
    r"""Sets the learning rate of every param group, step by step, to what a schedule says.

    Position ``t`` is the index of an update, from 0; the rate of position 0 is in the optimizer when
    the constructor returns. With W = ``warmup_steps`` and N = ``training_steps``:

    ============  =============================================================================
    warmup        max(1, t) / W · max_lr, for t < W
    ``cosine``    min_lr + ½ (max_lr - min_lr) (1 + cos(π (t - W)/(N - W))), for W ≤ t < N
    ``linear``    max_lr - (t - W)/(N - W) · (max_lr - min_lr), for W ≤ t < N
    ``constant``  max_lr, at every t; warmup_steps and min_lr are ignored
    after N       min_lr (constant: max_lr)
    ============  =============================================================================

    Every group gets the same rate. If the groups start at different ones, a warning says so once;
    `group_scale` chooses.

    It is a torch `LRScheduler`, so trainers take it for one, but it replaces nothing in the
    optimizer and adds no key to its groups.

    Args:
        optimizer: Anything with `param_groups`; or a list of such, which are one run.
        schedule: ``"cosine"``, ``"linear"``, ``"constant"`` or the name of another recipe, to be
            built from the settings that follow; or a `Schedule`, which needs none of them; or a
            mapping from hyperparameter (``"lr"``, ``"weight_decay"``, ``"betas[0]"``) or from group
            (its name or index) to `Schedule`, or from hyperparameter to group to `Schedule`.
        training_steps: Steps of the run, N: a whole number or ``"100k"``.
        warmup_steps: Steps of the warmup, W: a whole number, ``"1k"``, or a share such as ``"2%"``.
        max_lr: The highest rate; None for the optimizer's own (that of its fastest group).
        min_lr: The rate at the end; None for the recipe's default, which is 0 for most.
        group_scale: What each group gets: ``"same"``; ``"ratio"``, which keeps each group's ratio
            to the fastest; a list of factors; a mapping from the group's ``"name"`` to its factor.
        unit: What the schedule counts: ``"steps"``, ``"samples"`` or ``"tokens"``.
        per_update: Samples or tokens that one update consumes, where it is always the same; else use
            `advance`.
        samples_per_step: Samples that one step consumes (batch × accumulation × processes), for a
            schedule in steps. It is saved; a checkpoint that was written under another number is
            taken up where as many samples are consumed.
        control_file: Path of a file of changes to watch for; see ``docs/control.md``.
        **recipe_options: What the recipe takes beside these, such as ``decay_steps`` of ``wsd``.

    Raises:
        ValueError: A setting is refused, the optimizer has no group or no rate, or another
            Scheduler drives it already; the optimizer is as before.

    >>> import torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> scheduler = Scheduler(optimizer, "linear", 10, 2, max_lr=0.1, min_lr=0.0)
    >>> for step in range(4):
    ...     scheduler.step(step)
    ...     print(scheduler.current_lr)
    0.05
    0.05
    0.1
    0.08750000000000001
    """

    # torch's LRScheduler.__init__ replaces optimizer.step, adds keys to every group and refuses
    # wrappers, so it is not called; everything public of it is overridden here.

    def __init__(
        self,
        optimizer: Any,
        schedule: str | Schedule | Mapping[Any, Any],
        training_steps: Length | None = None,
        warmup_steps: Length | None = None,
        max_lr: float | None = None,
        min_lr: float | None = None,
        *,
        group_scale: GroupScale | None = None,
        unit: str = "steps",
        per_update: int | None = None,
        samples_per_step: int | None = None,
        control_file: Any = None,
        **recipe_options: Any,
    ) -> None:
        settings = {
            "training_steps": training_steps,
            "warmup_steps": warmup_steps,
            "max_lr": max_lr,
            "min_lr": min_lr,
            **recipe_options,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        optimizers = list(optimizer) if isinstance(optimizer, list | tuple) else [optimizer]
        if not optimizers:
            raise ValueError("Scheduler needs at least one optimizer, got an empty list")
        self.unit, self.per_update, self.samples_per_step = _consumption(unit, per_update, samples_per_step)
        self._tracks, self._max_lr_is_said = tracks_of(schedule, given, optimizers, group_scale)
        attach(self, optimizers, self._drives())
        self.optimizer, self._optimizers, self._clock = optimizers[0], optimizers, optimizers[-1]
        self._begun = {(track.key, track.chosen): track.schedule for track in self._tracks}
        self.updates = self.skipped = 0
        self._applied = self._used = None
        self._known_groups = len(all_groups(optimizers))
        self._measured = self._heard = False
        self._warned = self._warned_of_numbers = self._following = False
        self._start_steering(control_file)
        self._schedules_changed()
        self._go_to(0)
        self._listener = Listener(self, optimizers)

    def detach(self) -> None:
        """Let go of the optimizer: no hook is left on it, and another Scheduler may drive it."""
        self._listener.stop()
        detach(self)

    def _drives(self) -> list[tuple[str, Chosen]]:
        return [(track.key, track.chosen) for track in self._tracks]

    # A copy, or what comes out of a pickle, has an optimizer of its own, copied along, and listens to that.

    def __getstate__(self) -> dict[str, Any]:
        made_anew = ("_listener", "_pieces", "_piece", "_own_piece")
        return {name: value for name, value in vars(self).items() if name not in made_anew}

    def __setstate__(self, state: dict[str, Any]) -> None:
        attach(self, state["_optimizers"], [(track.key, track.chosen) for track in state["_tracks"]])
        vars(self).update(state)
        self._schedules_changed()
        self._take_piece()
        self._listener = Listener(self, self._optimizers)


def _consumption(unit: str, per_update: int | None, samples_per_step: int | None) -> tuple[str, int | None, int | None]:
    """What an update consumes, in the unit of the schedule and in samples, as far as that is known."""
    if unit not in UNITS:
        raise ValueError(f"`unit` must be one of {', '.join(map(repr, UNITS))}, got {unit!r}")
    given = {"per_update": per_update, "samples_per_step": samples_per_step}
    for name, value in given.items():
        if value is not None:
            given[name] = whole(name, value, least=1)
    if unit == "steps" and given["per_update"] not in (None, 1):
        raise ValueError(
            f"in steps an update is one step, got per_update={per_update!r}; say unit='samples' or 'tokens'"
        )
    if unit != "steps" and samples_per_step is not None:
        raise ValueError(
            f"`samples_per_step` goes with a schedule in steps, and this one is in {unit}: say per_update=..."
        )
    return unit, 1 if unit == "steps" else given["per_update"], given["samples_per_step"]
