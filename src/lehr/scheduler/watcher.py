"""`Watcher`: watches a metric and changes the rate of a Scheduler; what `Plateau` and `Greedy` have in common."""

from __future__ import annotations

import math
import weakref
from abc import ABC
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, SupportsFloat, runtime_checkable

from ..control import Act, Scale, watching_state
from ..control.acts import GroupKey
from ..control.watching import Counters, Settings
from ..schedules import Schedule, checks
from ..warn import warn
from . import ranks
from .group_keys import HasGroups, bounds_by_key, chosen_keys, rate_keys


@runtime_checkable
class WatchedScheduler(HasGroups, Protocol):
    """What a `Watcher` needs of a `Scheduler`."""

    _watchers: list[Watcher]

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """Every schedule, by what it drives."""

    @property
    def next_position(self) -> float:
        """Position of the next update."""

    @property
    def per_update(self) -> float | None:
        """What one update moves by, if it is always the same."""

    def change(self, act: Act, why: str = "") -> None:
        """Change the schedule from the next update on."""


class Watcher(ABC):
    """Watches a metric, and multiplies the rest of a Scheduler's schedules by factors.

    A kind has `Settings`, which decide when and by how much, and a constructor that documents them and has their
    defaults.
    """

    _settings_type: ClassVar[type[Settings[Any]]]
    _merges: ClassVar[bool] = False
    """Whether all its changes share an entry of the history, because they are many."""

    def _watch(self, arguments: dict[str, Any]) -> None:
        """Begin to watch.

        Args:
            arguments: Those of the kind's constructor, by name: `scheduler`, `groups` and `reduce`, and the settings.

        Raises:
            ValueError: A setting is out of its range, a group is unknown, or the Scheduler drives no learning rate.
        """
        settings = {name: value for name, value in arguments.items() if name != "self"}
        scheduler, reduce = settings.pop("scheduler"), settings.pop("reduce")
        kind = self._settings_type.owner
        if not isinstance(scheduler, WatchedScheduler):
            raise ValueError(
                f"{kind} needs a lehr.Scheduler, got {type(scheduler).__name__}; for an optimizer without a schedule "
                f"build one with lehr.Scheduler(optimizer, lehr.Constant(lr))"
            )
        if not rate_keys(scheduler):
            raise ValueError(f"{kind} changes the lr, and this Scheduler drives only {', '.join(scheduler.schedules)}")
        settings["groups"] = keys = chosen_keys(scheduler, settings["groups"], kind)
        for name in self._settings_type.bounds:
            settings[name] = bounds_by_key(scheduler, name, settings[name], keys, kind)
        self._settings = self._settings_type(**settings)
        self._reduce = checks.boolean("reduce", reduce, owner=kind)
        self._counters = self._settings.counters()
        self._warned = False
        self._watched = weakref.ref(scheduler)
        scheduler._watchers.append(self)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({shown})"

    # A weak reference cannot be pickled; the Scheduler itself can.

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_watched": self._scheduler}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"_watched": weakref.ref(state["_watched"])})

    def update(self, metric: SupportsFloat) -> None:
        """Count one metric, and change the rate if a change is due.

        Args:
            metric: A number, or a tensor with one element. With torch.distributed each rank gives its
                own, and all ranks must make the call.

        Raises:
            ValueError: The metric is not a number; nothing has changed.
        """
        value = as_number(metric, self._settings.owner)
        if self._reduce:
            value = ranks.mean(value)
        if not math.isfinite(value):
            self._warn_of_ignored(value)
            return
        counters = self._settings.counted(self._counters, value, self._is_rising())
        if self._settings.is_due(counters):
            own = self._scheduler._plan.own_factors if self._merges else {}
            decision = self._settings.decided(counters, self._rates(self._scheduler.next_position), own)
            if decision.factors:
                act = Scale.of(decision.factors, rate_keys(self._scheduler), merge=self._merges)
                self._scheduler.change(act, why=decision.why)
            counters = decision.counters
        self._counters = counters

    def settings(self) -> dict[str, Any]:
        """The settings that decide when the rate is changed, as plain numbers and strings."""
        return self._settings.by_name()

    def state_dict(self) -> dict[str, Any]:
        """The kind, the settings and the counters, as plain numbers, strings and lists."""
        return {
            "kind": self._settings.owner,
            "settings": watching_state.to_plain(self._settings),
            **self._counters.plain(),
        }

    def differences(self, state: object) -> list[str]:
        """The settings that differ between a checkpoint's state and the code, one line for each.

        Raises:
            ValueError: `state_dict` did not return the state.
        """
        saved, code = self._read(state)[0].by_name(), self.settings()
        return [
            f"{name}: checkpoint {saved[name]!r}, code {code[name]!r}" for name in code if saved[name] != code[name]
        ]

    def load_state_dict(self, state: object, keep: str | None = None) -> None:
        """Continue with the counters of a checkpoint.

        Args:
            state: What `state_dict` returned.
            keep: Which settings hold where they differ: ``"checkpoint"`` or ``"code"``. (If the code
                changes `higher_is_better`, the metric is another one, and the counters start anew.)
                None refuses a difference.

        Raises:
            ValueError: `state_dict` did not return the state, or the settings differ and `keep` does not
                say which hold. Nothing has changed.
        """
        if keep not in (None, "checkpoint", "code"):
            raise ValueError(f"`keep` must be 'checkpoint' or 'code', got {checks.shown(keep)}")
        saved, counters = self._read(state)
        if keep is None and saved != self._settings:
            raise ValueError(
                f"the settings of the {saved.owner} differ: {'; '.join(self.differences(state))}; "
                f"choose with keep='checkpoint' or keep='code'"
            )
        settings = saved if keep == "checkpoint" else self._settings
        settings.check_groups(rate_keys(self._scheduler))
        self._counters = settings.taking_over(counters, saved)
        self._settings = settings

    def _read(self, state: object) -> tuple[Settings[Any], Counters]:
        kind = kind_of(state)
        if kind != self._settings.owner:
            raise ValueError(f"a {self._settings.owner} cannot take the state of a {checks.named(kind)}")
        if isinstance(state, Mapping):
            state = {name: value for name, value in state.items() if name != "kind"}
        return watching_state.from_plain(self._settings_type, state)

    @property
    def _scheduler(self) -> WatchedScheduler:
        scheduler = self._watched()
        if scheduler is None:
            raise ValueError(f"the Scheduler of this {self._settings.owner} no longer exists: keep a reference to it")
        return scheduler

    def _rates(self, position: float) -> dict[GroupKey, float]:
        """The rate at a position of each param group on which it acts."""
        groups = self._settings.groups
        return {
            binding.group: schedule(position)
            for binding, schedule in self._scheduler._plan.schedules.items()
            if binding.key == "lr" and (groups is None or binding.group in groups)
        }

    def _is_rising(self) -> bool:
        now, one_update = self._scheduler.next_position, self._scheduler.per_update or 1
        later = self._rates(now + one_update)
        return any(later[group] > rate for group, rate in self._rates(now).items())

    def _warn_of_ignored(self, value: float) -> None:
        if not self._warned:
            self._warned = True
            warn(f"{self._settings.owner} ignores the metric {value!r}: it counts neither as bad nor as good")


