"""The page of pitfalls says what the tests beside this one say."""

import re

import pytest
from table import PAGE, page, rows

THREAD = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+")


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.file)
def test_each_row_says_what_others_do_what_lehr_does_and_where_it_was_reported(row):
    assert row.others.endswith(".")
    assert row.lehr.endswith(".")
    assert row.threads
    assert all(THREAD.fullmatch(thread) for thread in row.threads)


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/pitfalls/table.py"
