import errno
import os
import shutil
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool.file_notes import FileNotes
from oduflow.adapters.pool.transfer import Transfer
from oduflow.domain.container import VolumeFacts
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.kernel.locks import LockKey
from oduflow.services.storage import move
from oduflow.services.storage.move import _TeamMove
from tests.support.memory.world import TEAM


@pytest.fixture
def facts(process) -> VolumeFacts:
    """The volume of the template, with one file."""
    found: VolumeFacts
    [found] = process.deps.engine.volumes.list(process.deps.naming.labels("template"))
    (found.mountpoint / "file").write_text("content")
    return found


def test_a_copy_stops_before_the_pool_is_full(process, facts, monkeypatch):
    copy = _TeamMove(process.deps, TEAM, (facts,), None, print)._copy_of(
        facts, FileNotes(process.deps.naming.data_dir)
    )
    usage = SimpleNamespace(total=1 << 40, free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)

    with pytest.raises(QuotaReached, match="no room left in the pool"):
        copy.finish()


def test_a_copy_of_many_files_asks_for_room_now_and_then(process, facts, monkeypatch):
    looks = []
    monkeypatch.setattr(move, "room_left", lambda *_args: looks.append(1))
    for number in range(200):
        (facts.mountpoint / f"file{number}").write_text("content")

    notes = FileNotes(process.deps.naming.data_dir)
    _TeamMove(process.deps, TEAM, (facts,), None, print)._copy_of(facts, notes).finish()

    assert 1 <= len(looks) < 100


@pytest.mark.parametrize("cause", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), SystemExit()])
def test_a_copy_that_fails_before_anything_stops_leaves_no_draft(
    process, facts, monkeypatch, cause
):
    def fail(copy):
        copy.target.mkdir()
        raise cause

    monkeypatch.setattr(Transfer, "approach", fail)

    with pytest.raises((UpstreamFailed, SystemExit)) as raised:
        _TeamMove(process.deps, TEAM, (facts,), None, print).run()

    assert process.deps.infrastructure.pools.of(TEAM).drafts() == ()
    if isinstance(raised.value, UpstreamFailed):
        assert raised.value.message == (
            f"Volume {facts.name} cannot be copied: No space left on device."
        )


def test_what_a_killed_move_has_copied_is_removed_once_no_move_runs(process, facts):
    pool = process.deps.infrastructure.pools.of(TEAM)
    pool.draft(facts.name).mkdir(parents=True)
    with process.deps.work.locks.acquire(LockKey.storage(TEAM), "oduflow storage move"):
        process.reconcile()
        assert pool.drafts() == (facts.name,)

    process.reconcile()

    assert pool.drafts() == ()


def test_a_copy_of_a_volume_that_is_gone_is_told(process):
    folder = process.deps.infrastructure.pools.of(TEAM).draft("memory-env-gone")
    folder.mkdir(parents=True)
    [finding] = process.doctor().leftovers()
    assert f"rm -r {folder}" in finding.hint
