import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool import pool as module
from oduflow.adapters.pool.making import set_up
from oduflow.adapters.pool.pool import Pool
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.space import STEP
from oduflow.domain.errors import Conflict, Forbidden, QuotaReached, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.settings.sections import StorageSettings


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """A pool of root's on a disk with much space and without reflinks."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "has_reflinks", lambda _folder: False)
    monkeypatch.setattr(module, "missing_packages", lambda: ())
    give_space(monkeypatch, 100 << 30)
    return Pool(tmp_path, tmp_path / "pool", StorageSettings)


def test_where_a_pool_can_be_made_the_next_step_says_so(pool: Pool) -> None:
    state = pool.state()
    assert (state.reflink, state.ok) == (False, True)
    assert "oduflow storage setup" in state.hint


def test_without_root_no_image_is_made(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert pool.state().text == "copy: Only root can mount a pool."
    with pytest.raises(Forbidden):
        pool.refuse_setup()
    assert list(pool.data_dir.iterdir()) == []


def test_a_missing_program_names_the_package(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "missing_packages", lambda: ("xfsprogs",))
    assert "apt-get install xfsprogs" in pool.state().hint
    with pytest.raises(UpstreamFailed, match="A pool needs xfsprogs"):
        pool.refuse_setup()


def test_an_image_never_takes_what_the_disk_needs(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_space(monkeypatch, STEP + (1 << 30))
    with pytest.raises(QuotaReached, match=r"needs 6\.0 GiB of free space, and 5\.0 GiB are free"):
        pool.refuse_setup()
    assert list(pool.data_dir.iterdir()) == []


def test_where_the_data_folder_has_reflinks_the_pool_is_a_folder(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "has_reflinks", lambda _folder: True)
    assert pool.state().text.startswith("reflink (file system of ")
    assert pool.new("a") == pool.path("a")
    assert pool.path("a").is_dir()
    assert not pool.image.exists
    pool.destroy()
    assert list(pool.data_dir.iterdir()) == []


def test_a_teams_own_pool_is_never_a_folder_without_a_limit(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "has_reflinks", lambda _folder: True)
    own = Pool(pool.data_dir, pool.folder, pool.rules, own=True)
    assert own.new("a") is None
    assert own.state().text == "copy: The pool's image could not be made yet."


def test_a_pool_that_a_move_began_to_fill_is_removed(pool: Pool) -> None:
    pool.draft("a").mkdir(parents=True)
    assert pool.destroy()
    assert list(pool.data_dir.iterdir()) == []


def test_copying_is_never_overruled(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "has_reflinks", lambda _folder: True)
    copying = Pool(pool.data_dir, pool.folder, lambda: StorageSettings(clone="copy"))
    assert copying.new("a") is None
    assert copying.state().text == "copy: [storage] clone says so."
    with pytest.raises(Conflict):
        set_up(Pools(Naming("test", pool.data_dir), copying.rules, dict))


def test_where_reflinks_are_demanded_nothing_is_made_without(pool: Pool) -> None:
    demanding = Pool(pool.data_dir, pool.folder, lambda: StorageSettings(clone="reflink"))
    with pytest.raises(Conflict, match="cannot share blocks"):
        demanding.require()
    pool.require()


def give_space(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = SimpleNamespace(total=200 << 30, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
