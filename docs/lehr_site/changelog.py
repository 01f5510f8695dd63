"""The changelog: what the next release changes, from the fragments in ``changes/``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from .sources import ROOT


def write(page: Path) -> None:
    """Write the page, by kind of change."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        kinds = tomllib.load(file)["tool"]["towncrier"]["type"]
    parts = ["# Changelog\n\nWhat the next release changes."]
    for kind in kinds:
        fragments = sorted((ROOT / "changes").glob(f"*.{kind['directory']}.md"))
        lines = [f"- {' '.join(fragment.read_text('utf-8').split())}" for fragment in fragments]
        parts.append("\n".join([f"## {kind['name']}\n", *lines]))
    page.write_text("\n\n".join(parts) + "\n", "utf-8")
