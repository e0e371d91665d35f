from hypothesis import given
from hypothesis import strategies as st

from oduflow.domain.comparison.kinds import KINDS, DiffSection
from oduflow.domain.comparison.records import ChangeKind, Index, Key, RecordDigest, compare

KEYS = st.builds(Key, st.sampled_from(sorted(KINDS)), st.text(min_size=1, max_size=5))
ENTRIES = st.dictionaries(KEYS, st.builds(RecordDigest, st.sampled_from("abc"), st.integers(1, 9)))


@given(ENTRIES)
def test_equal_databases_have_no_difference(entries):
    assert compare(Index(entries), Index(dict(entries))) == ()


@given(ENTRIES, ENTRIES)
def test_applying_the_differences_to_one_database_makes_the_other(before, after):
    applied = {key: each.digest for key, each in before.items()}
    for each in compare(Index(before), Index(after)):
        if each.kind is ChangeKind.REMOVED:
            del applied[each.key]
        else:
            assert (each.key in applied) is (each.kind is ChangeKind.CHANGED)
            assert each.after is not None
            applied[each.key] = each.after.digest

    assert applied == {key: each.digest for key, each in after.items()}


@given(ENTRIES, st.sets(KEYS), st.sets(KEYS), st.sets(KEYS))
def test_exactly_the_changes_that_were_made_are_found(before, added, removed, changed):
    new, gone = added - before.keys(), removed & before.keys()
    other = (changed & before.keys()) - gone
    after = {key: each for key, each in before.items() if key not in gone}
    after |= dict.fromkeys(new, RecordDigest("new")) | dict.fromkeys(other, RecordDigest("changed"))

    found = compare(Index(before), Index(after))

    assert {each.key for each in found if each.kind is ChangeKind.ADDED} == new
    assert {each.key for each in found if each.kind is ChangeKind.REMOVED} == gone
    assert {each.key for each in found if each.kind is ChangeKind.CHANGED} == other
    assert [each.key for each in found] == sorted(new | gone | other)


def test_a_kind_that_was_not_read_on_one_side_has_no_difference():
    view, menu = Key("ir.ui.view", "base.form"), Key("ir.ui.menu", "base.menu")
    before = Index({view: RecordDigest("1"), menu: RecordDigest("1")})
    after = Index({menu: RecordDigest("2")}, problems={"ir.ui.view": "no such column"})

    assert [each.key for each in compare(before, after)] == [menu]


def test_a_kind_that_was_read_in_part_is_compared_up_to_where_both_were_read():
    names = "abcdef"
    whole = Index({Key("ir.ui.view", name): RecordDigest("1") for name in names})
    part = Index(
        {Key("ir.ui.view", name): RecordDigest("2") for name in "abd"}, ends={"ir.ui.view": "d"}
    )

    assert [each.key.name for each in compare(whole, part)] == ["a", "b", "c", "d"]


def test_a_record_is_about_its_own_model_and_the_one_that_it_names():
    form = Key("ir.ui.view", "base.form")
    [found] = compare(Index(), Index({form: RecordDigest("1", model="res.partner")}))

    assert found.is_about("res.partner")
    assert found.is_about("ir.ui.view")
    assert not found.is_about("res.users")
    assert found.section is DiffSection.VIEWS
