"""A scheduler of torch as data, read from the object or from its `state_dict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...schedules import Schedule, checks
from ...warn import warn

FUNCTIONS = "LambdaLR or MultiplicativeLR"
"""Their states have the same keys."""
_OF_EVERY = {
    "base_lrs", "last_epoch", "verbose", "_step_count", "_last_lr", "_is_initial", "_get_lr_called_within_step",
    "_initial_step_done",
}  # fmt: skip
_OWN: dict[str, tuple[set[str], set[str]]] = {
    "ChainedScheduler": ({"_schedulers"}, set()),
    "ConstantLR": ({"factor", "total_iters"}, set()),
    "CosineAnnealingLR": ({"T_max", "eta_min"}, set()),
    "CosineAnnealingWarmRestarts": ({"T_0", "T_i", "T_mult", "T_cur", "eta_min"}, set()),
    "CyclicLR": (
        {"max_lrs", "total_size", "step_ratio", "mode", "gamma", "scale_mode", "cycle_momentum"},
        {"_scale_fn_custom", "_scale_fn_ref", "use_beta1", "base_momentums", "max_momentums"},
    ),
    "ExponentialLR": ({"gamma"}, set()),
    FUNCTIONS: ({"lr_lambdas"}, set()),
    "LinearLR": ({"start_factor", "end_factor", "total_iters"}, set()),
    "MultiStepLR": ({"milestones", "gamma"}, set()),
    "OneCycleLR": ({"total_steps", "_schedule_phases", "_anneal_func_type", "cycle_momentum"}, {"use_beta1"}),
    "PolynomialLR": ({"total_iters", "power"}, set()),
    "ReduceLROnPlateau": (
        {"factor", "patience", "threshold", "threshold_mode", "cooldown", "mode", "best"},
        {"min_lrs", "default_min_lr", "eps", "mode_worse", "cooldown_counter", "num_bad_epochs"},
    ),
    "SWALR": ({"anneal_epochs"}, {"_anneal_strategy", "anneal_func"}),
    "SequentialLR": ({"_schedulers", "_milestones"}, set()),
    "StepLR": ({"step_size", "gamma"}, set()),
}  # fmt: skip
"""Class -> the keys of its state that no other class has: those that it always has, and those that it may have."""
_CLASSES = (set(_OWN) - {FUNCTIONS}) | {"LambdaLR", "MultiplicativeLR"}
_MODULES = ("torch.optim.lr_scheduler", "torch.optim.swa_utils")
LEHR = "lehr.Scheduler"
MOST_DEEP = 50


@dataclass(frozen=True)
class Source:
    """A scheduler as it was read.

    Attributes:
        kind: The name of its class.
        fields: Its attributes, which are the entries of its state.
        groups: The param groups of its optimizer.
        children: The schedulers that it combines.
    """

    kind: str
    fields: Mapping[str, Any]
    groups: Sequence[Mapping[str, Any]]
    children: tuple[Source, ...] = ()

    @cached_property
    def position(self) -> int:
        """Index of the update that its present rates are for.

        Raises:
            ValueError: The chained schedulers stand at different positions.
        """
        if self.kind != "ChainedScheduler":
            return int(self.fields["last_epoch"])
        positions = {child.position for child in self.children}
        if len(positions) > 1:
            raise ValueError(
                f"the schedulers of the ChainedScheduler stand at different positions, {sorted(positions)}: "
                f"step them only through the ChainedScheduler"
            )
        return positions.pop()

    @cached_property
    def leaves(self) -> list[Source]:
        """The schedulers that combine no others: itself, or those inside it."""
        return [leaf for child in self.children for leaf in child.leaves] if self.children else [self]

    def base(self, group: int) -> float:
        """The rate that a group's schedule multiplies."""
        for leaf in self.leaves:
            if "base_lrs" in leaf.fields:
                return float(leaf.fields["base_lrs"][group])
        return float(self.groups[group].get("initial_lr", self.groups[group]["lr"]))

    def in_group(self, group: int, name: str) -> float:
        """What the scheduler keeps in a param group of its optimizer, such as ``max_lr``.

        Raises:
            ValueError: The group does not have it.
        """
        try:
            return float(self.groups[group][name])
        except KeyError:
            raise ValueError(
                f"{self.kind} keeps {name!r} in the param groups of its optimizer, and param group {group} has none: "
                f"give the optimizer after its own state was loaded"
            ) from None

    @property
    def last_lrs(self) -> list[float] | None:
        """The rates that it wrote last, if it says so."""
        rates = self.fields.get("_last_lr")
        return None if rates is None else [float(rate) for rate in rates]


