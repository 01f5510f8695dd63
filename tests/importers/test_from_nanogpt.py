"""nanoGPT and nanochat: rates to check by hand, and what is refused.

The rates follow ``get_lr`` in nanoGPT's ``train.py`` and ``get_lr_multiplier`` in nanochat's ``scripts/base_train.py``.
"""

import argparse

import pytest

import lehr
from lehr.importers import from_nanochat, from_nanogpt, nanogpt

CHAT = {"warmup_steps": 2, "warmdown_ratio": 0.4, "final_lr_frac": 0.2, "num_iterations": 10}


def rates(schedule, n):
    return [round(schedule(t), 9) for t in range(n)]


def test_nanogpt():
    """Fifths up to 4/5, then 1; a cosine from 4 to 8 that passes 0.55 in the middle."""
    config = {"learning_rate": 1.0, "min_lr": 0.1, "warmup_iters": 4, "lr_decay_iters": 8, "n_layer": 12}
    schedule = from_nanogpt(config)
    assert rates(schedule, 5) == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert [schedule(6), schedule(8), schedule(9)] == pytest.approx([0.55, 0.1, 0.1])
    assert from_nanogpt(argparse.Namespace(**config)) == schedule
    assert from_nanogpt(config | {"decay_lr": False}) == lehr.Constant(1.0)


def test_nanogpt_has_the_defaults_of_its_script():
    schedule = from_nanogpt({})
    assert [schedule(2000), schedule(600_000)] == [6e-4, 6e-5]


def test_nanochat():
    """1/2, 1, then 1 up to N - D = 6, and 0.2 less an update from there."""
    assert rates(from_nanochat(CHAT, lr=1.0), 12) == [0.5, 1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2]
    assert rates(from_nanochat(CHAT, lr=1.0, after="peer"), 13)[9:] == [0.4, 0.2, 0.0, -0.2]
    ratio = {name: value for name, value in CHAT.items() if name != "warmup_steps"} | {"warmup_ratio": 0.2}
    assert from_nanochat(ratio, lr=0.5)(3) == 0.5


def test_nanochat_whose_script_computes_the_length():
    config = CHAT | {"num_iterations": -1}
    with pytest.raises(ValueError, match="`num_iterations`, which is not given: give it as training_steps="):
        from_nanochat(config, lr=1.0)
    assert from_nanochat(config, lr=1.0, training_steps=10) == from_nanochat(CHAT, lr=1.0)


def test_a_run_that_ends_in_its_warmup():
    schedule = from_nanochat(CHAT | {"warmup_steps": 40, "num_iterations": 20}, lr=1.0)
    assert [schedule(0), schedule(19), schedule(30)] == pytest.approx([1 / 40, 20 / 40, 21 / 40])


def test_a_file_of_nanochat_gives_the_factor_and_says_so():
    with pytest.warns(UserWarning, match="with a peak of 1"):
        assert nanogpt.from_config(CHAT) == from_nanochat(CHAT, lr=1.0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"warmup_iters": 5, "lr_decay_iters": 5}, "divides by lr_decay_iters - warmup_iters, got 5 for both"),
        ({"warmup_iters": 0.5}, "an integer of at least 0 for `warmup_iters`, got 0.5"),
        ({"learning_rate": "6e-4"}, "write it without quotes"),
    ],
)
def test_what_nanogpt_is_refused(config, message):
    with pytest.raises(ValueError) as refused:
        from_nanogpt(config)
    assert message in str(refused.value)


@pytest.mark.parametrize("missing", ["warmup_steps", "warmdown_ratio", "final_lr_frac"])
def test_nanochat_needs_what_its_defaults_have_changed_for(missing):
    config = {name: value for name, value in CHAT.items() if name != missing}
    with pytest.raises(ValueError, match=f"nanochat needs `{missing}`, which is not given"):
        from_nanochat(config, lr=1.0)