def as_number(metric: SupportsFloat, owner: str) -> float:
    """A metric as a float.

    Raises:
        ValueError: It is no number.
    """
    try:
        if isinstance(metric, bool | str | bytes):
            raise TypeError
        return float(metric)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # RuntimeError: a tensor with several elements
        raise ValueError(f"{owner} needs a number for `metric`, got {checks.shown(metric)}") from None


def kind_of(state: object) -> object:
    """The kind whose state this is. The first states do not say it, and are those of a `Plateau`."""
    return state.get("kind", "Plateau") if isinstance(state, Mapping) else "Plateau"


def paired(watchers: Sequence[Watcher], states: Sequence[object]) -> list[tuple[Watcher, object]] | None:
    """Each watcher with its state in a checkpoint; None if the checkpoint has others."""
    same = [watcher._settings.owner for watcher in watchers] == [kind_of(state) for state in states]
    return list(zip(watchers, states, strict=True)) if same else None


def listed(watchers: Sequence[Watcher], states: Sequence[object]) -> str:
    """What a checkpoint and the code have, for a message."""
    saved, code = [str(kind_of(state)) for state in states], [watcher._settings.owner for watcher in watchers]
    return f"checkpoint {', '.join(saved) or 'nothing'}, code {', '.join(code) or 'nothing'}"
