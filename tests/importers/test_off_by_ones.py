"""The same warmup and decay in each framework, side by side: where each begins, peaks and ends.

Peak 1, floor 0.1, a warmup of 4 and a run of 20 updates. The values of the cosine are 0.1 + 0.9 (1 + cos(πk/16)) / 2:
0.9914 after one of its 16 steps, 0.9657 after two, and 0.1086 one before its end.
"""

import pytest

from lehr import importers

AT = (0, 1, 3, 4, 5, 19, 20, 25)
COSINE = {"warmup_num_steps": 4, "total_num_steps": 20, "cos_min_ratio": 0.1}


def deepspeed(kind):
    params = COSINE | {"warmup_type": kind}
    return importers.from_deepspeed({"scheduler": {"type": "WarmupCosineLR", "params": params}}, lr=1.0)


def megatron():
    args = {"lr": 1.0, "min_lr": 0.1, "lr_decay_style": "cosine", "train_iters": 20, "lr_warmup_iters": 4}
    return importers.from_megatron(args)


def olmo():
    return importers.from_olmo({"type": "cos_with_warmup", "warmup": 4, "alpha_f": 0.1}, lr=1.0, training_steps=20)


def torchtitan():
    scheduler = {"warmup_steps": 4, "decay_type": "cosine", "min_lr_factor": 0.1}
    return importers.from_torchtitan({"training": {"steps": 20}, "optimizer": {"lr": 1.0}, "lr_scheduler": scheduler})


def composer():
    scheduler = {"name": "cosine_with_warmup", "t_warmup": "4ba", "alpha_f": 0.1}
    return importers.from_composer(scheduler, lr=1.0, max_duration="20ba")


def fairseq():
    args = {"lr_scheduler": "cosine", "lr": [1.0], "min_lr": 0.1, "warmup_updates": 4, "max_update": 20}
    with pytest.warns(UserWarning, match="begins its next cycle after step 20"):
        return importers.from_fairseq(args | {"warmup_init_lr": 0.0})


def nanogpt():
    args = {"learning_rate": 1.0, "min_lr": 0.1, "warmup_iters": 4, "lr_decay_iters": 20}
    return importers.from_nanogpt(args)


def nanochat():
    args = {"warmup_steps": 4, "warmdown_ratio": 0.4, "final_lr_frac": 0.1, "num_iterations": 20}
    return importers.from_nanochat(args, lr=1.0, after="peer")


KNOWN = {
    "nanoGPT": (nanogpt, (0.2, 0.4, 0.8, 1, 0.9914, 0.1086, 0.1, 0.1)),
    "Megatron": (megatron, (0, 0.25, 0.75, 1, 0.9914, 0.1086, 0.1, 0.1)),
    "Composer": (composer, (0, 0.25, 0.75, 1, 0.9914, 0.1086, 0.1, 0.1)),
    "fairseq": (fairseq, (0, 0.25, 0.75, 1, 0.9914, 0.1086, 0.1, 0.1)),
    "DeepSpeed linear": (lambda: deepspeed("linear"), (0, 0, 0.5, 0.75, 0.9914, 0.1086, 0.1, 0.1)),
    "DeepSpeed log": (lambda: deepspeed("log"), (0, 0, 0.7925, 1, 0.9914, 0.1086, 0.1, 0.1)),
    "OLMo": (olmo, (0.25, 0.5, 1, 0.9914, 0.9657, 0.1, 0.1, 0.1)),
    "torchtitan": (torchtitan, (0.25, 0.5, 1, 1, 0.9914, 0.1086, 0.1, 0.1)),
    "nanochat, linear over 40 %": (nanochat, (0.25, 0.5, 1, 1, 1, 0.2125, 0.1, -0.4625)),
}


@pytest.mark.parametrize("framework", KNOWN)
def test_warmup_and_decay(framework):
    build, rates = KNOWN[framework]
    schedule = build()
    assert [schedule(t) for t in AT] == pytest.approx(rates, abs=5e-5)
