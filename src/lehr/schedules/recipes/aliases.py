"""What other libraries call lehr's schedules and settings. Only error messages use these names.

The names are those of torch, transformers, timm, Keras, optax, DeepSpeed and Megatron-LM. Upper and
lower case, ``-`` and ``_`` do not matter in the names of schedules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .. import checks

_SCHEDULES = {
    "constant": "ConstantLR constant_schedule fixed flat",
    "constant_with_warmup": "WarmupLR warmup_constant_schedule get_constant_schedule_with_warmup",
    "cosine": """CosineAnnealingLR CosineLRScheduler CosineDecay cosine_decay cosine_annealing cosine_with_warmup
        cosine_with_min_lr cosine_warmup_with_min_lr warmup_cosine warmup_cosine_decay cosine_decay_schedule
        warmup_cosine_decay_schedule WarmupCosineLR get_cosine_schedule_with_warmup""",
    "cosine_restarts": """CosineAnnealingWarmRestarts CosineDecayRestarts cosine_with_restarts sgdr sgdr_schedule
        cosine_annealing_warm_restarts get_cosine_with_hard_restarts_schedule_with_warmup""",
    "exponential": "ExponentialLR ExponentialDecay exponential_decay warmup_exponential_decay_schedule",
    "infinite": "infinite_lr",
    "inverse_time": "InverseTimeDecay inverse_time_decay",
    "k_decay": "kdecay",
    "inverse_sqrt": "inverse_square_root rsqrt inv_sqrt get_inverse_sqrt_schedule",
    "linear": """LinearLR linear_schedule linear_decay linear_with_warmup WarmupDecayLR
        get_linear_schedule_with_warmup""",
    "multistep": "MultiStepLR MultiStepLRScheduler piecewise_constant_schedule milestones",
    "piecewise_constant": "PiecewiseConstantDecay piecewise manual",
    "noam": "transformer",
    "one_cycle": "OneCycleLR OneCycle 1cycle linear_onecycle_schedule cosine_onecycle_schedule super_convergence",
    "polynomial": """PolynomialLR PolynomialDecay PolyLRScheduler poly polynomial_schedule polynomial_decay
        get_polynomial_decay_schedule_with_warmup""",
    "power": "power_lr power_decay",
    "range_test": "LRRangeTest lr_finder lr_find LearningRateFinder",
    "rex": "reflected_exponential",
    "step_decay": "StepLR StepLRScheduler step step_lr stepwise",
    "tanh_decay": "TanhLRScheduler tanh",
    "trapezoid": "trapezoidal warmup_hold_linear",
    "triangular": "CyclicLR cyclic clr",
    "wsd": "warmup_stable_decay get_wsd_schedule minus_sqrt tri_stage TriStageLR",
}
"""Our name -> the names that other libraries use for it, separated by spaces."""

_ELSEWHERE = {
    **dict.fromkeys(
        ("reducelronplateau", "reduce_lr_on_plateau", "plateau"),
        "add a lehr.Plateau to a Scheduler: it lowers the rate of any schedule",
    ),
    "lambdalr": "tabulate the function: lehr.tabulate(function, N)",
    **dict.fromkeys(("greedy", "greedylr"), "add a lehr.Greedy to a Scheduler: it raises and lowers the rate"),
    "multiplicativelr": "tabulate the rates: lehr.Table([...])",
    "sequentiallr": "put one schedule after another: a.then(b)",
    "join_schedules": "put one schedule after another: a.then(b)",
    "chainedscheduler": "multiply schedules: a * b",
}
"""Another library's name in lower case -> how to do the same in lehr, which has no schedule for it."""

