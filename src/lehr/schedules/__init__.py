"""Schedules: position in the run -> rate. The standard library and NumPy only."""

from . import recipes as recipes
from .base import Schedule as Schedule
from .parts import Constant as Constant
from .parts import Exponential as Exponential
from .parts import Knots as Knots
from .parts import PowerLaw as PowerLaw
from .parts import Ramp as Ramp
from .parts import Table as Table
