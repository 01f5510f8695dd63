"""Schedules of pytorch_optimizer, each by its name and arguments. pytorch_optimizer is not needed.

Where ``scheduler.step()`` follows ``optimizer.step()``, as torch's, several of them are one update late: they write
their lowest rate when they are built, and their first rate in the first ``step()``.
"""

from .by_name import from_config as from_config
from .by_name import from_pytorch_optimizer as from_pytorch_optimizer
from .by_name import original as original
from .by_name import recognises as recognises
