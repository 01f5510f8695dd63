"""``python tests/pitfalls/table.py`` writes docs/pitfalls.md from the first lines of the tests beside it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "pitfalls.md"

HEAD = """# Pitfalls

You want to know whether a bug that cost somebody a run can cost you yours. Each of these was reported in public
for one or more libraries; each has a test of its number in [tests/pitfalls](../tests/pitfalls), with the real
framework where it is one's. This page is written from those tests by `python tests/pitfalls/table.py`.

| | what others do | what lehr does |
|---|---|---|
"""


def rows() -> list[tuple[int, str, str, str]]:
    """Number, file name, what others do and what lehr does, for each test module."""
    found = []
    for file in sorted(HERE.glob("test_[0-9]*.py")):
        doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        sentences = [" ".join(paragraph.split()) for paragraph in doc.split("\n\n") if paragraph.strip()]
        if len(sentences) == 1:
            sentences = [line.strip() for line in doc.splitlines() if line.strip()]
        number = int(re.findall(r"\d+", file.name)[0])
        found.append((number, file.name, *(sentence.replace("|", "\\|") for sentence in (*sentences, "", "")[:2])))
    return sorted(found)


def page() -> str:
    """The whole page."""
    lines = [f"| [{n}](../tests/pitfalls/{name}) | {others} | {lehr} |" for n, name, others, lehr in rows()]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
