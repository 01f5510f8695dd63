"""OLMo-core's learning-rate schedulers, from their config. OLMo-core is not needed.

OLMo-core sets the rate just before an update, with its counter already raised: update t has the rate of c = t + 1.
"""

from .config import from_config as from_config
from .config import from_olmo as from_olmo
from .config import original as original
from .config import recognises as recognises