_SETTINGS = {
    "training_steps": """T_max total_steps total_iters num_training_steps total_num_steps max_steps num_steps n_steps
        max_iters train_iters t_initial transition_steps lr_decay_steps lr_decay_iters decay_steps steps
        max_updates total_updates num_updates N""",
    "warmup_steps": """num_warmup_steps warmup_t warmup_num_steps lr_warmup_steps lr_warmup_iters warmup_iters
        warmup_ratio warmup_fraction pct_start warmup warmup_updates num_warmup W""",
    "max_lr": """base_lr lr learning_rate peak_lr peak_value initial_lr initial_learning_rate init_value
        warmup_target warmup_max_lr cycle_max_lr peak lr_max""",
    "min_lr": """eta_min lr_min end_lr lr_end end_value end_learning_rate final_lr min_lr_ratio min_lr_rate
        final_div_factor cos_min_ratio cycle_min_lr alpha alpha_f floor base_lr""",
    "warmup_start_lr": "warmup_lr_init warmup_min_lr init_lr init_value lr_warmup_init init_lr_scale",
    "warmup_shape": "warmup_type warmup_style warmup_strategy",
    "rise_steps": "step_size_up",
    "cycles": "num_cycles",
    "peak_factor": "cycle_decay",
    "start_lr": "div_factor warmup_lr_init warmup_min_lr init_lr init_value initial_lr",
    "decay_steps": "step_size decay_t num_decay_steps wsd_decay_steps cooldown_steps decay_every",
    "decay_factor": "gamma decay_rate drop factor",
    "decay_shape": "decay_type wsd_decay_style cooldown_type cooldown_shape",
    "cycle_steps": """T_0 cycle_length first_decay_steps step_size_up cycle_first_step_size t_initial""",
    "length_factor": "T_mult t_mul cycle_mul cycle_mult",
    "height_factor": "m_mul cycle_decay gamma",
    "shape": "anneal_strategy mode",
    "ramps": "three_phase",
    "milestones": "boundaries decay_epochs boundaries_and_scales",
    "timescale": "T0 scale",
    "model_dim": "d_model hidden_size",
}
"""Our setting -> the names that other libraries use for it. Of several settings for one name, the first that is
among the schedule's and is not given yet is suggested."""


def unknown_schedule(name: object, known: Iterable[str]) -> str:
    """Return the message for the name of a schedule that does not exist.

    >>> print(unknown_schedule("CosineAnnealingLR", ["linear", "cosine"]))
    unknown schedule 'CosineAnnealingLR'; did you mean 'cosine'? Available: linear, cosine
    >>> print(unknown_schedule("SequentialLR", ["linear", "cosine"]))
    unknown schedule 'SequentialLR'; put one schedule after another: a.then(b). Available: linear, cosine
    """
    known = list(known)
    elsewhere = _ELSEWHERE.get(name.lower()) if isinstance(name, str) else None
    if elsewhere:
        return f"unknown schedule {checks.shown(name)}; {elsewhere}. Available: {', '.join(known)}"
    aliases = {theirs: ours for ours, names in _SCHEDULES.items() if ours in known for theirs in names.split()}
    return checks.unknown("schedule", name, known, aliases)


def unknown_setting(owner: str, word: object, known: Iterable[str], given: Collection[object] = ()) -> str:
    """Return the message for a setting that ``owner`` does not have.

    Args:
        owner: The schedule.
        word: The name that it does not know.
        known: Its settings.
        given: The settings that were given, which are not suggested again.

    >>> print(unknown_setting("cosine", "T_max", ["training_steps", "max_lr"]))
    cosine has no setting `T_max`; did you mean `training_steps`? Available: training_steps, max_lr
    """
    known = list(known)
    free = [name for name in known if name not in given]
    return f"{owner} has no setting `{checks.named(word)}`; {setting_meant(word, free)}Available: {', '.join(known)}"


def setting_meant(word: object, free: Iterable[str]) -> str:
    """``did you mean ...? `` for the one of the free settings that is meant, or nothing.

    >>> setting_meant("total_iters", ["warmup_steps", "training_steps"])
    'did you mean `training_steps`? '
    """
    free = list(free)
    aliases = {theirs: ours for ours in reversed(_SETTINGS) if ours in free for theirs in _SETTINGS[ours].split()}
    return checks.suggestion(word, free, aliases).replace("'", "`")
