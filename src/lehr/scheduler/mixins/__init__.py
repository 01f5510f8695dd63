"""What a Scheduler does, one task a class. They are one object, because torch's `LRScheduler` is one.

::

    Core  <-  Changing  <-  Moving  <-  Following, TorchInterface, Saving
          <-  Reporting

Each uses what is to the left of it, and nothing else. The parts of which `Core` is made (`Clock`, `Plan`, `Rates`,
`Hooks` and the others) know nothing of any of them.
"""

from .core import Core as Core
from .following import Following as Following
from .reporting import ENOUGH as ENOUGH
from .reporting import Reporting as Reporting
from .saving import Saving as Saving
from .torch_interface import TorchInterface as TorchInterface