def of_object(scheduler: Any, depth: int = 0) -> Source:
    """Read a scheduler object, which stays as it is.

    Raises:
        ValueError: It is no scheduler of torch itself.
    """
    cls = type(scheduler)
    kind, module = cls.__name__, cls.__module__
    if module.partition(".")[0] == "lehr" and hasattr(scheduler, "group_schedules") and depth:
        fields = {"schedules": scheduler.group_schedules, "last_epoch": scheduler.last_epoch}
        return Source(LEHR, fields, scheduler.optimizer.param_groups)
    if module not in _MODULES or kind not in _CLASSES:
        raise ValueError(_refusal(scheduler))
    groups = scheduler.optimizer.param_groups
    children = getattr(scheduler, "_schedulers", ())
    _check_depth(depth)
    read = tuple(of_object(child, depth + 1) for child in children)
    return Source(kind, dict(vars(scheduler)), groups, read)


def _refusal(scheduler: Any) -> str:
    cls = type(scheduler)
    if cls.__module__.partition(".")[0] == "lehr" and hasattr(scheduler, "schedule"):
        return "this is a lehr.Scheduler already; its schedule is scheduler.schedule"
    bases = [base.__name__ for base in cls.__mro__[1:] if base.__module__ in _MODULES and base.__name__ in _CLASSES]
    if bases:
        return (
            f"from_torch reads the classes of torch itself, and {cls.__name__} extends {bases[0]}, so that its rates "
            f"may be others; tabulate them: lehr.tabulate(function, steps)"
        )
    inside = "; give the one inside it, .scheduler" if hasattr(scheduler, "scheduler") else ""
    return f"from_torch takes a scheduler of torch.optim.lr_scheduler or SWALR, got {checks.shown(scheduler)}{inside}"


def kind_of_state(state: object) -> str | None:
    """The class that wrote a state, by its keys; None if it is no state of a scheduler of torch."""
    if not isinstance(state, Mapping) or not ("last_epoch" in state or "_schedulers" in state):
        return None
    keys = {key for key in state if isinstance(key, str)} - _OF_EVERY
    fits = [kind for kind, (always, maybe) in _OWN.items() if always <= keys <= always | maybe]
    return fits[0] if len(fits) == 1 else None


def of_state(state: Any, groups: Sequence[Mapping[str, Any]], depth: int = 0) -> Source:
    """Read the `state_dict` of a scheduler.

    Args:
        state: The state.
        groups: The param groups of the optimizer, or of its state.
        depth: How many states are around this one.

    Raises:
        ValueError: It is not known which class wrote it.
    """
    kind = kind_of_state(state)
    if kind is None:
        keys = checks.shown(list(state), most=200) if isinstance(state, Mapping) else checks.shown(state)
        raise ValueError(f"this is not the state of a scheduler of torch: no class there has exactly the keys {keys}")
    _check_depth(depth)
    if kind == "CyclicLR":
        warn("the state of a CyclicLR does not say whether it had a `scale_fn`: it is read as one without")
    children = tuple(of_state(child, groups, depth + 1) for child in state.get("_schedulers", ()))
    return Source(kind, state, groups, children)


def _check_depth(depth: int) -> None:
    if depth > MOST_DEEP:
        raise ValueError(f"schedulers are nested at most {MOST_DEEP} deep")


def schedule_of_lehr(source: Source, group: int) -> Schedule:
    """The schedule of a `lehr.Scheduler` for a group."""
    schedules: Sequence[Schedule] = source.fields["schedules"]
    return schedules[group]
