from dataclasses import replace

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import QuotaReached
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.files.private import make_folder
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import LockKey
from oduflow.services.download_room import DownloadRoom
from oduflow.services.server.disk import Disk
from oduflow.services.templates.downloads import _arriving
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, TEAM

MIB, GIB = 1 << 20, 1 << 30


@pytest.fixture
def limited(world, monkeypatch):
    """A team that may have 3 GiB of uploads and downloads, on a disk with room for more."""
    monkeypatch.setattr(Disk, "free", lambda _disk: 100 * GIB)
    return Process(world, teams=f"{BLUE}max_upload_gb = 3\n")


def test_a_download_ends_when_others_have_filled_the_disk(limited, monkeypatch):
    lines = []
    call = Call(
        Actor(TEAM, ActorKind.TOKEN, "auth_token"),
        Origin("mcp"),
        _report=lambda progress: lines.append(progress.message),
    )
    arrived = _arriving(call, begun(limited))

    arrived(5 * MIB, 0)
    monkeypatch.setattr(Disk, "require", refuse)
    with pytest.raises(QuotaReached, match="Only 1 MiB are free"):
        arrived(10 * MIB, 0)

    assert lines == ["downloading: 5 MiB"]


def test_three_downloads_at_once_share_the_room_of_their_team(limited):
    first, second, third = (begun(limited) for _ in range(3))
    first.arrived(MIB, GIB)
    second.arrived(MIB, GIB)

    with pytest.raises(QuotaReached) as refused:
        third.arrived(MIB, 2 * GIB)

    assert refused.value.message == (
        "The file has 2.0 GiB, and the team's uploads and other downloads take 2.0 GiB; it may "
        "have 3.0 GiB (max_upload_gb)."
    )
    first.arrived(8 * MIB, GIB)  # the others go on


def test_an_upload_shares_the_room_with_the_downloads(limited):
    begun(limited).arrived(MIB, 2 * GIB)

    with pytest.raises(QuotaReached) as refused:
        limited.call("create_upload", size=2 * GIB, file_name="shop.zip")

    assert refused.value.message == (
        "The file has 2.00 GiB, and the team's uploads and downloads take 2.00 GiB of 3.00 GiB."
    )
    limited.ok("create_upload", size=GIB, file_name="shop.zip")


def test_files_whose_size_nothing_announces_count_as_they_arrive(limited):
    first, second = begun(limited), begun(limited)
    with first.file.open("wb") as file:
        file.truncate(2 * GIB)

    second.arrived(GIB, 0)
    with pytest.raises(QuotaReached):
        second.arrived(GIB + 4 * MIB, 0)


def test_what_a_killed_process_or_another_team_downloads_does_not_count(limited):
    other, killed, mine = begun(limited), begun(limited), begun(limited)
    other.arrived(0, 3 * GIB)
    other.folder.rename(other.folder.with_name(f"{other.folder.name}-b"))
    killed.folder.rename(killed.folder.with_name(f"999999999-import-0-{TEAM}"))

    mine.arrived(MIB, 3 * GIB)


def test_without_any_room_nothing_is_asked_for(limited):
    begun(limited).arrived(0, 3 * GIB)

    with pytest.raises(QuotaReached, match=r"take 3\.0 GiB; it may have 3\.0 GiB"):
        begun(limited).limit()


def test_what_the_team_fills_of_its_disk_counts(world, limited):
    limited = Process(world, teams=f"{BLUE}max_upload_gb = 50\ndisk_gb = 10\n")
    limited.deps.store.sizes.replace(TEAM, {WHOLE_TEAM: (8 * GIB, 0)})
    begun(limited).arrived(0, GIB)

    assert begun(limited).limit() == GIB


@pytest.mark.parametrize("asked", ["limit", "arrived"])
def test_slots_are_given_up_for_a_download_before_others_have_to_wait(world, asked):
    process = Process(world, teams=f"{BLUE}max_upload_gb = 50\ndisk_gb = 10\n")
    sizes, locks = process.deps.store.sizes, process.deps.work.locks
    sizes.replace(TEAM, {WHOLE_TEAM: (10 * GIB, 0)})
    missing = []

    def give_up(_deps, team, full):
        locks.acquire(LockKey.downloads(team), "a test", wait=0).release()
        sizes.replace(TEAM, {WHOLE_TEAM: (5 * GIB, 0)})
        missing.append(full.missing)
        return True

    room = DownloadRoom(replace(process.deps, give_up_slots=give_up), TEAM)
    make_folder(room.folder)
    if asked == "limit":
        room.limit()
    else:
        room.arrived(0, GIB)

    assert missing == [1 if asked == "limit" else GIB]


def test_no_slot_is_given_up_for_what_max_upload_gb_refuses(limited):
    given = []
    deps = replace(limited.deps, give_up_slots=lambda *full: given.append(full))
    room = DownloadRoom(deps, TEAM)

    with pytest.raises(QuotaReached):
        room.arrived(0, 4 * GIB)

    assert given == []


def begun(process):
    """Return the room of a download that has begun."""
    room = DownloadRoom(process.deps, TEAM)
    make_folder(room.folder)
    return room


def refuse(_disk):
    raise QuotaReached("Only 1 MiB are free on the data folder's disk.")
