"""Schedules of Keras, from their configuration or a live one. Keras is not needed.

Keras counts as lehr does: update t uses the value at iteration t. It computes in float32 unless its ``floatx`` is
float64, and lehr in float64: the two agree to the precision of Keras.
"""

from .config import from_config as from_config
from .config import from_keras as from_keras
from .config import original as original
from .config import recognises as recognises
