"""The page of pitfalls says what the tests beside this one say."""

from table import PAGE, page, rows


def test_each_case_says_what_others_do_and_what_lehr_does():
    for number, name, others, lehr in rows():
        assert others.endswith("."), (number, name)
        assert lehr.endswith("."), (number, name)


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/pitfalls/table.py"
