"""Changes of a schedule during training, as values, and the file that they may come from.

A change cuts the plan at the next update and puts another schedule after it. The past keeps its rates.
"""

from .acts import ACTS as ACTS
from .acts import Act as Act
from .acts import Amend as Amend
from .acts import Cooldown as Cooldown
from .acts import Dip as Dip
from .acts import Extend as Extend
from .acts import Rebase as Rebase
from .acts import Scale as Scale
from .change import Change as Change
from .change import amended as amended
from .commands import Command as Command
from .commands import append as append
