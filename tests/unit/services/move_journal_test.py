import pytest

from oduflow.domain.environment import MOVING
from oduflow.domain.errors import Busy, Kind
from oduflow.kernel.locks import LockKey
from oduflow.services import move_journal
from oduflow.services.move_journal import Move
from oduflow.services.storage.move import _refuse_unfinished
from oduflow.services.storage.settle import hold_team
from tests.support.memory.world import TEAM


@pytest.mark.parametrize(
    "tool",
    [
        "start_environment",
        "stop_environment",
        "restart_environment",
        "rebuild_environment",
        "create_snapshot",
        "delete_environment",
    ],
)
def test_nothing_works_on_an_environment_until_its_move_is_settled(process, sale, tool):
    process.ok("create_environment", **sale)
    cut_off(process)

    error = answer(process, tool, name="sale")

    assert (error.kind, error.message) == (
        Kind.BUSY,
        f"The volumes of team {TEAM} are being moved into the pool.",
    )
    [row] = process.deps.store.environments.list(TEAM)
    assert (row.state, row.step) == ("running", MOVING)


def test_a_template_is_not_deleted_until_its_move_is_settled(process):
    cut_off(process)

    assert answer(process, "delete_template", name="base").kind is Kind.BUSY

    process.reconcile()
    process.ok("delete_template", name="base")


CREATIONS = [
    ("create_environment", {"name": "other"}),
    ("create_template", {"name": "other", "odoo_image": "odoo:19.0"}),
    ("import_template", {"name": "other", "source": "https://example.com/shop.zip"}),
]


@pytest.mark.parametrize(("tool", "args"), CREATIONS)
def test_nothing_is_created_until_the_move_is_settled(world, process, sale, tool, args):
    cut_off(process)
    before = world.everything()

    error = answer(process, tool, **(sale | args if tool == "create_environment" else args))

    assert (error.kind, error.message) == (
        Kind.BUSY,
        f"The volumes of team {TEAM} are being moved into the pool.",
    )
    assert world.everything() == before


@pytest.mark.parametrize(("tool", "args"), CREATIONS[:2])
def test_what_begins_before_the_journal_waits_for_the_move_and_is_refused(
    world, process, sale, tool, args, monkeypatch
):
    monkeypatch.setattr(move_journal, "RESERVE_WAIT_SECONDS", 0.1)
    before = world.everything()

    with process.deps.work.locks.acquire(LockKey.storage(TEAM), "oduflow storage move"):
        error = answer(process, tool, **(sale | args if tool == "create_environment" else args))

    assert error.kind is Kind.BUSY
    assert "oduflow storage move" in error.message
    assert world.everything() == before


@pytest.mark.parametrize("tool", ["create_upload", "add_extra_repo"])
def test_nothing_is_begun_in_the_teams_folder_during_a_move_or_before_it_is_settled(
    world, process, tool, monkeypatch
):
    monkeypatch.setattr(move_journal, "RESERVE_WAIT_SECONDS", 0.1)
    url = world.git.repository("web", {"19.0": {"web/__manifest__.py": "{}"}})
    args = {
        "create_upload": {"size": 9, "file_name": "shop.zip"},
        "add_extra_repo": {"name": "web", "repo_url": url, "branch": "19.0"},
    }[tool]
    before = world.everything()

    with process.deps.work.locks.acquire(LockKey.storage(TEAM), "oduflow storage move"):
        assert answer(process, tool, **args).kind is Kind.BUSY
    cut_off(process)
    assert answer(process, tool, **args).kind is Kind.BUSY
    assert world.everything() == before

    process.reconcile()
    process.ok(tool, **args)


def test_an_extra_repo_is_not_updated_until_the_move_is_settled(world, process):
    url = world.git.repository("web", {"19.0": {"web/__manifest__.py": "{}"}})
    process.ok("add_extra_repo", name="web", repo_url=url, branch="19.0")
    cut_off(process)

    assert answer(process, "update_extra_repo", name="web").kind is Kind.BUSY


def test_a_move_does_not_begin_over_a_creation_that_has_its_row(process, sale):
    process.killed("create_environment", at="create.reserve.after", **sale)

    with pytest.raises(Busy):
        _refuse_unfinished(process.deps.naming, process.deps.store, TEAM)


def test_a_move_does_not_wait_for_an_earlier_version_that_environments_use(process, sale):
    process.ok("create_environment", **sale)
    process.ok("create_template", name="base", modules=["crm"], replace=True)

    _refuse_unfinished(process.deps.naming, process.deps.store, TEAM)
    held = hold_team(
        *(process.deps.naming, process.deps.store, process.deps.work.locks, TEAM, "a move")
    )
    assert not process.deps.work.locks.is_free(LockKey.template(TEAM, "base"))
    held.release()


def test_a_move_does_not_begin_while_a_file_is_downloaded(process):
    scratch = process.deps.naming.team_scratch(TEAM)
    (scratch / "1-import-0123-1").mkdir(parents=True)

    with pytest.raises(Busy, match="scratch/1-import-0123-1"):
        _refuse_unfinished(process.deps.naming, process.deps.store, TEAM)

    (scratch / "1-import-0123-1").rename(scratch / "99999999-import-0123-1")
    _refuse_unfinished(process.deps.naming, process.deps.store, TEAM)


def test_credentials_downloads_and_packages_are_not_changed_during_a_move(process):
    packages = process.deps.naming.team_folder(TEAM) / "python" / "0123"
    packages.mkdir(parents=True)
    locks = process.deps.work.locks

    held = hold_team(process.deps.naming, process.deps.store, locks, TEAM, "a move")

    for key in (
        LockKey.credentials(TEAM),
        LockKey.downloads(TEAM),
        LockKey.python_packages(TEAM, "0123"),
    ):
        assert not locks.is_free(key)
    held.release()


def test_a_half_made_snapshot_waits_for_the_end_of_the_move(world, process, sale):
    process.ok("create_environment", **sale)
    [row] = process.deps.store.environments.list(TEAM)
    process.killed("create_snapshot", at="snapshot.database.after", name="sale")
    process.deps.store.environments.update(row.id, step=MOVING)

    process.reconcile(at_start=False)

    assert process.deps.store.snapshots.of(row.id) != ()


def cut_off(process):
    """Leave the rows of a move that was killed after the containers were removed."""
    rows = process.deps.store.environments.list(TEAM)
    for row in rows:
        process.deps.store.environments.update(row.id, step=MOVING)
    Move(TEAM, (), {row.id: True for row in rows}).save(process.deps.store.facts)


def answer(process, tool, **args):
    """Return the error of an operation, quick or slow."""
    try:
        return process.call(tool, **args).error
    except Exception as failure:  # noqa: BLE001 - compared by its kind
        return failure
