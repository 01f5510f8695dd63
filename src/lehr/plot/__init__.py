"""Pictures of schedules with matplotlib: each function draws on an Axes and returns it.

Nothing global is touched: without an Axes a new `Figure` is made, outside pyplot, and its look is
its own, `STYLE`. It is sized for one column of a paper; `save` writes it.
"""

try:
    import matplotlib as _matplotlib  # noqa: F401  # asked for here, to say in one place how to get it
except ImportError as error:
    raise ImportError('lehr.plot draws with matplotlib: pip install "lehr[plot]"') from error

from .look import STYLE as STYLE
from .look import add_legend as add_legend
from .look import new_axes as new_axes
from .look import save as save
from .pictures import plot_schedule as plot_schedule
from .pictures import plot_schedules as plot_schedules
