"""The forms in which a schedule is copied from the page."""

from __future__ import annotations

import re
from collections.abc import Callable

from .. import spec
from ..schedules import Schedule
from ..schedules.base import KINDS
from ..schedules.recipes import RECIPES
from ..schedules.source import to_python


def _python(schedule: Schedule) -> str:
    """Python that builds it."""
    text = repr(schedule)
    names = sorted({*KINDS, *RECIPES} & set(re.findall(r"(?<![\w.])[A-Za-z_]\w*(?=\()", text)))
    return f"from lehr import {', '.join([*names, 'Scheduler'])}\n\nscheduler = Scheduler(optimizer, {text})"


def _torch(schedule: Schedule) -> str:
    """torch's LambdaLR with a function that needs no lehr."""
    return (
        f"import torch\n\n{to_python(schedule, 'learning_rate').rstrip()}\n\n\n"
        f"# give the optimizer lr=1.0: then the factor is the rate\n"
        f"scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, learning_rate)"
    )


def _transformers(schedule: Schedule) -> str:
    return (
        f"import lehr\nfrom lehr.integrations import for_transformers\n\n"
        f"trainer = for_transformers(trainer, lehr.spec.from_text({spec.to_text(schedule)!r}))"
    )


def _lightning(schedule: Schedule) -> str:
    return (
        f"import lehr\nfrom lehr.integrations import lightning_config\n\n\n"
        f"def configure_optimizers(self):\n    optimizer = ...\n"
        f"    schedule = lehr.spec.from_text({spec.to_text(schedule)!r})\n"
        f"    scheduler = lehr.Scheduler(optimizer, schedule)\n"
        f'    return {{"optimizer": optimizer, "lr_scheduler": lightning_config(scheduler)}}'
    )


FORMS: dict[str, Callable[[Schedule], str]] = {
    "one line": spec.to_text,
    "Python": _python,
    "YAML": spec.to_yaml,
    "JSON": spec.to_json,
    "torch, without lehr": _torch,
    "transformers": _transformers,
    "Lightning": _lightning,
}
"""What each form is called -> the function that writes it."""
