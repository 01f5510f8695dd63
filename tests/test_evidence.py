"""docs/evidence.md has a place for each table and shows each picture; the CSV behind it is whole."""

import re

import pytest

evidence = pytest.importorskip("benchmarks.evidence")
gpt_runs = pytest.importorskip("benchmarks.gpt_runs")

from lehr import spec  # noqa: E402

PAGE = evidence.PAGE.read_text(encoding="utf-8")


def test_each_table_has_its_place_and_is_filled():
    places = re.findall(r"<!-- python -m benchmarks\.evidence (\S+) -->\n\n\|.*?\|\n\n<!-- end -->", PAGE, re.DOTALL)
    assert sorted(places) == sorted(evidence.TABLES)


def test_each_picture_is_there_and_shown():
    shown = re.findall(r"\]\(images/(\w+)\.png\)", PAGE)
    assert sorted(shown) == sorted(evidence.evidence_pictures.PICTURES)
    for name in shown:
        assert 0 < (evidence.IMAGES / f"{name}.png").stat().st_size < 150_000


def test_a_table_is_put_in_its_place_and_nowhere_else(tmp_path, monkeypatch):
    page, mark = tmp_path / "evidence.md", "<!-- python -m benchmarks.evidence {} -->\n"
    page.write_text(mark.format("a") + "<!-- end -->\n" + mark.format("b") + "<!-- end -->\n")
    monkeypatch.setattr(evidence, "PAGE", page)
    evidence.put("b", "| old |")
    evidence.put("b", "| new |")
    expected = mark.format("a") + "<!-- end -->\n" + mark.format("b") + "\n| new |\n\n<!-- end -->\n"
    assert page.read_text() == expected
    with pytest.raises(SystemExit, match="no place for the table 'c'"):
        evidence.put("c", "| new |")


def test_the_csv_has_every_run_to_its_end():
    runs = gpt_runs.logged()
    assert set(runs) == {(words, seed) for words in gpt_runs.SCHEDULES for seed in gpt_runs.SEEDS}
    for (words, _), losses in runs.items():
        assert max(losses) == spec.from_text(words).length


@pytest.mark.parametrize(
    ("words", "shared"),
    [
        ("wsd(2k, 100, 8e-3, decay_steps=400)", 1601),
        ("multistep(2k, 100, 8e-3, milestones=[1k], decay_factor=0.3)", 1000),
        ("cosine(2k, 100, 4e-3)", 0),
    ],
)
def test_a_run_leaves_the_stable_run_where_their_rates_part(words, shared):
    assert gpt_runs.shared_with_stable(spec.from_text(words)) == shared
