"""What the tests of torch's schedulers share: optimizers, the values that their updates use, and a comparison."""

import warnings

import torch
from catalogue.optimizers import groups
from catalogue.trainers import quietly

KEYS = {"momentum": lambda group: group["momentum"], "betas[0]": lambda group: group["betas"][0]}


def sgd(*rates, **settings):
    return torch.optim.SGD(groups(*rates, **settings), momentum=0.9)


def adam(*rates, **settings):
    return torch.optim.Adam(groups(*rates, **settings))


def used(optimizer, scheduler, updates, key="lr", group=0):
    """The values that so many updates use, with the scheduler stepped after each; fewer where torch raises."""
    values = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(updates):
            held = optimizer.param_groups[group]
            values.append(float(KEYS.get(key, lambda held: held["lr"])(held)))
            optimizer.step()
            try:
                scheduler.step()
            except (ValueError, ArithmeticError):
                break
    return values


def all_used(optimizer, scheduler, updates):
    """Rate and momentum of every group in each update."""
    rows = []
    for _ in range(updates):
        momentum = "betas[0]" if "betas" in optimizer.param_groups[0] else "momentum"
        rows.append([(float(g["lr"]), float(KEYS[momentum](g))) for g in optimizer.param_groups])
        for held in optimizer.param_groups:
            for weights in held["params"]:
                weights.grad = torch.ones_like(weights)
        quietly(optimizer.step)
        quietly(scheduler.step)
    return rows


DRIFT = 5e-16
"""Of the highest rate, in each step: so much torch's recursions, and the phase of its CyclicLR, lose by rounding."""
DRIFT_OF_COSINE = 1e-14
"""The same where a CosineAnnealingLR goes past its end, near which its recursion divides numbers that are almost 0."""


def assert_same(ours, theirs, drift=DRIFT):
    """Within 1e-12 of the rate, and what torch loses by rounding."""
    peak = max(map(abs, theirs))
    for step, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        allowed = 1e-12 * abs(their) + drift * (step + 2) * peak
        assert abs(our - their) <= allowed, f"step {step}: {our!r} and torch's {their!r}"


def assert_reads(build, steps, make=sgd, rates=(1.0,), key="lr", group=0, drift=DRIFT, **options):
    """The schedule of a new scheduler has the values that its updates use; reading it changes nothing."""
    from lehr.importers import from_torch

    optimizer = make(*rates)
    scheduler = quietly(lambda: build(optimizer))
    before = repr((scheduler.state_dict(), optimizer.state_dict()))
    schedule = from_torch(scheduler, key=key, group=group, **options)
    assert repr((scheduler.state_dict(), optimizer.state_dict())) == before
    theirs = used(optimizer, scheduler, steps, key, group)
    assert_same([schedule(step) for step in range(len(theirs))], theirs, drift)
    assert from_torch(scheduler, key=key, group=group, **options) == schedule  # wherever it stands now
    return schedule
