import pytest

from tests.chaos.answers import ABSENT, RUNNING, Ended
from tests.chaos.contents import ExpectedContents, HeldContents
from tests.chaos.model import ExpectedThing

OK, CANCELLED, CUT_OFF = Ended("ok"), Ended("cancelled", "cancelled"), Ended("interrupted")
UPSTREAM, BUSY = Ended("failed", "upstream"), Ended("failed", "busy")
NO_SNAPSHOT = Ended("failed", "not_found", "one has no snapshot “old”.")
NEW, OLD = frozenset({"new"}), frozenset({"old"})


@pytest.fixture
def contents() -> ExpectedContents:
    return ExpectedContents(now=NEW, kept={"old": OLD}, sure={"old"})


@pytest.mark.parametrize(
    ("operation", "end", "now", "sure"),
    [
        ("rollback", OK, OLD, {"old"}),
        ("rollback", CANCELLED, NEW, {"old"}),
        ("rollback", BUSY, NEW, {"old"}),
        ("rollback", UPSTREAM, NEW | OLD, {"old"}),
        ("rollback", CUT_OFF, NEW | OLD, {"old"}),
        ("delete_snapshot", OK, NEW, set()),
        ("delete_snapshot", CUT_OFF, NEW, set()),
        ("delete_snapshot", BUSY, NEW, {"old"}),
        ("delete", OK, {""}, set()),
        ("delete", CUT_OFF, NEW, set()),
        ("create", OK, NEW, {"old"}),
        ("restart", CUT_OFF, NEW, {"old"}),
    ],
)
def test_an_answer_leaves_the_marks_that_it_says(contents, operation, end, now, sure):
    assert contents.ended(operation, end, {RUNNING}, "old") == ""
    assert (contents.now, contents.sure) == (now, sure)


def test_the_state_before_a_rollback_is_a_snapshot_that_must_be_there(contents):
    contents.ended("rollback", Ended("ok", snapshot="before"), {RUNNING}, "old")
    assert contents.kept == {"old": OLD, "before": NEW}
    assert contents.sure == {"old", "before"}
    assert (
        contents.wrong(HeldContents(("old",) * 3, {"old": False}))
        == "snapshots ['before'] are lost"
    )


@pytest.mark.parametrize(("end", "there"), [(OK, True), (CUT_OFF, True), (UPSTREAM, False)])
def test_a_snapshot_keeps_what_the_environment_holds(contents, end, there):
    contents.ended("create_snapshot", end, {RUNNING}, "new")
    assert contents.kept.get("new") == (NEW if there else None)
    assert ("new" in contents.sure) is (end is OK)


def test_a_copy_holds_what_its_source_does():
    source = ExpectedThing("environment", "blue", "one", possible={RUNNING})
    copy = ExpectedThing("environment", "blue", "two", possible={ABSENT})
    source.contents.now = NEW
    assert copy.ended("copy", OK, source=source) == ""
    assert (copy.possible, copy.contents.now) == ({RUNNING}, NEW)


def test_a_copy_of_a_source_that_is_not_found_is_wrong_where_it_must_be_there():
    source = ExpectedThing("environment", "blue", "one", possible={RUNNING})
    copy = ExpectedThing("environment", "blue", "two", possible={ABSENT})
    wrong = copy.ended("copy", Ended("failed", "not_found", "There is no …"), source=source)
    assert wrong == "copying of environment blue/one: not found, but it must be there"
    assert copy.possible == {ABSENT}


def test_a_snapshot_that_is_not_found_does_not_say_that_the_environment_is_gone():
    thing = ExpectedThing("environment", "blue", "one", possible={RUNNING})
    assert thing.ended("rollback", NO_SNAPSHOT, "old") == ""
    thing.contents.sure.add("old")
    wrong = thing.ended("rollback", NO_SNAPSHOT, "old")
    assert "snapshot old is not found, but it must be there" in wrong
    assert thing.possible == {RUNNING}


@pytest.mark.parametrize(
    ("held", "wrong"),
    [
        (HeldContents(("new",) * 3, {"old": False, "before-x": True}), ""),
        (HeldContents(("new", "old", "new"), {"old": False}), "different moments"),
        (HeldContents(("old",) * 3, {"old": False}), "it holds ['old'], and may hold ['new']"),
        (HeldContents(("new",) * 3, {}), "snapshots ['old'] are lost"),
        (
            HeldContents(("new",) * 3, {"old": False, "x": False}),
            "snapshots ['x'] were never asked for",
        ),
    ],
)
def test_what_is_lost_or_mixed_is_found(contents, held, wrong):
    found = contents.wrong(held)
    assert wrong in found
    assert bool(found) is bool(wrong)


def test_after_two_operations_at_once_only_a_mixture_is_wrong(contents):
    contents.contended = True
    assert contents.wrong(HeldContents(("old",) * 3, {})) == ""
    assert contents.wrong(HeldContents(("old", "new", "new"), {})) != ""


def test_a_round_begins_with_what_is_there(contents):
    contents.contended = True
    contents.settle(HeldContents(("x",) * 3, {"old": False, "late": False, "before-x": True}))
    assert contents == ExpectedContents(
        frozenset({"x"}), {"old": OLD, "late": None}, {"old", "late"}
    )
