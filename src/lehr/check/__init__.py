"""What would go wrong in a run, found before it starts.

>>> import lehr
>>> facts = lehr.check.RunFacts(samples=50_000, batch=32, accumulate=4, epochs=3)
>>> (found,) = lehr.check.findings(lehr.cosine(4_689, 100, max_lr=1e-3), facts)
>>> print(found.what)
the run of 1,173 updates uses 1,173 of the schedule's 4,689 steps (25.0%)
>>> print(found.why)
it ends at a rate of 0.000871 where the schedule comes down to 0: the length counts micro-batches, not updates
"""

from .configs import Subject as Subject
from .configs import of_config as of_config
from .facts import STEP_PER as STEP_PER
from .facts import RunFacts as RunFacts
from .finding import Finding as Finding
from .rules import RULES as RULES
from .rules import findings as findings
