"""Schedules: position in the run -> rate. The standard library and NumPy only."""

from . import combinators as combinators
from . import lengths as lengths
from . import recipes as recipes
from .base import Schedule as Schedule
from .parts import Constant as Constant
from .parts import Exponential as Exponential
from .parts import PowerLaw as PowerLaw
from .parts import Ramp as Ramp
from .tables import Knots as Knots
from .tables import Table as Table
from .tables import tabulate as tabulate
