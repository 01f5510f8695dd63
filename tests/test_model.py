"""Any sequence of operations on a Scheduler, beside a model of what they mean that is too simple to be wrong."""

import copy
import pickle
import warnings
from typing import NamedTuple

import pytest
import torch
from catalogue.optimizers import parameter, rates_of, through_a_file
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import lehr
from lehr import Constant, Scheduler, control

SCHEDULES = {
    "linear": lehr.linear(40, 5, max_lr=1.0),
    "cosine": lehr.cosine(30, 3, max_lr=1.0, min_lr=0.1),
    "wsd": lehr.wsd(50, 4, max_lr=0.8, decay_steps=20),
    "constant": Constant(0.5),
    "endless": lehr.inverse_sqrt(warmup_steps=6, max_lr=1.0),
    "product": lehr.linear(40, max_lr=1.0) * lehr.cosine(30, max_lr=1.0) + 0.25,
}
RATES = st.sampled_from([1.0, 0.5, 0.1, 0.03125])
LATE = [f"late {n}" for n in range(4)]
SCALES = {
    "nothing": None,
    "same": "same",
    "ratio": "ratio",
    "names": {0: 1.0, "group 0": 1.0, "group 1": 0.3, "group 2": 0.0, **dict.fromkeys(LATE, 0.7)},
}
positions = st.integers(0, 80)
lengths = st.integers(1, 60)

REFUSED = [
    lambda s: s.step(-1),
    lambda s: s.step("3"),
    lambda s: s.step(0.5),
    lambda s: s.step(10**18),
    lambda s: s.step(1, epoch=1),
    lambda s: s.advance(-1),
    lambda s: s.advance(1.5),
    lambda s: s.advance(10**18),
    lambda s: s.change("cooldown"),
    lambda s: s.scale(float("nan")),
    lambda s: s.scale(-1),
    lambda s: s.scale(0.5, why="two\nlines"),
    lambda s: s.rebase("3e-4"),
    lambda s: s.dip(1.5, 10),
    lambda s: s.cooldown(0),
    lambda s: s.cooldown(10, to=100.0),
    lambda s: s.cooldown(10, shape="wish"),
    lambda s: s.extend(0),
    lambda s: s.extend(500, policy="wish"),
    lambda s: s.amend(0.1),
    lambda s: s.load_state_dict({}),
    lambda s: s.load_state_dict(s.state_dict() | {"position": s.next_position + 1}),
    lambda s: s.load_state_dict(s.state_dict(), keep="mine"),
    lambda s: Scheduler(s.optimizer, Constant(3.0)),
]


class Piece(NamedTuple):
    """A schedule from a position on, counted from there."""

    start: int
    rate: object
    length: int | None


class Model:
    """What a run is: a position, pieces of schedules, a factor for each group, and what the groups hold."""

    def __init__(self, schedule, rates, names, scale, per_update):
        self.rule, self.top, self.per_update = scale, max(rates), per_update
        self.names, self.factors, self.held = list(names), [], list(rates)
        self.foreign = {}  # what others wrote since, by index
        self.pieces = [Piece(0, schedule, schedule.length)]
        self.position = self.updates = self.skipped = self.pending = 0
        self.used = self.heard = self.following = self.is_stretched = False
        self.last_used, self.history = None, []
        self.write()

    # Rates.

    def rate(self, t):
        piece = [piece for piece in self.pieces if piece.start <= t][-1]
        return piece.rate(t - piece.start)

    @property
    def end(self):
        last = self.pieces[-1]
        return None if last.length is None else last.start + last.length

    @property
    def next_position(self):
        return self.position + (self.per_update or 0) * self.used

    def factor(self, index):
        if self.rule == "ratio":
            return self.held[index] / self.top
        return self.rule[self.names[index]] if isinstance(self.rule, dict) else 1.0

    def all_factors(self):
        return self.factors + [self.factor(index) for index in range(len(self.factors), len(self.held))]

    def write(self):
        """Give every group what the schedule says; a late one has a factor from now on."""
        self.factors, self.foreign, self.is_copied = self.all_factors(), {}, False

    def expected(self):
        return [self.rate(self.position) * factor for factor in self.all_factors()]

    # Operations.

    def go_to(self, position):
        self.position, self.used, self.pending = position, False, 0
        self.write()

    def step(self, position):
        if self.following and self.last_used is not None and position != self.position:
            self.skipped += 1
        else:
            self.go_to(position)

    def advance(self, n):
        if self.following and self.last_used is not None:
            self.skipped += n > 0
        else:
            pending = max(0, self.pending - n)
            self.go_to(self.position + max(0, n - self.pending))
            self.pending = pending

    def step_on(self, has_gradients):
        heard, self.heard = self.heard, False
        if self.used and not self.following:
            self.go_to(self.position + self.per_update)
        elif not self.updates and not has_gradients:
            if not self.following:
                self.go_to(self.position + self.per_update)
        else:
            self.skipped += not heard

    def update(self):
        foreign = [value for index, value in self.foreign.items() if index < len(self.factors)]
        if foreign and not any(foreign):
            return  # torch's own, which creates a state
        if self.following:
            self.write()
        self.updates += 1
        self.used = self.heard = True
        self.last_used, self.pending = self.position, 0
        if self.following:
            self.go_to(self.position + self.per_update)

    def change(self, what, rest, length):
        at = self.next_position
        self.pieces = [piece for piece in self.pieces if piece.start < at] + [Piece(at, rest, length)]
        self.history.append((at, what))
        self.write()


