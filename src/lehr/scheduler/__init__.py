"""The only package that needs torch: it writes the rates of schedules into an optimizer."""

try:
    import torch as _torch  # noqa: F401  # asked for here, to say in one place how to get it
except ImportError as _error:
    raise ImportError('lehr.Scheduler needs torch: pip install "lehr[torch]"') from _error

from .checkpoint import StateMismatchError as StateMismatchError
from .greedy import Greedy as Greedy
from .plateau import Plateau as Plateau
from .scheduler import Scheduler as Scheduler
