from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.container import VolumeFacts
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.services.move_journal import Move, MovedVolume, load_move
from oduflow.services.storage.settle import settle

VOLUME = MovedVolume("test-tpl-1", {"test.kind": "template", "test.team": "1", "test.id": "tpl"})


class Places:
    """An engine's volumes as folders, and a pool beside them."""

    def __init__(self, root: Path) -> None:
        self.root, self.bound = root, set[str]()
        self.volumes: set[str] = set()
        self.mounted = True
        self.spelled = root

    def require_mounted(self) -> None:
        if not self.mounted:
            raise UpstreamFailed("The pool's image is not mounted.")

    def path(self, name: str) -> Path:
        return self.root / "pool" / name

    def own(self, name: str) -> Path:
        return self.root / "engine" / name

    def facts(self, name: str) -> VolumeFacts | None:
        if name not in self.volumes:
            return None
        bound = self.spelled / "pool" / name
        folder = bound if name in self.bound else self.own(name)
        return VolumeFacts(name, VOLUME.labels, folder)

    def ensure(self, name: str, *, labels: dict[str, str]) -> None:
        assert labels == VOLUME.labels
        self.volumes.add(name)
        self.bound.add(name)

    def release(self, name: str) -> None:
        self.volumes.discard(name)
        empty(self.own(name))

    def remove(self, name: str) -> None:
        """Remove a volume, or a folder of the pool."""
        if name == VOLUME.former:
            self.release(name)
        else:
            empty(self.path(name))

    def fill(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "file").write_text("content")


def test_a_copy_that_nothing_has_used_is_taken_back(
    places: Places, end: Callable[[], None]
) -> None:
    places.volumes |= {VOLUME.name, VOLUME.former}
    places.fill(places.own(VOLUME.name))
    places.own(VOLUME.former).mkdir()
    places.fill(places.path(VOLUME.name))

    end()

    assert places.volumes == {VOLUME.name}
    assert (places.own(VOLUME.name) / "file").exists()
    assert not places.path(VOLUME.name).exists()


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "no volume"])
def test_once_the_original_was_renamed_the_copy_counts(
    places: Places, end: Callable[[], None], left: str
) -> None:
    places.volumes |= {VOLUME.former}
    places.fill(places.own(VOLUME.former))
    places.fill(places.path(VOLUME.name))
    if left != "no volume":
        places.volumes.add(VOLUME.name)
    if left == "an empty folder":  # as an engine that starts may make it
        places.own(VOLUME.name).mkdir()

    end()

    assert places.volumes == places.bound == {VOLUME.name}
    assert (places.path(VOLUME.name) / "file").exists()
    end()


def test_of_two_volumes_with_files_neither_is_removed(
    places: Places, end: Callable[[], None]
) -> None:
    places.volumes |= {VOLUME.name, VOLUME.former}
    for folder in map(places.own, places.volumes):
        places.fill(folder)
    places.fill(places.path(VOLUME.name))

    with pytest.raises(UpstreamFailed, match="both have files"):
        end()

    assert all((folder / "file").exists() for folder in map(places.own, places.volumes))


def test_a_volume_without_files_and_copy_is_reported(
    places: Places, end: Callable[[], None]
) -> None:
    places.volumes |= {VOLUME.former}
    places.fill(places.own(VOLUME.former))

    with pytest.raises(UpstreamFailed, match="no copy in the pool"):
        end()

    assert (places.own(VOLUME.former) / "file").exists()


def test_of_a_template_that_was_deleted_meanwhile_nothing_is_left(
    places: Places, templates: dict[str, str], end: Callable[[], None]
) -> None:
    templates.clear()
    places.volumes |= {VOLUME.former}
    places.fill(places.own(VOLUME.former))

    end()

    assert places.volumes == set()
    assert not places.own(VOLUME.former).exists()


def test_what_never_had_a_row_is_moved_and_not_removed(
    places: Places, templates: dict[str, str], end: Callable[[], None]
) -> None:
    templates.clear()
    places.volumes |= {VOLUME.name, VOLUME.former}
    places.fill(places.own(VOLUME.former))
    places.fill(places.path(VOLUME.name))

    end()

    assert (places.path(VOLUME.name) / "file").exists()


def test_while_the_pool_is_not_mounted_neither_copy_is_removed(
    places: Places, end: Callable[[], None]
) -> None:
    places.volumes |= {VOLUME.former}
    places.fill(places.own(VOLUME.former))
    places.mounted = False

    with pytest.raises(UpstreamFailed, match="not mounted"):
        end()

    assert (places.own(VOLUME.former) / "file").exists()
    places.mounted = True
    places.fill(places.path(VOLUME.name))
    end()
    assert (places.path(VOLUME.name) / "file").exists()


def test_a_volume_in_the_pool_is_never_taken_for_a_copy_when_the_data_folder_is_spelled_otherwise(
    places: Places, end: Callable[[], None]
) -> None:
    places.volumes.add(VOLUME.name)
    places.bound.add(VOLUME.name)
    places.fill(places.path(VOLUME.name))
    link = places.root / "link"
    link.symlink_to(places.root)
    places.spelled = link

    end()

    assert (places.path(VOLUME.name) / "file").exists()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path)
    (tmp_path / "engine").mkdir()
    (tmp_path / "pool").mkdir()
    return made


@pytest.fixture
def templates() -> dict[str, str]:
    """The rows of templates, by id."""
    return {"tpl": "base"}


@pytest.fixture
def end(places: Places, templates: dict[str, str]) -> Callable[[], None]:
    """Settle a move of one volume, and check that its row is gone."""
    rows: dict[str, str] = {}
    facts: Any = SimpleNamespace(set=rows.__setitem__, get=rows.get, remove=rows.pop)
    naming = Naming("test", places.root)
    pool = SimpleNamespace(
        path=places.path,
        remove=places.remove,
        own=False,
        folder=places.root / "pool",
        holds=lambda folder: folder.resolve().is_relative_to(places.root.resolve() / "pool"),
        require_mounted=places.require_mounted,
    )
    deps: Any = SimpleNamespace(
        naming=naming,
        engine=SimpleNamespace(volumes=places),
        infrastructure=SimpleNamespace(
            pools=SimpleNamespace(of=lambda _team: pool, naming=naming), databases=None
        ),
        store=SimpleNamespace(
            facts=facts, environments=None, templates=SimpleNamespace(by_id=templates.get)
        ),
        work=SimpleNamespace(failpoints=SimpleNamespace(reach=lambda _point: None)),
    )

    def work() -> None:
        move = Move("1", (VOLUME,))
        move.save(facts)
        assert load_move(facts, "1") == move
        settle(deps, move)
        assert load_move(facts, "1") is None

    return work


def empty(folder: Path) -> None:
    if folder.is_dir():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
