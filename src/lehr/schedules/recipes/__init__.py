"""The schedules that people name, each a few parts put together."""

from .cooldown import infinite as infinite
from .cooldown import power as power
from .cooldown import trapezoid as trapezoid
from .cooldown import wsd as wsd
from .cyclic import cosine_restarts as cosine_restarts
from .cyclic import exp_range as exp_range
from .cyclic import one_cycle as one_cycle
from .cyclic import range_test as range_test
from .cyclic import triangular as triangular
from .cyclic import triangular2 as triangular2
from .open_ended import inverse_sqrt as inverse_sqrt
from .open_ended import noam as noam
from .recipe import RECIPES as RECIPES
from .recipe import Recipe as Recipe
from .recipe import get as get
from .standard import constant as constant
from .standard import constant_with_warmup as constant_with_warmup
from .standard import cosine as cosine
from .standard import exponential as exponential
from .standard import linear as linear
from .standard import polynomial as polynomial
from .standard import rex as rex
from .stepwise import multistep as multistep
from .stepwise import step_decay as step_decay
