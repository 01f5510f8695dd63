"""The acts that change a schedule during training. Each is a value: from a schedule and a position, what comes next.

To add one, write a class: the options of ``lehr control``, the line of a control file and the words of the history
follow from its name and its fields. A method of the Scheduler that builds it is one line more.
"""

from .act import ACTS as ACTS
from .act import Act as Act
from .act import GroupKey as GroupKey
from .ending import POLICIES as POLICIES
from .ending import Cooldown as Cooldown
from .ending import Extend as Extend
from .factors import Dip as Dip
from .factors import Rebase as Rebase
from .factors import Scale as Scale
from .replacing import Amend as Amend
