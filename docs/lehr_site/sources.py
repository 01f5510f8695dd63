"""Pages as the repository has them -> pages of the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lehr.schedules.recipes import RECIPES

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent.parent
WHOLE = {"index": "README.md", "contributing": "CONTRIBUTING.md"}
"""A page of the site -> the file of the repository that comes before its own text."""


def mended(app: Sphinx, page: str, source: list[str]) -> None:
    """README and CONTRIBUTING lie above the docs, and link to them from there; the gallery is in the site alone."""
    if page in WHOLE:
        text = (ROOT / WHOLE[page]).read_text("utf-8")
        text = (
            text.replace("](docs/", "](")
            .replace("](CONTRIBUTING.md", "](contributing.md")
            .replace("](examples/", "](../examples/")
        )
        source[0] = f"{text}\n\n{source[0]}"
    if page == "which_schedule":
        source[0] = re.sub(r"`(\w+)`", lambda m: f"[{m[0]}](gallery/{m[1]}.md)" if m[1] in RECIPES else m[0], source[0])
