"""Schedules made of schedules. They are built by the operators of `Schedule`."""

from .arithmetic import Difference as Difference
from .arithmetic import Product as Product
from .arithmetic import Sum as Sum
from .around import Cut as Cut
from .around import Stairs as Stairs
from .around import Stretch as Stretch
from .pointwise import Clip as Clip
from .pointwise import Pow as Pow
from .repeat import Repeat as Repeat
from .then import Then as Then
from .then import sequence as sequence
