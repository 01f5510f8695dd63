"""Changes during a run: a schedule is cut where the run stands and another is put after it.

Everything here is a value: a schedule and a position in, a schedule out. The past keeps its rates, and
what is over is dropped from what comes, so that a run of many changes stays as quick as one without.
"""

from .acts import POLICIES as POLICIES
from .acts import cooled as cooled
from .acts import dipped as dipped
from .acts import extended as extended
from .acts import rebased as rebased
from .acts import scaled as scaled
from .change import DEEPEST as DEEPEST
from .change import MOST_PARTS as MOST_PARTS
from .change import Change as Change
from .change import Rest as Rest
from .change import amended as amended
from .change import described as described
from .change import rate_at as rate_at
