"""The parts can say what others compute, to the step: torch stepped beside, other conventions transcribed.

The formulas of the libraries that are not installed here are transcriptions, so they show that the
parts can express them, not that those libraries still compute them.
"""

import math
import warnings

import pytest
from catalogue.optimizers import sgd
from torch.optim import lr_scheduler as torch_schedulers

import lehr
from lehr import Constant, Exponential, Knots, PowerLaw, Ramp, Table

STEPS = 60


def stepped(build, rate=1.0, steps=STEPS):
    """The rates of a torch scheduler, one for each update."""
    optimizer = sgd(rate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of schedulers stepped without an optimizer
        scheduler = build(optimizer)
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
    return rates


def torch_case(name, schedule, *args, steps=STEPS, **kwargs):
    return pytest.param(
        schedule,
        lambda: stepped(lambda o: getattr(torch_schedulers, name)(o, *args, **kwargs), 1.0, steps),
        id=f"torch {name} {[a for a in args if not callable(a)]} {kwargs}",
    )


def sequential(optimizer):
    first = torch_schedulers.LinearLR(optimizer, 0.1, 1.0, 5)
    second = torch_schedulers.CosineAnnealingLR(optimizer, 20)
    return torch_schedulers.SequentialLR(optimizer, [first, second], [5])


def chained(optimizer):
    parts = [torch_schedulers.ConstantLR(optimizer, 0.1, 4), torch_schedulers.ExponentialLR(optimizer, 0.9)]
    return torch_schedulers.ChainedScheduler(parts)


def cyclic(mode, **more):
    return lambda o: torch_schedulers.CyclicLR(o, 0.1, 1.0, 4, 6, mode=mode, cycle_momentum=False, **more)


def tri(height=1.0):
    return Ramp(0, 0.9, 4).then(Ramp(0.9, 0, 6)).repeat(height_factor=height)


def one_cycle_torch(n, share):
    """torch puts the top at share·n - 1, between two steps, and the end at n - 1."""
    top = share * n - 1
    return Ramp(0.04, 1.0, top, "cosine").then(Ramp(1.0, 4e-6, n - 1 - top, "cosine"))


TORCH = [
    torch_case("LambdaLR", PowerLaw(1.0, -0.5, 1), lambda t: (t + 1) ** -0.5),
    torch_case("StepLR", lehr.step_decay(max_lr=1.0, decay_steps=7, decay_factor=0.5), 7, 0.5),
    torch_case("MultiStepLR", lehr.multistep(max_lr=1.0, milestones=[5, 5, 30], decay_factor=0.3), [5, 30, 5], 0.3),
    torch_case("ConstantLR", Constant(0.3, 8).then(Constant(1.0)), 0.3, 8),
    torch_case("LinearLR", Ramp(0.25, 0.75, 9), 0.25, 0.75, 9),
    torch_case("ExponentialLR", Exponential(1.0, 0.93), 0.93),
    torch_case("PolynomialLR", Ramp(1.0, 0.0, 40, "polynomial(2.5)"), 40, 2.5),
    torch_case("CosineAnnealingLR", Ramp(1.0, 0.1, 40, "cosine"), 40, 0.1, steps=41),
    torch_case("CosineAnnealingLR", Ramp(1.0, 0.1, 20, "cosine").then(Ramp(0.1, 1.0, 20, "cosine")).repeat(), 20, 0.1),
    torch_case("CosineAnnealingWarmRestarts", lehr.cosine_restarts(max_lr=1.0, cycle_steps=10), 10),
    torch_case(
        "CosineAnnealingWarmRestarts",
        lehr.cosine_restarts(max_lr=1.0, min_lr=0.1, cycle_steps=6, length_factor=2),
        6,
        2,
        0.1,
    ),
    torch_case("OneCycleLR", one_cycle_torch(40, 0.3), 1.0, total_steps=40, steps=40),
    torch_case("OneCycleLR", one_cycle_torch(37, 0.3), 1.0, total_steps=37, steps=37),
    torch_case(
        "OneCycleLR",
        Ramp(0.04, 1.0, 0.3 * 37 - 1).then(Ramp(1.0, 0.04, 0.3 * 37 - 1), Ramp(0.04, 4e-6, 37 - 1 - 2 * 0.3 * 37 + 2)),
        1.0,
        total_steps=37,
        anneal_strategy="linear",
        three_phase=True,
        steps=37,
    ),
    pytest.param(tri() + 0.1, lambda: stepped(cyclic("triangular")), id="torch CyclicLR triangular"),
    pytest.param(tri(0.5) + 0.1, lambda: stepped(cyclic("triangular2")), id="torch CyclicLR triangular2"),
    pytest.param(
        tri() * Exponential(1, 0.97) + 0.1,
        lambda: stepped(cyclic("exp_range", gamma=0.97)),
        id="torch CyclicLR exp_range",
    ),
    pytest.param(
        Ramp(0.1, 1.0, 5).then(Ramp(1.0, 0.0, 20, "cosine")),
        lambda: stepped(sequential, steps=26),
        id="torch SequentialLR",
    ),
    pytest.param(
        Constant(0.1, 4).then(Constant(1.0)) * Exponential(1, 0.9),
        lambda: stepped(chained),
        id="torch ChainedScheduler",
    ),
]

# Warmup of W steps to 1, then down to a floor of 0.1 at T, as each library counts it.
W, T, LOW = 4, 20, 0.1
FALL = Ramp(1.0, LOW, T - W, "cosine")


def cos(p):
    return LOW + (1 - LOW) * (1 + math.cos(math.pi * p)) / 2


TRANSCRIBED = {
    "transformers cosine_with_min_lr, optax, Megatron, Keras: t/W from 0": (
        Ramp(0, 1, W).then(FALL),
        lambda t: t / W if t < W else cos((t - W) / (T - W)),
    ),
    "transformers cosine_warmup_with_min_lr, OLMo: one step early": (
        Ramp(0, 1, W).cut(1).then(Constant(1, 1), FALL.cut(1)),
        lambda t: (t + 1) / W if t < W else cos((t - W + 1) / (T - W)),
    ),
    "transformers warmup_stable_decay: from the floor": (
        Ramp(LOW, 1, W).then(Constant(1, 8), Ramp(1, LOW, T - W - 8, "cosine")),
        lambda t: LOW + 0.9 * t / W if t < W else 1.0 if t < 12 else cos((t - 12) / 8),
    ),
    "transformers cosine with 3 hard restarts": (
        Ramp(0, 1, W).then(Ramp(1, 0, (T - W) / 4, "cosine").repeat(4)),
        lambda t: t / W if t < W else (1 + math.cos(math.pi * (4 * (t - W) / (T - W) % 1))) / 2,
    ),
    "transformers cosine, one and a half turns": (
        Ramp(0, 1, W).then(Ramp(1, 0, T - W, "cosine(3)")),
        lambda t: t / W if t < W else (1 + math.cos(math.pi * 3 * (t - W) / (T - W))) / 2,
    ),
    "transformers polynomial": (
        Ramp(0, 1, W).then(Ramp(1, LOW, T - W, "polynomial(2)")),
        lambda t: t / W if t < W else LOW + 0.9 * (1 - (t - W) / (T - W)) ** 2,
    ),
    "transformers inverse_sqrt": (
        Ramp(0, 1, W).then(PowerLaw(1, -0.5, 7)),
        lambda t: t / W if t < W else ((t + 7 - W) / 7) ** -0.5,
    ),
    "timm cosine, the decay under the warmup": (
        Ramp(0.01, 1, W).then(Ramp(1, LOW, T, "cosine").cut(W)),
        lambda t: 0.01 + 0.99 * t / W if t < W else cos(t / T),
    ),
    "timm k-decay": (Ramp(1, LOW, T, "k-decay(1.5)"), lambda t: cos((t / T) ** 1.5)),
    "timm poly with k": (Ramp(1, LOW, T, "1-power(1.5, 2)"), lambda t: LOW + 0.9 * (1 - (t / T) ** 1.5) ** 2),
    "timm tanh": (
        Ramp(1, LOW, T, "tanh(-7, 3)"),
        lambda t: LOW + 0.45 * (1 - math.tanh(-7 * (1 - t / T) + 3 * t / T)),
    ),
    "timm cycles of 1.5 times the length, peaks halved above 0": (
        Ramp(1, 0, 6, "cosine").repeat(3, length_factor=1.5, height_factor=0.5),
        lambda t: next(
            0.5**i * (1 + math.cos(math.pi * (t - a) / n)) / 2
            for i, (a, n) in enumerate([(0, 6), (6, 9), (15, 13.5)])
            if t < a + n
        ),
    ),
    "timm wsd, exponential cooldown": (
        Constant(1, 10).then(Ramp(1, LOW, 10, "exponential(0.01)")),
        lambda t: 1.0 if t < 10 else LOW + 0.9 * (0.01 ** ((t - 10) / 10) - 0.01) / (1 - 0.01),
    ),
    "nanoGPT: (t + 1)/(W + 1)": (
        Ramp(0, 1, W + 1).cut(1).then(FALL),
        lambda t: (t + 1) / (W + 1) if t < W else cos((t - W) / (T - W)),
    ),
    "torchtitan: one early, a virtual last step": (
        Ramp(0, 1, W).cut(1).then(Constant(1, 2), Ramp(1, LOW, 16)),
        lambda t: (t + 1) / W if t < W else 1.0 if t < 5 else 1 - 0.9 * (t - 5) / 16,
    ),
    "nanochat: (t + 1)/W, linear over the last 40 %": (
        Ramp(0, 1, W).cut(1).then(Constant(1, 9), Ramp(1, LOW, 8)),
        lambda t: (t + 1) / W if t < W else 1.0 if t <= 12 else 1 - 0.9 * (t - 12) / 8,
    ),
    "DeepSpeed WarmupCosine: one late": (
        Ramp(0, 1, W).shift(1).then(FALL.cut(1)),
        lambda t: max(t - 1, 0) / W if t - 1 < W else cos((t - W) / (T - W)),
    ),
    "DeepSpeed WarmupLR: logarithmic": (
        Ramp(0, 1, 9, "log").cut(0, 8).then(Constant(1)),
        lambda t: min(1.0, math.log(t + 1) / math.log(9)),
    ),
    "Megatron inverse square root to a floor": (
        Ramp(0, 1, W).then(PowerLaw(1, -0.5, W).clip(lo=0.5)),
        lambda t: t / W if t < W else max(0.5, math.sqrt(W / t)),
    ),
    "Keras inverse time": (PowerLaw(1, -1, 8), lambda t: 1 / (1 + t / 8)),
    "Keras polynomial with cycle: the horizon grows": (
        Ramp(1, LOW, 8).then(*(Ramp(1, LOW, 8 * i).cut(8 * (i - 1)) for i in (2, 3, 4))),
        lambda t: LOW + 0.9 * (1 - t / (8 * max(1, math.ceil((t + 1) / 8)))),
    ),
    "fairseq tri-stage": (
        Ramp(LOW, 1, 5).then(Constant(1, 5), Ramp(1, 0.05, 10, "exponential")),
        lambda t: LOW + 0.9 * t / 5 if t < 5 else 1.0 if t < 10 else 0.05 ** ((t - 10) / 10),
    ),
    "fairseq2 Noam, not normalised": (
        Ramp(0, W**-0.5, W).then(PowerLaw(W**-0.5, -0.5, W)),
        lambda t: min(t**-0.5, t * W**-1.5) if t else 0.0,
    ),
    "mmengine linear: the end inside the window": (Ramp(1, LOW, T - 1), lambda t: 1 - 0.9 * t / (T - 1)),
    "pytorch_scheduler's Chebyshev: half a step on": (
        Ramp(1, LOW, T, "cosine").cut(0.5),
        lambda t: cos((t + 0.5) / T),
    ),
    "pytorch_scheduler hyperbolic": (
        Table(
            [
                1 + 0.9 * (math.sqrt((T - t) / 30 * (2 - (T + t) / 30)) - math.sqrt(T / 30 * (2 - T / 30)))
                for t in range(T)
            ]
        ),
        lambda t: 1 + 0.9 * (math.sqrt((T - t) / 30 * (2 - (T + t) / 30)) - math.sqrt(T / 30 * (2 - T / 30))),
    ),
    "pytorch_optimizer rex": (
        Ramp(1, LOW, T, "rex"),
        lambda t: LOW + 0.9 * (1 - t / T) / (1 - t / T / 2),
    ),
    "pytorch_warmup exponential: 1 - e^-(t + 1)/τ": (
        Ramp(0, 1, 30, "saturating").cut(1),
        lambda t: 1 - math.exp(-(t + 1) / 30),
    ),
    "slanted triangular": (
        Ramp(1 / 32, 1, 5).then(Ramp(1, 1 / 32, 15)),
        lambda t: (1 + (t / 5 if t < 5 else 1 - (t - 5) / 15) * 31) / 32,
    ),
    "torch_schedule_anything: a quarter of a cosine": (
        Ramp(0, 1, W).then(Ramp(1, LOW, T - W, "quarter-cosine")),
        lambda t: t / W if t < W else LOW + 0.9 * math.cos(math.pi * (t - W) / (T - W) / 2),
    ),
    "OLMo half cosine: its second half": (
        Ramp(0, 1, W).then(Ramp(1, LOW, 2 * (T - W), "cosine").cut(T - W)),
        lambda t: t / W if t < W else cos(0.5 + (t - W) / (T - W) / 2),
    ),
    "fvcore composite with a fixed child": (
        Constant(1, 8).then(Ramp(1, LOW, T, "cosine").cut(8)),
        lambda t: 1.0 if t < 8 else cos(t / T),
    ),
    "ignite piecewise linear": (
        Knots([0, 5, 20], [LOW, 1, 0.3]),
        lambda t: LOW + 0.9 * t / 5 if t < 5 else 1 - 0.7 * (t - 5) / 15,
    ),
    "learning-rate finder": (
        Ramp(1e-6, 1, T - 1, "exponential"),
        lambda t: 1e-6 * 1e6 ** (t / (T - 1)),
    ),
}


@pytest.mark.parametrize(("schedule", "rates"), TORCH)
def test_torch(schedule, rates):
    theirs = rates()
    assert [schedule(t) for t in range(len(theirs))] == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("case", TRANSCRIBED)
def test_transcribed(case):
    schedule, formula = TRANSCRIBED[case]
    assert [schedule(t) for t in range(T)] == pytest.approx([formula(t) for t in range(T)], rel=1e-12, abs=1e-15)


def test_exact_restarts_where_a_logarithm_fails():
    """ln(81)/ln(3) is 4 minus a bit: peers that take its floor give the bottom of a cycle for its top."""
    for factor in range(2, 12):
        schedule = lehr.cosine_restarts(max_lr=1.0, cycle_steps=10, length_factor=factor)
        tops = [10 * (factor**i - 1) // (factor - 1) for i in range(8)]
        assert [schedule(top) for top in tops] == [1.0] * 8
        assert max(schedule(top - 1) for top in tops[2:]) < 0.01
