from dataclasses import replace
from datetime import UTC, datetime, timedelta

from oduflow.domain.snapshot import Snapshot, SnapshotState, default_name, expired

MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ROW = Snapshot(
    id="a",
    environment="e",
    team="1",
    name="a",
    state=SnapshotState.READY,
    automatic=True,
    reason="rebuild_environment",
    repo_url="",
    branch="main",
    requested_branch=None,
    commit="",
    kept="",
    odoo_image="",
    modules=(),
    addons=(),
    python_deps="",
    extra_repos=(),
    target="",
    created_by="",
    created_at=MOMENT,
)


def aged(days, **changes):
    return replace(ROW, id=f"{days}", created_at=MOMENT - timedelta(days=days), **changes)


def test_a_name_says_when_and_before_what():
    assert default_name(MOMENT, set()) == "20260304-050607"
    assert default_name(MOMENT, set(), "rebuild_environment") == "before-rebuild-20260304-050607"
    taken = {"20260304-050607", "20260304-050607-2"}
    assert default_name(MOMENT, taken) == "20260304-050607-3"


def test_only_automatic_ones_that_are_whole_expire():
    kept = (
        aged(99, automatic=False),
        aged(98, state=SnapshotState.REPLACING),
        aged(97, state=SnapshotState.CREATING),
    )
    old = aged(20)

    assert expired((*kept, old, aged(1)), MOMENT, keep=10, days=14) == (old,)
    assert expired((*kept, old, aged(1)), MOMENT, keep=10, days=0) == ()


def test_the_newest_are_kept_in_any_order():
    rows = (aged(3), aged(1), aged(2))

    assert expired(rows, MOMENT, keep=1, days=0) == (aged(2), aged(3))
