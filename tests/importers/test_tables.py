"""The tables of docs/coming_from.md: each has its place, its rows are those of the command, each refusal holds."""

import re

import pytest
from catalogue.trainers import quietly

from lehr import importers

bench = pytest.importorskip("benchmarks.importers")
command = pytest.importorskip("benchmarks.importers.__main__")
refused = pytest.importorskip("benchmarks.importers.refused")

PAGE = command.PAGE.read_text()


def table(name):
    """The lines of a table in the page."""
    (found,) = re.findall(rf"<!-- python -m benchmarks\.importers {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    return found.split("\n")[1:-2]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_each_table_has_its_place_and_is_filled():
    assert all(len(table(name)) > 2 for name in command.TABLES)


@pytest.mark.parametrize("framework", bench.FRAMEWORKS)
def test_the_rows_are_those_of_the_command(framework):
    """Every family with its number of settings; and its figure is below what the tests allow."""
    found = {row[1]: row for row in map(cells, table("every")[2:]) if row[0] == framework}
    try:
        known = quietly(lambda: bench.families(framework))
    except ImportError:
        pytest.skip(f"{framework} is not installed")
    assert {name: int(row[2]) for name, row in found.items()} == {
        name: sum(1 for _ in family()) for name, family in known.items()
    }
    worst = max(float(row[3]) for row in found.values())
    assert worst < bench.FRAMEWORKS[framework].tolerance
    (total,) = (row for row in map(cells, table("equal")[2:]) if row[0] == framework)
    settings = sum(int(row[2]) for row in found.values())
    assert total[1:] == [bench.FRAMEWORKS[framework].beside, str(len(found)), f"{settings:,}", f"{worst:.1e}"]


@pytest.mark.parametrize("refusal", refused.REFUSED, ids=lambda refusal: f"{refusal.framework} {refusal.schedule}")
def test_what_is_refused_says_why(refusal):
    reason = refused.reason(refusal)
    if reason is None:
        pytest.skip(f"{refusal.framework} is not installed")
    assert re.search(refusal.says, reason), reason
    assert f"- {refusal.framework}, {refusal.schedule}: {reason}" in table("refused")


def test_every_framework_of_the_page_is_compared():
    named = {name.removeprefix("from_") for name in importers.__all__ if name.startswith("from_")}
    assert named - {"nanochat", "training_arguments"} == set(bench.FRAMEWORKS)


def test_a_table_goes_to_its_place(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- python -m benchmarks.importers equal -->\nold\n<!-- end -->\nrest\n")
    command.put(page, "benchmarks.importers", "equal", "| new |")
    assert page.read_text() == "<!-- python -m benchmarks.importers equal -->\n\n| new |\n\n<!-- end -->\nrest\n"
    with pytest.raises(SystemExit, match="no place for the table 'every'"):
        command.put(page, "benchmarks.importers", "every", "| new |")
