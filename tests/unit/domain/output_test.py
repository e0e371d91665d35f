from typing import Any

import pytest
from pydantic import ValidationError

from oduflow.domain.errors import Invalid
from oduflow.domain.next_call import Next
from oduflow.domain.output import MAX_CHARACTERS, ReadOutput, page_of

HANDLE = "a" * 12
RECORD = "2026-03-04 05:06:07,890 1 {} shop odoo: {}"
LONG = "\n".join(f"{number:06}" + "x" * 94 for number in range(1, 1001))
LOG = "\n".join(
    (
        RECORD.format("INFO", "loading"),
        RECORD.format("ERROR", "broken"),
        "its second line",
        RECORD.format("INFO", "going on"),
        "Traceback (most recent call last):",
        '  File "x.py", line 1',
        "ValueError: no",
        RECORD.format("WARNING", "odd"),
    )
)


def test_a_short_text_is_shown_whole():
    page, following = read("one\ntwo")

    assert (page.text, page.lines, page.total, following) == ("one\ntwo", 2, 2, None)


def test_a_range_counts_from_one_and_ends_with_the_text():
    assert read("one\ntwo\nthree", lines="2-3")[0].text == "two\nthree"
    assert read("one\ntwo\nthree", lines="3-999")[0].text == "three"
    assert read("one", lines="2-3")[0].lines == 0


def test_of_a_long_text_whole_lines_are_shown_and_then_the_next_ones():
    shown: list[str] = []
    page, following = read(LONG)

    while following:
        assert 0 < len(page.text) <= MAX_CHARACTERS
        shown.append(page.text)
        page, following = again(LONG, following)

    assert "\n".join([*shown, page.text]) == LONG


def test_the_next_call_repeats_the_filters_and_the_end_of_the_range():
    _, following = read(LONG, lines="1-900", grep="X")

    assert following is not None
    assert following.as_call() == f"read_output handle={HANDLE} lines=317-900 grep=X"
    asked = ReadOutput(handle=HANDLE, grep="two words", errors=True)
    assert asked.from_line(3, 9).as_call().endswith(" lines=3-9 grep='two words' errors=true")


def test_a_text_is_found_ignoring_case():
    assert read("One\ntwo\nONE", grep="one")[0].text == "One\nONE"


def test_errors_are_whole_records_and_tracebacks():
    lines = LOG.splitlines()

    assert read(LOG, errors=True)[0].text.splitlines() == [*lines[1:3], *lines[4:7]]


def test_a_range_within_a_traceback_still_belongs_to_it():
    assert read(LOG, lines="6-8", errors=True)[0].text.splitlines() == LOG.splitlines()[5:7]


def test_a_line_longer_than_an_answer_is_cut_and_the_next_one_follows():
    page, following = read("x" * (MAX_CHARACTERS + 1) + "\nend")

    assert following is not None
    assert (len(page.text), page.lines) == (MAX_CHARACTERS, 1)
    assert again("x" * (MAX_CHARACTERS + 1) + "\nend", following)[0].text == "end"


def test_an_empty_text_has_no_lines():
    assert read("")[0].total == 0


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(Invalid, match="lines=9-3") as refused:
        read("one", lines="9-3")

    assert refused.value.hint.endswith("lines=3-9.")


@pytest.mark.parametrize("lines", ["0-3", "3", "-3", "1-", "a-b", "1-2-3", "1-9999999999"])
def test_a_range_has_one_form(lines):
    with pytest.raises(ValidationError):
        ReadOutput(handle=HANDLE, lines=lines)


def test_a_handle_is_no_path():
    with pytest.raises(ValidationError):
        ReadOutput(handle="../../secret")


def read(text: str, **given: Any) -> Any:
    return page_of(text, ReadOutput(handle=HANDLE, **given))


def again(text: str, following: Next) -> Any:
    """Make the call that an answer named."""
    return page_of(text, ReadOutput.model_validate(following.arguments))
