import pytest
from pydantic import ValidationError

from oduflow.domain.sql import PAGE_CHARACTERS, VALUE_CHARACTERS, QueryDatabase, SqlRows, page_of


def test_rows_that_fit_are_shown_as_they_are():
    found = SqlRows(("id", "name"), ((1, "  one "), (2, None)))

    page = page_of(found)

    assert (page.rows, page.whole, page.more) == (found.rows, "", False)


def test_a_long_value_is_cut_and_kept_whole_in_the_output():
    page = page_of(SqlRows(("id", "text"), ((1, "x" * 5000), (2, "y"))))

    assert page.rows[0][1] == f"{'x' * VALUE_CHARACTERS}… (5000 characters)"
    assert page.whole.splitlines() == [
        *("-- row 1", "id: 1", "text: " + "x" * 5000),
        *("-- row 2", "id: 2", "text: y"),
    ]


def test_a_page_ends_where_an_answer_would_be_too_long():
    page = page_of(SqlRows(("text",), tuple(("x" * 1000,) for _ in range(100))))

    assert 1 < len(page.rows) < PAGE_CHARACTERS / 1000
    assert page.more


def test_a_row_of_many_long_values_is_shown_alone():
    page = page_of(SqlRows(tuple("abcdefghijklmnop"), (("x" * 5000,) * 16,) * 2))

    assert (len(page.rows), page.more) == (1, True)


@pytest.mark.parametrize("sql", ["", "select '\0'", "x" * 100_001])
def test_a_statement_that_no_server_takes_is_refused(sql):
    with pytest.raises(ValidationError):
        QueryDatabase(name="sale", sql=sql)


def test_one_wide_row_fits_into_an_answer_too():
    page = page_of(SqlRows(("c",) * 1600, (("x" * 2000,) * 1600,)))

    assert len("".join(map(str, page.rows[0]))) < 3 * PAGE_CHARACTERS
    assert page.whole.count("x" * 2000) == 1600
