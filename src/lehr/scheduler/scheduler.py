"""`Scheduler`: writes the rates of a schedule into a torch optimizer, update by update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, Unpack

from torch.optim.lr_scheduler import LRScheduler

from ..importers.torch.replacement import replacement
from ..schedules import Schedule
from ..schedules.lengths import Length
from .bindings import HasSchedule, attach, bind, check_warmups
from .checkpoint.resuming import checked_keep
from .clock import Clock
from .control_file import ControlFile
from .group_scale import GroupScale
from .groups import Optimizer
from .hooks import Hooks
from .loads import Loads
from .mixins import ENOUGH as ENOUGH
from .mixins import Following, Reporting, Saving, TorchInterface
from .plan import Plan
from .rates import Rates
from .rounds import Rounds
from .wrappers import layers

if TYPE_CHECKING:
    import os

    from ..schedules.recipes.options import RecipeOptions

IN_RATES = (
    *("_writers", "_writer", "_written", "_writes"),
    *("_group_count", "_has_schedules_by_group", "_writes_one_rate", "_unmatched"),
)
"""What a Scheduler held itself before `Rates` did."""


class Scheduler(Following, Saving, TorchInterface, Reporting):
    r"""Sets the learning rate of every param group, update by update, to what a schedule says.

    Position ``t`` is the index of an update, from 0; the rate of position 0 is in the optimizer when the constructor
    returns. With W = ``warmup_steps`` and N = ``training_steps``:

    ============  =============================================================================
    warmup        max(1, t) / W · max_lr, for t < W
    ``cosine``    min_lr + ½ (max_lr - min_lr) (1 + cos(π (t - W)/(N - W))), for W ≤ t < N
    ``linear``    max_lr - (t - W)/(N - W) · (max_lr - min_lr), for W ≤ t < N
    ``constant``  max_lr, at every t; warmup_steps and min_lr are ignored
    after N       min_lr (constant: max_lr)
    ============  =============================================================================

    Every group gets the same rate. If the groups start at different rates, a warning says so once; `group_scale`
    chooses.

    It is a torch `LRScheduler`, so trainers take it for one, but it replaces nothing in the optimizer and adds no key
    to its groups.

    Args:
        optimizer: Anything with `param_groups`; or a list of such, which are one run. Wrappers and containers are
            looked through: the rates are written into the optimizers that update.
        schedule: ``"cosine"``, ``"linear"``, ``"constant"`` or the name of another recipe, to be built from the
            settings that follow; or a `Schedule`, which needs none of them (or an object that has one as its
            ``schedule``); or a mapping from hyperparameter (``"lr"``, ``"weight_decay"``, ``"betas[0]"``) or from
            group (its name or index) to `Schedule`, or from hyperparameter to group to `Schedule`.
        training_steps: Steps of the run, N: an integer or ``"100k"``.
        warmup_steps: Steps of the warmup, W: an integer, ``"1k"``, or a share such as ``"2%"``.
        max_lr: The highest rate; None for the optimizer's own (that of its fastest group).
        min_lr: The rate at the end; None for the recipe's default, which is 0 for most.
        group_scale: What each group gets: ``"same"``; ``"ratio"``, which keeps each group's ratio to the fastest; a
            list of factors; a mapping from the group's ``"name"`` to its factor.
        unit: What the schedule counts: ``"steps"``, ``"samples"``, ``"tokens"`` or ``"epochs"``. Epochs may be
            fractions.
        per_update: Samples, tokens or epochs that one update consumes, where it is always the same; else use
            `advance`. In epochs 1 means that `step` is called once an epoch, however many updates it has.
        samples_per_step: Samples that one step consumes (batch × accumulation × processes), for a schedule in steps.
            It is saved; a checkpoint written under another number is taken up where as many samples are consumed.
        control_file: Path of a file of commands to watch; see ``docs/control.md``.
        keep: What `load_state_dict` does if the checkpoint's plan differs from the code's and its caller does not
            say: ``"checkpoint"``, ``"code"``, or None to refuse. For trainers, which load the state themselves.
        **recipe_options: What the recipe takes beside these, such as ``decay_steps`` of ``wsd``.

    Raises:
        ValueError: A setting is refused, the optimizer has no group or no rate, or another Scheduler drives it
            already; the optimizer is as before.

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

    # torch's LRScheduler.__init__ replaces optimizer.step, adds keys to every group and refuses wrappers, so it is
    # not called; everything public of it is overridden here.

    def __init__(
        self,
        optimizer: Optimizer | Sequence[Optimizer],
        schedule: str | Schedule | Mapping[Any, Any] | HasSchedule,
        training_steps: Length | None = None,
        warmup_steps: Length | None = None,
        max_lr: float | None = None,
        min_lr: float | None = None,
        *,
        group_scale: GroupScale | None = None,
        unit: str = "steps",
        per_update: float | None = None,
        samples_per_step: int | None = None,
        control_file: str | os.PathLike[str] | None = None,
        keep: str | None = None,
        **recipe_options: Unpack[RecipeOptions],
    ) -> None:
        settings: dict[str, Any] = {
            "training_steps": training_steps,
            "warmup_steps": warmup_steps,
            "max_lr": max_lr,
            "min_lr": min_lr,
            **recipe_options,
        }
        settings = {name: value for name, value in settings.items() if value is not None}
        self._layers = layers(optimizer)
        optimizers = [chain[-1] for chain in self._layers]
        self._keep = checked_keep(keep)
        clock = Clock(optimizers, unit, per_update, samples_per_step)
        schedules, writers, self._max_lr_is_given = bind(schedule, settings, optimizers, group_scale)
        check_warmups(schedules, unit, clock.per_update)
        plan = Plan(schedules, (), unit, clock.samples_per_step or 0)
        attach(self, optimizers, writers)
        given = optimizer[0] if isinstance(optimizer, list | tuple) else optimizer
        self.optimizer, self._optimizers = given, optimizers  # type: ignore[assignment]  # or what wraps one
        self._clock, self._rates = clock, Rates(optimizers, writers)
        self._watchers = []
        self._control_file = None if control_file is None else ControlFile(control_file)
        self._warned, self._left_alone = set(), Counter()
        self._updates_at_metric = -1
        self._no_piece = (0, 0, float, optimizers[0], self._rates.first.written, clock)
        self._rounds, self._loads = Rounds(len(optimizers)), Loads(optimizers)
        self._used_lrs = None
        self._rates.check(plan)
        self._follow_plan(plan)
        self._write()
        self._hooks = Hooks(self, self._layers, self._rates.first.written)

    @classmethod
    def replacing(
        cls,
        torch_scheduler: LRScheduler | Mapping[str, Any],
        optimizer: Optimizer | None = None,
        *,
        after: str = "hold",
        tabulate: int | None = None,
    ) -> Self:
        """Take over a run from a scheduler of torch: its optimizer, its schedules and its position.

        The next updates have the rates that the torch scheduler would have given, in every param group; so has the
        momentum, where it drives that. Replace it after its `step` call. From then on do not step it: this Scheduler
        writes over its rates, and warns. What it has left in the optimizer does no harm: a counting wrapper around
        ``optimizer.step``, and in the param groups ``initial_lr`` and settings such as ``max_lr``.

        Args:
            torch_scheduler: The scheduler, or the state that its `state_dict` returned.
            optimizer: The optimizer; needed with a state. For OneCycleLR and SWALR its own state must be loaded before.
            after: What holds after the end, where torch misbehaves; see `lehr.importers.from_torch`.
            tabulate: Number of steps to tabulate where no formula says the rates; see there.

        Raises:
            ValueError: `lehr.importers.from_torch` refuses the scheduler, a state was not written by a scheduler of
                torch or lacks its functions, or the optimizer does not hold the rates that the scheduler wrote last.

        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        >>> old = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4)
        >>> optimizer.step()
        >>> old.step()
        >>> scheduler = Scheduler.replacing(old)
        >>> scheduler.position, round(scheduler.current_lr, 6)
        (1, 0.075)
        """
        found = replacement(torch_scheduler, optimizer, after=after, tabulate=tabulate)
        scale: GroupScale | None = "same" if isinstance(found.schedules["lr"], Schedule) else None
        scheduler = cls(found.optimizer, found.schedules, group_scale=scale)
        now = replace(scheduler._state(), position=found.position, updates=found.position)
        scheduler._take_over(scheduler._plan, now, with_factors=False)
        return scheduler

    # A copied or unpickled Scheduler drives the copied optimizer and has hooks of its own on it.

    def __getstate__(self) -> dict[str, Any]:
        made_anew = ("_hooks", "_piece", "_current_piece")
        return {name: value for name, value in vars(self).items() if name not in made_anew}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = _with_rates(state)
        attach(self, state["_optimizers"], state["_rates"].writers)
        vars(self).update(state)
        self._take_piece()
        self._hooks = Hooks(self, self._layers, self._rates.first.written)


def _with_rates(state: dict[str, Any]) -> dict[str, Any]:
    """What a pickle holds, also one of a Scheduler without `Rates`."""
    if "_rates" in state:
        return state
    rates = Rates(state["_optimizers"], state["_writers"])
    rates.follow(state["_plan"])
    return {name: value for name, value in state.items() if name not in IN_RATES} | {"_rates": rates}
