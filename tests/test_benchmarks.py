"""What the benchmarks print."""

import subprocess
import sys
from pathlib import Path

import pytest

table = pytest.importorskip("benchmarks.table")
Row = table.Row


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        (Row("bare loop", 154e-9), "154 ns"),
        (Row("peer", 3e-6, ratio=2.5), "2.50 ×"),
        (Row("peer", "not installed"), "not installed"),
    ],
)
def test_a_cell_of_a_grid_shows_the_ratio_before_the_figure(row, cell):
    assert f" {cell} " in str(table.Grid("Steps", {"1 group": [row]}))


def test_targets_are_listed_apart_with_their_verdict():
    rows = [Row("step", 2.4e-7, ratio=1.63, target="≤ 1.8 ×", met=True), Row("peer", 3e-6, ratio=2.5)]
    missed = [Row("step", 3.1e-7, ratio=1.96, target="≤ 1.8 ×", met=False), Row("peer", 3e-6, ratio=2.5)]
    listed = table.targets([table.Grid("Steps", {"1 group": rows, "2 groups": missed})])
    assert [line.split("|")[2:7] for line in listed.splitlines()[4:]] == [
        [" step, 1 group  ", " 240 ns ", " 1.63 × ", " ≤ 1.8 × ", " yes "],
        [" step, 2 groups ", " 310 ns ", " 1.96 × ", " ≤ 1.8 × ", " NO  "],
    ]


def test_a_grid_has_a_column_for_each_case():
    columns = table.by_groups(lambda count: [Row("bare loop", count * 1e-6)], (1, 20))
    assert str(table.Grid("Writes", columns, ["A note."])).splitlines() == [
        "### Writes",
        "",
        "| what      | 1 group | 20 groups |",
        "| --------- | ------: | --------: |",
        "| bare loop | 1.00 µs |   20.0 µs |",
        "",
        "A note.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
def test_a_reader_that_has_seen_enough_gets_no_traceback():
    command = [sys.executable, "-m", "benchmarks", "structure"]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
