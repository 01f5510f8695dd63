"""``python tests/pitfalls/table.py`` writes docs/pitfalls.md from the docstrings of the tests beside it.

Each docstring has three paragraphs: what other libraries do, what lehr does, and where it was reported.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "pitfalls.md"

HEAD = """# Pitfalls

You want to know whether a known bug of another library can happen to you with lehr. Each row was reported in public,
and the number links to its test in `tests/pitfalls`, which uses the real library where it can be
installed. (`python tests/pitfalls/table.py` writes this page from the tests.)

| | what other libraries do | what lehr does | reported in |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One pitfall.

    Attributes:
        number: Its number.
        file: The name of its test module.
        others: What other libraries do.
        lehr: What lehr does.
        threads: Addresses of issues and pull requests.
    """

    number: int
    file: str
    others: str
    lehr: str
    threads: tuple[str, ...]

    def __str__(self) -> str:
        threads = ", ".join(f"[{_name(thread)}]({thread})" for thread in self.threads)
        return f"| [{self.number}](../tests/pitfalls/{self.file}) | {self.others} | {self.lehr} | {threads} |"


def rows() -> list[Row]:
    """A row for each test module."""
    return [_row(file) for file in sorted(HERE.glob("test_[0-9]*.py"))]


def _row(file: Path) -> Row:
    doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    paragraphs = [" ".join(paragraph.split()).replace("|", "\\|") for paragraph in doc.split("\n\n")]
    others, lehr, reported = (*paragraphs, "", "", "")[:3]
    return Row(int(file.name.split("_")[1]), file.name, others, lehr, tuple(re.findall(r"https://\S+", reported)))


def _name(thread: str) -> str:
    """Repository and number: ``pytorch#29697``."""
    *_, repository, _, number = thread.split("/")
    return f"{repository}#{number}"


def page() -> str:
    """The whole page."""
    return HEAD + "".join(f"{row}\n" for row in rows())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
