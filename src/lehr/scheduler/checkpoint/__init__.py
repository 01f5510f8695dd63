"""A run's position and plan to and from the plain dict that a checkpoint holds, in every version so far."""

from .fields import from_dict as from_dict
from .fields import to_dict as to_dict
from .found import plan_in as plan_in
from .state import State as State
from .state import StateMismatchError as StateMismatchError