def rates_of_state(state):
    return [float(group["lr"]) for group in state["param_groups"]]


class Run(RuleBasedStateMachine):
    """The operations, and what must hold after each."""

    @initialize(
        schedule=st.sampled_from(list(SCHEDULES)),
        rates=st.lists(RATES, min_size=1, max_size=3),
        scale=st.sampled_from(list(SCALES)),
        unit=st.sampled_from([("steps", None), ("steps", None), ("samples", 7), ("tokens", None)]),
        tensor=st.booleans(),
        gradient=st.booleans(),
    )
    def begin(self, schedule, rates, scale, unit, tensor, gradient):
        self.schedule, self.scale, self.tensor, self.gradient = SCHEDULES[schedule], SCALES[scale], tensor, gradient
        self.unit, per_update = unit
        self.per_update = 1 if self.unit == "steps" else per_update
        self.starts, self.names = list(rates), [f"group {n}" for n in range(len(rates))]
        self.optimizer = self.new_optimizer()
        self.scheduler = self.new_scheduler(self.optimizer)
        self.model = Model(self.schedule, self.starts, self.names, self.scale, self.per_update)
        self.states, self.optimizer_states = [], []

    def new_optimizer(self):
        return torch.optim.SGD([self.group(rate, name) for rate, name in zip(self.starts, self.names, strict=True)])

    def group(self, rate, name):
        rate = torch.tensor(rate, dtype=torch.float64) if self.tensor else rate
        return {"params": [parameter(gradient=self.gradient)], "lr": rate, "name": name}

    def new_scheduler(self, optimizer):
        per_update = None if self.unit == "steps" else self.per_update
        return Scheduler(optimizer, self.schedule, group_scale=self.scale, unit=self.unit, per_update=per_update)

    # Moving.

    @rule(t=positions)
    def step_to(self, t):
        self.scheduler.step(t)
        self.model.step(t)

    @rule()
    def step_to_the_next(self):
        self.step_to(self.model.next_position)

    @precondition(lambda self: self.per_update)
    @rule()
    def step_on(self):
        self.scheduler.step()
        self.model.step_on(self.gradient)

    @precondition(lambda self: not self.per_update)
    @rule()
    def step_on_is_refused(self):
        self.refused(lambda s: s.step())
        self.refused(lambda s: s.follow())

    @rule(n=st.integers(0, 20))
    def advance(self, n):
        self.scheduler.advance(n)
        self.model.advance(n)

    @precondition(lambda self: self.per_update)
    @rule()
    def follow(self):
        self.scheduler.follow()
        self.model.following = True

    @rule(times=st.integers(1, 3))
    def update(self, times):
        for _ in range(times):
            self.optimizer.step()
            self.model.update()

    # Changes.

    def changed(self, act, rest, length):
        on, _ = self.ahead()
        if self.scheduler.schedule.cut(self.model.next_position)._highest == 0 and not any(map(rest, range(100))):
            assert not any(map(on, range(100)))
            self.refused(lambda s: s.change(act, why="because"))
            return
        self.scheduler.change(act, why="because")
        self.model.change(self.scheduler.history[-1].what, rest, length)
        assert self.scheduler.history[-1].what.startswith(type(act).__name__.lower())

    def ahead(self):
        """The rate as it would go on, and for how long."""
        at, before, end = self.model.next_position, copy.copy(self.model), self.model.end
        return (lambda t: before.rate(at + t)), (None if end is None else max(0, end - at))

    @rule(factor=st.sampled_from([0.5, 2.0, 0.0, 1.0]))
    def scale_rates(self, factor):
        on, left = self.ahead()
        self.changed(control.Scale(factor), lambda t: factor * on(t), left)

    @rule(lr=st.sampled_from([0.25, 2.0]))
    def rebase(self, lr):
        on, left = self.ahead()
        top = on(0) * max(self.model.all_factors())
        if top:
            self.changed(control.Rebase(lr), lambda t: on(t) * (lr / top), left)
        else:
            self.refused(lambda s: s.rebase(lr))

    @rule(steps=lengths, share=st.sampled_from([0.0, 0.5, 1.0]))
    def cooldown(self, steps, share):
        start = self.scheduler.schedule(self.model.next_position)
        to = start * share
        self.changed(control.Cooldown(steps, to, "linear"), lambda t: start + (to - start) * min(1, t / steps), steps)

    @rule(factor=st.sampled_from([0.0, 0.5, 1.0]), recover=lengths)
    def dip(self, factor, recover):
        on, left = self.ahead()
        stop = left or recover  # what is over before the dip is, stays where it is

        def rest(t):
            return on(t) * (factor + (1 - factor) * min(1, (t if left is None else min(t, stop)) / recover))

        self.changed(control.Dip(factor, recover), rest, None if left is None else left or recover)

    @rule(more=st.integers(0, 60))
    def extend(self, more):
        on, left = self.ahead()
        end = self.model.next_position + more
        if self.model.end is None or not more or (not left and not on(0)):
            self.refused(lambda s: s.extend(end))
        elif left:
            self.model.is_stretched = True
            self.changed(control.Extend(end), lambda t: on(min(t, more) * left / more), more)
        else:
            self.changed(control.Extend(end), lambda t: on(0), more)

    @rule(name=st.sampled_from(list(SCHEDULES)))
    def amend(self, name):
        self.changed(control.Amend(SCHEDULES[name]), SCHEDULES[name], SCHEDULES[name].length)

    # What others do to the optimizer.

    @rule(index=st.integers(0, 5), value=st.sampled_from([0.0, 0.75]), every=st.booleans())
    def somebody_writes(self, index, value, every):
        for at, group in enumerate(self.optimizer.param_groups):
            if every or at == index:
                if self.tensor:
                    group["lr"].fill_(value)
                else:
                    group["lr"] = value
                self.model.held[at] = value
                self.model.foreign.pop(at, None)
                if at >= len(self.model.factors) or value != self.model.expected()[at]:
                    self.model.foreign[at] = value

    @precondition(lambda self: len(self.starts) < 6 and LATE[-1] not in self.names)
    @rule(rate=st.one_of(RATES, st.just("the float of the first group")))
    def add_a_group(self, rate):
        name = f"group {len(self.starts)}"
        if self.scale is SCALES["names"]:
            name = next(name for name in LATE if name not in self.names)
        group = self.group(rate if isinstance(rate, float) else self.model.held[0], name)
        if not isinstance(rate, float) and not self.tensor:
            group["lr"] = self.optimizer.param_groups[0]["lr"]  # the very object, which looks as if it had been written
        self.optimizer.add_param_group(group)
        self.starts.append(float(group["lr"]))
        self.names.append(name)
        self.model.names.append(name)
        self.model.held.append(float(group["lr"]))

    @rule()
    def save_the_optimizer(self):
        self.optimizer_states.append((len(self.starts), copy.deepcopy(self.optimizer.state_dict())))

    @precondition(lambda self: self.optimizer_states)
    @rule(data=st.data())
    def load_the_optimizer(self, data):
        groups, state = data.draw(st.sampled_from(self.optimizer_states))
        if groups == len(self.starts):
            self.optimizer.load_state_dict(copy.deepcopy(state))
            self.model.held = rates_of_state(state)
            self.model.write()

    # Saving, copying, building anew.

    @rule(file=st.booleans())
    def save(self, file):
        if len(self.model.factors) == len(self.starts):
            state = self.scheduler.state_dict()
            saved = copy.deepcopy(self.model)
            saved.position, saved.used = saved.next_position, False
            saved.pending = self.pending_in_a_state()
            self.states.append((len(self.starts), through_a_file(state) if file else state, saved))

    def pending_in_a_state(self):
        if self.unit == "steps":
            return self.model.pending
        return (self.per_update or 0) if self.model.used else self.model.pending

    @precondition(lambda self: self.states)
    @rule(data=st.data(), fresh=st.booleans())
    def load(self, data, fresh):
        groups, state, saved = data.draw(st.sampled_from(self.states))
        if groups != len(self.starts):
            return
        before = self.model
        if fresh:
            self.optimizer = self.new_optimizer()
            self.scheduler = self.new_scheduler(self.optimizer)
        self.scheduler.load_state_dict(copy.deepcopy(state), keep="checkpoint")
        self.model = copy.deepcopy(saved)
        self.model.following = before.following and not fresh
        self.model.skipped, self.model.heard = (0, False) if fresh else (before.skipped, before.heard)
        if fresh:  # the ratios of groups that come later are to the rates that this optimizer started with
            self.model.top = max(self.starts)
        self.model.last_used = None
        self.model.held = rates_of(self.optimizer)
        self.model.foreign = {}

    @precondition(lambda self: not self.model.foreign)
    @rule(way=st.sampled_from(["pickle", "deepcopy", "the Scheduler alone"]))
    def copy(self, way):
        self.model.is_copied, self.gradient = True, False  # torch copies no gradients
        if way == "pickle":
            self.optimizer, self.scheduler = pickle.loads(pickle.dumps((self.optimizer, self.scheduler)))
        elif way == "deepcopy":
            self.scheduler, self.optimizer = copy.deepcopy((self.scheduler, self.optimizer))
        else:
            self.scheduler = pickle.loads(pickle.dumps(self.scheduler))
            self.optimizer = self.scheduler.optimizer

    @rule(name=st.sampled_from(list(SCHEDULES)))
    def detach_and_build_anew(self, name):
        self.scheduler.detach()
        self.schedule, self.scale = SCHEDULES[name], "same"
        self.scheduler = self.new_scheduler(self.optimizer)
        self.model = Model(self.schedule, [1.0] * len(self.starts), self.names, "same", self.per_update)
        self.states, self.optimizer_states = [], []

    # What is refused changes nothing.

    @rule(call=st.sampled_from(REFUSED))
    def refuse(self, call):
        self.refused(call)

    def refused(self, call):
        before = self.everything()
        with pytest.raises(ValueError):
            call(self.scheduler)
        assert self.everything() == before

    def everything(self):
        s = self.scheduler
        seen = (s.state_dict(), rates_of(self.optimizer), repr(s.schedule), s.position, s.next_position)
        return (*seen, s.updates, s.skipped, list(s.history), s.get_last_lr(), s.next_lrs, s.last_used_lrs)

    # What holds after each operation.

    @invariant()
    def the_scheduler_is_where_the_model_is(self):
        s, model = self.scheduler, self.model
        assert (s.position, s.next_position) == (model.position, model.next_position)
        assert (s.updates, s.skipped) == (model.updates, model.skipped)
        assert s.training_steps == model.end
        assert [(change.position, change.what) for change in s.history] == model.history

    @invariant()
    def the_rates_are_those_of_the_schedule(self):
        s, model = self.scheduler, self.model
        rate, factors = s.schedule(model.position), model.all_factors()
        expected = [rate * factor for factor in factors]
        assert s.get_lr() == expected
        assert s.current_lr == max(expected)
        assert s.next_lrs == [s.schedule(model.next_position) * factor for factor in factors]
        known = len(model.factors)
        wanted = {**dict(enumerate(expected[:known])), **dict(enumerate(model.held[known:], known)), **model.foreign}
        assert rates_of(self.optimizer) == list(wanted.values())
        model.held = list(wanted.values())
        if not model.foreign and known == len(factors):
            s.check()

    @invariant()
    def the_schedule_is_that_of_the_model(self):
        s, model = self.scheduler, self.model
        # A stretch sets lengths to a multiple of 1/1024.
        error = {"abs": 0.01, "rel": 0.01} if model.is_stretched else {"abs": 1e-12, "rel": 1e-9}
        for t in (0, model.position, model.next_position, 7, 20, 33, 61, 100):
            assert s.schedule(t) == pytest.approx(model.rate(t), **error)


def check(sequences, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = settings(
            max_examples=sequences,
            stateful_step_count=steps,
            deadline=None,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink],
            database=None,
        )
        run_state_machine_as_test(Run, settings=options)


def test_any_sequence_of_operations_is_what_the_model_says():
    check(sequences=250, steps=30)
