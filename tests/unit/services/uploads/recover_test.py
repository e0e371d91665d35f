"""Abandoned uploads are removed; files without a row are named."""

from datetime import timedelta

from oduflow.domain.clock import now
from oduflow.kernel.locks import LockKey
from oduflow.services.uploads.recover import UploadRecovery
from tests.unit.services.uploads.conftest import TEAM


def test_an_upload_without_a_part_for_a_day_is_removed(sender):
    deps = sender.process.deps
    old, new = sender.begin().name, sender.begin(sha256=None).name
    sender.send(old, 0, 1000)
    row = sender.receiver.find(TEAM, old)
    deps.store.uploads.update(row.id, progressed_at=now() - timedelta(hours=25))

    assert UploadRecovery(deps).prune() == 1

    assert [row.name for row in deps.store.uploads.all()] == [new]
    assert list(deps.work.uploads.stored(TEAM)) == []


def test_one_that_is_received_or_imported_is_left_alone(sender):
    deps = sender.process.deps
    row = sender.receiver.find(TEAM, sender.begin().name)
    deps.store.uploads.update(row.id, progressed_at=now() - timedelta(hours=25))
    held = deps.work.locks.acquire(LockKey.upload(TEAM, row.name), "an import")

    assert UploadRecovery(deps).prune() == 0
    held.release()
    assert UploadRecovery(deps).prune() == 1


def test_a_removal_that_was_killed_halfway_is_finished(sender):
    deps = sender.process.deps
    row = sender.send(sender.begin().name, 0, 1000)
    deps.work.uploads.remove(TEAM, row.id)
    deps.store.uploads.update(row.id, progressed_at=now() - timedelta(hours=25))

    assert UploadRecovery(deps).prune() == 1
    assert deps.store.uploads.all() == ()


def test_a_file_without_a_row_is_a_leftover(sender):
    deps = sender.process.deps
    row = sender.send(sender.begin().name, 0, 1000)
    deps.store.uploads.remove(row.id)

    (stray,) = UploadRecovery(deps).strays(frozenset())

    assert stray.leftover.name == f"team_{TEAM}/uploads/{row.id}"
    assert stray.adopt is None


def test_the_row_stays_while_the_file_cannot_be_removed(sender):
    deps = sender.process.deps
    row = sender.receiver.find(TEAM, sender.begin().name)
    deps.store.uploads.update(row.id, progressed_at=now() - timedelta(hours=25))
    deps.infrastructure.pools.begin()
    deps.infrastructure.pools.place(TEAM)

    assert UploadRecovery(deps).prune() == 0

    assert deps.store.uploads.by_id(row.id) is not None
