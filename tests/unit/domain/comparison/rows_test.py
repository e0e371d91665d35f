import pytest

from oduflow.domain.comparison.records import Difference, Key, RecordDigest
from oduflow.domain.comparison.rows import NOT_COMPARED, RowChanges, RowDigest, change_of_rows


def test_rows_are_told_apart_by_their_ids():
    before = [RowDigest("1", 10), RowDigest("2", 20), RowDigest("3", 30)]
    after = [RowDigest("3", 31), RowDigest("1", 10), RowDigest("4", 40)]

    found = RowChanges.between(before, after)

    assert found == RowChanges(added=("4",), removed=("2",), changed=("3",))
    assert found.details() == ("added: 1 (id 4)", "removed: 1 (id 2)", "changed: 1 (id 3)")


def test_rows_without_ids_are_added_and_removed_and_equal_ones_are_counted():
    before = [RowDigest("", 1), RowDigest("", 1), RowDigest("", 2)]

    found = RowChanges.between(before, [RowDigest("", 1), RowDigest("", 3)])

    assert found.details() == ("added: 1", "removed: 2")


def test_the_first_ids_are_shown_in_the_order_of_numbers():
    found = RowChanges(added=tuple(str(number) for number in range(30, 5, -1)))

    assert found.details() == ("added: 25 (id 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, …)",)


@pytest.mark.parametrize(
    ("before", "after", "rows", "details"),
    [
        (("5", "a"), ("5", "b"), None, (NOT_COMPARED,)),
        (("5", ""), ("6", "b"), None, ("rows: 5 → 6",)),
        (("5", "a"), ("6", "b"), RowChanges(("7",)), ("rows: 5 → 6", "added: 1 (id 7)")),
    ],
)
def test_a_table_is_described_as_far_as_its_rows_are_known(before, after, rows, details):
    change = change_of_rows(difference(before, after), rows)

    assert change is not None
    assert change.details == details


def test_a_table_whose_rows_are_equal_again_when_they_are_read_is_no_change():
    assert change_of_rows(difference(("5", "a"), ("5", "b")), RowChanges()) is None


def difference(before, after):
    sides = (RecordDigest(count, rows=rows) for count, rows in (before, after))
    return Difference(Key("rows", "res_partner"), *sides)
