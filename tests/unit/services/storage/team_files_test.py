from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.services.storage.team_files import files_outside, settle_files

TEAM = "red"


class OwnPool:
    """A team's pool, whose image may not be mounted."""

    own = takes_new = True

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, folder / "files"
        self.mounted = True

    def require_mounted(self) -> None:
        if not self.mounted:
            raise UpstreamFailed("The pool's image is not mounted.")

    def link(self, place: Path) -> None:
        self.require_mounted()
        place.symlink_to(self.files)


@pytest.fixture
def pool(tmp_path: Path) -> OwnPool:
    return OwnPool(tmp_path / "pools" / TEAM)


@pytest.fixture
def pools(tmp_path: Path, pool: OwnPool) -> Any:
    return SimpleNamespace(naming=Naming("test", tmp_path), of=lambda _team: pool)


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """What a move that was killed after the rename has left."""
    made = tmp_path / f"team_{TEAM}.former"
    made.mkdir()
    (made / "kept").write_text("content")
    return made


def test_the_former_folder_is_kept_while_the_pool_is_not_mounted(
    pools: Any, pool: OwnPool, former: Path
) -> None:
    pool.mounted = False

    with pytest.raises(UpstreamFailed, match="not mounted"):
        settle_files(pools, TEAM)

    assert (former / "kept").exists()
    assert not pools.naming.team_folder(TEAM).is_symlink()


def test_the_former_folder_is_kept_when_its_copy_is_gone(
    pools: Any, pool: OwnPool, former: Path
) -> None:
    pool.folder.mkdir(parents=True)

    with pytest.raises(UpstreamFailed, match="not in its pool"):
        settle_files(pools, TEAM)

    assert (former / "kept").exists()


def test_the_former_folder_is_removed_once_the_team_has_its_copy(
    pools: Any, pool: OwnPool, former: Path
) -> None:
    pool.files.mkdir(parents=True)
    (pool.files / "kept").write_text("content")

    settle_files(pools, TEAM)

    assert (pools.naming.team_folder(TEAM) / "kept").read_text() == "content"
    assert not former.exists()


def test_a_copy_that_was_complete_when_the_folder_was_renamed_gets_its_name(
    pools: Any, pool: OwnPool, former: Path
) -> None:
    draft = pool.folder / "files.new"
    draft.mkdir(parents=True)
    (draft / "kept").write_text("content")
    pool.files.mkdir()  # as each round of the server makes it

    settle_files(pools, TEAM)

    assert (pools.naming.team_folder(TEAM) / "kept").read_text() == "content"
    assert not former.exists()
    assert not draft.exists()


def test_a_copy_is_not_put_over_files_that_were_written_meanwhile(
    pools: Any, pool: OwnPool, former: Path
) -> None:
    draft = pool.folder / "files.new"
    for each in (draft, pool.files):
        each.mkdir(parents=True)
        (each / "kept").write_text(each.name)

    with pytest.raises(Conflict, match=r"are copied to .*files\.new, and there are others in"):
        settle_files(pools, TEAM)
    assert former.is_dir()
    (pool.files / "kept").unlink()
    settle_files(pools, TEAM)

    assert (pools.naming.team_folder(TEAM) / "kept").read_text() == "files.new"
    assert not former.exists()


@pytest.mark.parametrize("killed", ["renamed", "named", "linked", "removing"])
def test_a_switch_that_was_killed_after_any_step_is_finished(
    pools: Any, pool: OwnPool, killed: str
) -> None:
    folder, draft = pools.naming.team_folder(TEAM), pool.folder / "files.new"
    for each in (folder, draft):
        each.mkdir(parents=True)
        for name in ("kept", "more"):
            (each / name).write_text("content")
    former = folder.rename(folder.with_name(f"{folder.name}.former"))
    if killed != "renamed":
        draft.rename(pool.files)
    if killed in {"linked", "removing"}:
        pool.link(folder)
    if killed == "removing":
        (former / "more").unlink()

    for _ in range(2):  # it may be repeated
        settle_files(pools, TEAM)

    assert folder.is_symlink()
    assert [each.name for each in sorted(folder.iterdir())] == ["kept", "more"]
    assert not former.exists()
    assert not draft.exists()


def test_a_copy_that_was_not_complete_is_removed(pools: Any, pool: OwnPool) -> None:
    folder, draft = pools.naming.team_folder(TEAM), pool.folder / "files.new"
    for each in (folder, draft):
        each.mkdir(parents=True)
        (each / "kept").write_text("content")

    settle_files(pools, TEAM)

    assert (folder / "kept").exists()
    assert not draft.exists()


def test_files_in_the_pool_are_never_replaced_by_others(pools: Any, pool: OwnPool) -> None:
    folder = pools.naming.team_folder(TEAM)
    for each in (folder, pool.files):
        each.mkdir(parents=True)
        (each / "kept").write_text("content")

    with pytest.raises(Conflict, match="are in its pool, and there are others"):
        files_outside(pools, TEAM)
    settle_files(pools, TEAM)

    assert (folder / "kept").exists()
    assert (pool.files / "kept").exists()


def test_the_files_of_a_team_whose_folder_is_a_link_are_never_removed(
    pools: Any, pool: OwnPool
) -> None:
    pool.files.mkdir(parents=True)
    (pool.files / "kept").write_text("content")
    pool.link(pools.naming.team_folder(TEAM))

    settle_files(pools, TEAM)

    assert (pool.files / "kept").exists()
