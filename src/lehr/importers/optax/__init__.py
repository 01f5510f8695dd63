"""Schedules of optax, each by the name of its function and that function's arguments. optax is not needed.

optax counts as lehr does: update t uses the value at count t. It computes in float32 (float64 under
``jax_enable_x64``), and lehr in float64: the two agree to the precision of optax.
"""

from .by_name import from_config as from_config
from .by_name import from_optax as from_optax
from .by_name import original as original
from .by_name import recognises as recognises
