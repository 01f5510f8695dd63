"""Schedules of other libraries, as schedules of lehr: one file a framework.

Each ``from_…`` function returns a `Schedule` whose value at ``t`` is the rate that update ``t`` really uses there,
off-by-ones included. A framework is imported only where its own objects are read.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from .composer import from_composer as from_composer
    from .deepspeed import from_deepspeed as from_deepspeed
    from .deepspeed import hyperparameters_from_deepspeed as hyperparameters_from_deepspeed
    from .fairseq import from_fairseq as from_fairseq
    from .ignite import from_ignite as from_ignite
    from .keras import from_keras as from_keras
    from .megatron import from_megatron as from_megatron
    from .megatron import hyperparameters_from_megatron as hyperparameters_from_megatron
    from .nanogpt import from_nanochat as from_nanochat
    from .nanogpt import from_nanogpt as from_nanogpt
    from .olmo import from_olmo as from_olmo
    from .optax import from_optax as from_optax
    from .pytorch_optimizer import from_pytorch_optimizer as from_pytorch_optimizer
    from .timm import from_timm as from_timm
    from .torch import from_torch as from_torch
    from .torchtitan import from_torchtitan as from_torchtitan
    from .transformers import from_training_arguments as from_training_arguments
    from .transformers import from_transformers as from_transformers

_FILES: dict[str, str] = {
    "from_composer": "composer",
    "from_deepspeed": "deepspeed",
    "from_fairseq": "fairseq",
    "from_ignite": "ignite",
    "from_keras": "keras",
    "from_megatron": "megatron",
    "from_nanochat": "nanogpt",
    "from_nanogpt": "nanogpt",
    "from_olmo": "olmo",
    "from_optax": "optax",
    "from_pytorch_optimizer": "pytorch_optimizer",
    "from_timm": "timm",
    "from_torch": "torch",
    "from_torchtitan": "torchtitan",
    "from_training_arguments": "transformers",
    "from_transformers": "transformers",
    "hyperparameters_from_deepspeed": "deepspeed",
    "hyperparameters_from_megatron": "megatron",
}
"""Public name -> the file it is in."""

__all__ = sorted(_FILES)


def __getattr__(name: str) -> object:
    """Load on first use what a name needs (PEP 562)."""
    if name in _FILES:
        return getattr(_import_module(f".{_FILES[name]}", __name__), name)
    raise AttributeError(f"module 'lehr.importers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
