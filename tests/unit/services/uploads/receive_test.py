"""Parts of an upload: in order, durable, proven at the end."""

import io
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool.making import destroy
from oduflow.adapters.pool.pools import Pools
from oduflow.domain.errors import (
    Busy,
    Conflict,
    Invalid,
    NotFound,
    QuotaReached,
    UpstreamFailed,
)
from oduflow.domain.upload import PART_BYTES
from oduflow.kernel.locks import LockKey
from oduflow.services.move_journal import Move
from oduflow.services.server.disk import Disk
from tests.unit.services.uploads.conftest import TEAM


def test_parts_make_the_file_and_its_digest_is_proven(sender):
    name = sender.begin().name

    assert sender.send(name, 0, 1000).received == 1000
    assert not sender.send(name, 1000, 2000).complete
    last = sender.send(name, 2000)

    assert (last.complete, last.verified) == (True, True)
    assert sender.stored(name) == sender.content


def test_a_part_that_begins_elsewhere_is_refused_and_the_offset_named(sender):
    name = sender.begin().name
    sender.send(name, 0, 1000)

    for offset in (0, 999, 1001):
        with pytest.raises(Conflict, match="begins at 1000"):
            sender.send(name, offset, 2000)
    assert sender.send(name, 1000, 2000).received == 2000


def test_a_part_that_breaks_off_counts_as_far_as_it_came(sender):
    name = sender.begin().name

    row = sender.receiver.append(TEAM, name, 0, io.BytesIO(sender.content[:300]), 1000)

    assert row.received == 300
    sender.send(name, 300, 1300)
    assert sender.send(name, 1300).verified


def test_bytes_of_a_part_that_was_killed_before_its_row_are_overwritten(sender):
    name = sender.begin().name
    row = sender.send(name, 0, 1000)
    with sender.process.deps.work.uploads.path(TEAM, row.id).open("ab") as file:
        file.write(b"x" * 700)

    assert sender.receiver.find(TEAM, name).received == 1000
    sender.send(name, 1000, 1500)
    assert sender.send(name, 1500).complete
    assert sender.stored(name) == sender.content


def test_a_file_that_lost_bytes_is_received_from_what_is_left(sender):
    name = sender.begin().name
    row = sender.send(name, 0, 2000)
    with sender.process.deps.work.uploads.path(TEAM, row.id).open("r+b") as file:
        file.truncate(400)

    with pytest.raises(Conflict, match="begins at 400"):
        sender.send(name, 2000)
    assert sender.send(name, 400).complete
    assert sender.stored(name) == sender.content


def test_after_a_restart_the_digest_is_left_to_the_import(sender):
    name = sender.begin().name
    sender.send(name, 0, 1000)
    sender.forget_process()

    last = sender.send(name, 1000)

    assert (last.complete, last.verified) == (True, False)


def test_another_content_than_named_is_removed_and_begins_anew(sender):
    name = sender.begin(sha256="0" * 64).name
    sender.send(name, 0, 1000)

    with pytest.raises(Invalid, match=f"{sender.sha256}, not 0000"):
        sender.send(name, 1000)

    assert sender.receiver.find(TEAM, name).received == 0
    assert list(sender.process.deps.work.uploads.stored(TEAM)) == []


@pytest.mark.parametrize(
    ("offset", "length", "said"),
    [
        (0, 0, "has 0 bytes"),
        (0, PART_BYTES + 1, f"has {PART_BYTES + 1} bytes"),
        (0, 2501, "ends at 2501"),
    ],
)
def test_a_part_of_a_wrong_size_is_refused(sender, offset, length, said):
    name = sender.begin().name

    with pytest.raises(Invalid, match=said):
        sender.receiver.append(TEAM, name, offset, io.BytesIO(b"x"), length)


def test_a_complete_upload_takes_no_more(sender):
    name = sender.begin().name
    sender.send(name, 0)

    with pytest.raises(Conflict, match="is complete"):
        sender.send(name, 2000)


def test_a_part_of_another_teams_upload_is_not_found(sender):
    name = sender.begin().name

    with pytest.raises(NotFound):
        sender.receiver.append("2", name, 0, io.BytesIO(b"x"), 1)


def test_two_parts_of_one_upload_are_not_written_at_once(sender, monkeypatch):
    name = sender.begin().name
    monkeypatch.setattr("oduflow.services.uploads.receive.LOCK_WAIT_SECONDS", 0.0)
    held = sender.process.deps.work.locks.acquire(LockKey.upload(TEAM, name), "another part")

    with pytest.raises(Busy):
        sender.send(name, 0, 1000)

    held.release()
    assert sender.send(name, 0, 1000).received == 1000


def test_a_disk_below_its_reserve_takes_no_part(sender, monkeypatch):
    name = sender.begin().name
    monkeypatch.setattr(Disk, "free", lambda _disk: -1)

    with pytest.raises(QuotaReached, match="MiB are free"):
        sender.send(name, 0, 1000)


def test_a_part_is_refused_while_the_teams_files_are_not_mounted_and_nothing_is_lost(sender):
    name = sender.begin().name
    sender.send(name, 0, 1000)
    folder = sender.process.deps.naming.team_folder(TEAM)
    mounted = folder.rename(folder.with_name("mounted"))
    folder.symlink_to("unmounted")
    pools = sender.process.deps.infrastructure.pools
    pools.begin()

    with pytest.raises(UpstreamFailed, match="could not be made yet"):
        sender.send(name, 1000)

    assert sender.receiver.find(TEAM, name).received == 1000
    folder.unlink()
    destroy(pools)
    mounted.rename(folder)
    assert sender.send(name, 1000).verified


def test_a_part_is_refused_while_a_move_is_not_settled_which_would_lack_it(sender):
    name = sender.begin().name
    sender.send(name, 0, 1000)
    facts = sender.process.deps.store.facts
    Move(TEAM, ()).save(facts)

    with pytest.raises(Busy, match="are being moved"):
        sender.send(name, 1000)

    Move(TEAM, ()).remove(facts)
    assert sender.send(name, 1000).verified


def test_a_part_is_refused_on_a_full_disk_of_the_team(sender, monkeypatch):
    name = sender.begin().name
    pool = SimpleNamespace(
        own=True,
        image=SimpleNamespace(mounted=True),
        space=SimpleNamespace(free=1, growth=0, total=9),
        folder=sender.process.deps.naming.data_dir,
    )
    monkeypatch.setattr(Pools, "of", lambda _pools, _team: pool)

    with pytest.raises(QuotaReached, match="The team's disk is full"):
        sender.send(name, 0, 1000)

    assert sender.receiver.find(TEAM, name).received == 0
