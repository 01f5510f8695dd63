"""What the tests of the forecasts share."""

from __future__ import annotations

import sys
from pathlib import Path

# The shared loss curves are read by the benchmarks' loader.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
