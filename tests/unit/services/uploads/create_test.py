"""Beginning, finding again and deleting uploads, within the team's quota and the disk."""

from dataclasses import replace

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import NotFound, QuotaReached
from oduflow.domain.upload import CreateUpload
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import LockKey
from oduflow.services.server.disk import Disk
from oduflow.services.uploads.create import ensure_upload
from tests.unit.services.uploads.conftest import TEAM


def test_a_name_shows_the_file_and_the_view_says_where_to_send(sender):
    view = sender.begin(file_name="C:\\dumps\\Shop Dump.zip")

    assert view.file_name == "Shop Dump.zip"
    assert view.name.startswith("shop-dump-zip-")
    assert view.path == f"/uploads/{view.name}"
    assert view.source == f"upload:{view.name}"
    assert (view.received, view.complete) == (0, False)


def test_the_same_file_again_is_the_same_upload_with_what_arrived(sender):
    first = sender.begin()
    sender.send(first.name, 0, 1000)

    again = sender.begin(file_name="renamed.zip")

    assert (again.name, again.received) == (first.name, 1000)


def test_another_size_or_no_digest_is_another_upload(sender):
    names = {sender.begin().name, sender.begin(sha256=None).name, sender.begin(size=2499).name}

    assert len(names) == 3
    assert {each.name for each in sender.process.ok("list_uploads").uploads} == names


def test_a_team_has_a_limited_number(sender):
    for _ in range(10):
        sender.begin(sha256=None)

    with pytest.raises(QuotaReached, match="10 of 10 uploads"):
        sender.begin(sha256=None)


def test_a_teams_uploads_take_a_limited_number_of_bytes(sender, monkeypatch):
    monkeypatch.setattr(Disk, "free", lambda _disk: 1 << 40)
    with pytest.raises(QuotaReached, match=r"has 51\.00 GiB.* of 50\.00 GiB"):
        sender.begin(size=51 << 30)


def test_bytes_that_the_team_will_send_are_not_promised_twice(sender):
    rows, view = sender.process.deps.store.uploads, sender.begin()
    sender.send(view.name, 0, 1000)
    row = rows.get(TEAM, view.name)

    with pytest.raises(QuotaReached, match="room for"):
        rows.reserve(
            sender.receiver.find(TEAM, view.name),
            limit=9,
            team_bytes=1 << 40,
            disk_bytes=row.size - row.received + row.size - 1,
        )


def test_slots_are_given_up_for_an_upload_before_downloads_have_to_wait(sender, monkeypatch):
    deps, free = sender.process.deps, [0]
    monkeypatch.setattr(Disk, "free", lambda _disk: free[0])

    def give_up(_deps, team, _full):
        deps.work.locks.acquire(LockKey.downloads(team), "a test", wait=0).release()
        free[0] = 1 << 40
        return True

    call = Call(Actor(TEAM, ActorKind.TOKEN, "auth_token"), Origin("mcp"))
    made = ensure_upload(replace(deps, give_up_slots=give_up), call, CreateUpload(size=2500))

    assert made.data.size == 2500


def test_an_upload_that_another_team_never_sends_blocks_none(sender):
    rows, view = sender.process.deps.store.uploads, sender.begin()
    row = sender.receiver.find(TEAM, view.name)

    other = replace(row, id="other", team="2")
    rows.reserve(other, limit=9, team_bytes=1 << 40, disk_bytes=row.size)

    assert rows.get("2", view.name) is not None


def test_a_deleted_upload_leaves_no_file(sender):
    name = sender.begin().name
    sender.send(name, 0, 1000)

    sender.process.ok("delete_upload", name=name)

    assert list(sender.process.deps.work.uploads.stored(TEAM)) == []
    with pytest.raises(NotFound):
        sender.process.call("delete_upload", name=name)
