"""What a trainer wants beside a schedule or a Scheduler: one file a trainer.

``as_…`` gives a `Schedule` the form that another library takes; ``for_…`` gives a trainer its `Scheduler`, with the
length from the trainer where the trainer knows it. A framework is imported only when one of its functions is called.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from .deepspeed import for_deepspeed as for_deepspeed
    from .factor import as_lambda as as_lambda
    from .keras import as_keras as as_keras
    from .keras import keras_objects as keras_objects
    from .lightning import for_lightning as for_lightning
    from .lightning import lightning_config as lightning_config
    from .lightning import lightning_report as lightning_report
    from .loggers import log_rates as log_rates
    from .loggers import rates as rates
    from .optuna import suggest as suggest
    from .ray import search_space as search_space
    from .search import schedule_of as schedule_of
    from .timm import for_timm as for_timm
    from .transformers import for_transformers as for_transformers

_FILES: dict[str, str] = {
    "as_keras": "keras",
    "as_lambda": "factor",
    "for_deepspeed": "deepspeed",
    "for_lightning": "lightning",
    "for_timm": "timm",
    "for_transformers": "transformers",
    "keras_objects": "keras",
    "lightning_config": "lightning",
    "lightning_report": "lightning",
    "log_rates": "loggers",
    "rates": "loggers",
    "schedule_of": "search",
    "search_space": "ray",
    "suggest": "optuna",
}
"""Public name -> the file it is in."""

__all__ = sorted(_FILES)


def __getattr__(name: str) -> object:
    """Load on first use what a name needs (PEP 562)."""
    if name in _FILES:
        return getattr(_import_module(f".{_FILES[name]}", __name__), name)
    raise AttributeError(f"module 'lehr.integrations' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
