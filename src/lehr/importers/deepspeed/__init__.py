"""DeepSpeed's learning-rate schedules, from its JSON config. DeepSpeed is not needed.

DeepSpeed counts one update late: the constructor writes the first rate, and the step after update 0 sets its counter
to 0. So LRRangeTest and OneCycle, which look one ahead, use position t in update t, and the Warmup schedules use
position t - 1: their first two updates have the first rate.
"""

from .config import from_config as from_config
from .config import from_deepspeed as from_deepspeed
from .config import hyperparameters_from_deepspeed as hyperparameters_from_deepspeed
from .config import original as original
from .config import recognises as recognises
