"""fairseq's learning-rate schedulers, from its arguments. fairseq is not needed.

fairseq sets the rate from the number of updates done, so update t has the rate of t. Epochs count from 1.
"""

from .config import from_config as from_config
from .config import from_fairseq as from_fairseq
from .config import original as original
from .config import recognises as recognises
