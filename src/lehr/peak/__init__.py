"""Which peak rate to start with: what published laws say, and a range test that settles it.

>>> import lehr
>>> suggestion = lehr.peak.suggest(params="124M", tokens="2.5B", batch_tokens="100k")
>>> print(f"{suggestion.low:.2g} to {suggestion.high:.2g}, say {suggestion.max_lr:.2g}")
0.00064 to 0.0045, say 0.0018
>>> suggestion.schedule.length
25000
"""

from .published import PEAK_LAWS as PEAK_LAWS
from .published import PeakLaw as PeakLaw
from .range_test import RangeTest as RangeTest
from .range_test import read_range_test as read_range_test
from .suggestion import NamedPeak as NamedPeak
from .suggestion import PeakSuggestion as PeakSuggestion
from .suggestion import suggest as suggest
