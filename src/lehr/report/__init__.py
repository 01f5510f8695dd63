"""One HTML file about a run or a comparison: its schedules, what changed, the losses, and the forecast.

It needs no network and no script, so it can be attached to a pull request or a paper.

>>> import lehr, pathlib, tempfile
>>> path = pathlib.Path(tempfile.mkdtemp(), "report.html")
>>> lehr.report.write(path, {"wsd": lehr.wsd(1_000, 50, max_lr=1e-3), "cosine": lehr.cosine(1_000, 50, max_lr=1e-3)})
>>> path.read_text("utf-8").startswith("<!doctype html>")
True
"""

from .page import LARGEST as LARGEST
from .page import html as html
from .page import write as write
