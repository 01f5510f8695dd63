"""Schedules made of schedules. They are built by the operators of `Schedule`."""

from .arithmetic import Product as Product
from .arithmetic import Sum as Sum
from .around import Clip as Clip
from .around import Cut as Cut
from .around import Stretch as Stretch
from .repeat import Repeat as Repeat
from .then import Then as Then
from .then import sequence as sequence
