import shutil
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from oduflow.domain.clock import now
from oduflow.domain.errors import Kind, QuotaReached, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services.filestore import layers_of
from oduflow.services.room import require_room
from oduflow.services.storage import sizes as module
from oduflow.services.storage.limits import MEASURED
from oduflow.services.storage.sizes import SizeMeter, TookTooLong
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, TEAM

MIB = 1 << 20


def test_what_an_environment_and_a_team_take_is_shown(process, sale):
    process.ok("create_environment", **sale)
    assert process.ok("get_environment", name="sale").disk is None
    (environment,) = process.deps.store.environments.list(TEAM)
    volume = process.deps.engine.volumes.mountpoint(
        f"{process.deps.naming.instance}-env-{environment.id}"
    )
    (volume / "big").write_bytes(bytes(3 * MIB))

    meter(process).measure(TEAM)

    shown = process.ok("get_environment", name="sale").disk
    assert 3 * MIB <= shown.own < 4 * MIB
    assert process.ok("list_environments").environments[0].disk == shown
    template = process.ok("list_templates").templates[0]
    assert template.disk.own < MIB
    changed = process.ok("update_template", name="base", description="For sale")
    assert changed.disk == process.ok("create_template", name="base").disk == template.disk
    whole = process.deps.store.sizes.of(TEAM)[WHOLE_TEAM].own
    assert whole >= shown.own
    assert process.ok("get_status").quotas["disk"] == f"{whole >> 20} MiB ({MEASURED})"


def test_a_team_that_fills_its_disk_makes_nothing_new(world, process, sale):
    process.ok("create_environment", **sale)
    limited = Process(world, teams=f"{BLUE}disk_gb = 1\n")
    limited.deps.store.sizes.replace(TEAM, {WHOLE_TEAM: ((1 << 30) - 41 * MIB, 0)})

    limited.ok("create_environment", **{**sale, "name": "fits"})
    refused = limited.refused("create_environment", **{**sale, "name": "more"})

    assert refused.kind is Kind.QUOTA
    assert refused.message == (
        "An environment of template base needs 40 MiB, and the team fills 1023 MiB of the 1.0 GiB "
        "that it may."
    )
    assert limited.ok("get_status").quotas["disk"] == f"1023 MiB of 1.0 GiB ({MEASURED})"


def test_a_team_is_measured_again_when_something_is_new_or_the_measurement_old(
    process, sale, monkeypatch
):
    measured = meter(process)
    assert measured.due(TEAM)
    measured.measure(TEAM)
    assert not measured.due(TEAM)

    process.ok("create_environment", **sale)
    assert measured.due(TEAM)
    measured.measure(TEAM)
    process.ok("delete_environment", name="sale")
    assert measured.due(TEAM)
    measured.measure(TEAM)
    assert process.deps.store.sizes.of(TEAM).keys() == {
        WHOLE_TEAM,
        *(row.id for row in process.deps.store.templates.list(TEAM)),
    }
    monkeypatch.setattr(module, "now", lambda: now() + timedelta(minutes=11))
    assert measured.due(TEAM)


def test_a_measurement_that_takes_too_long_is_given_up(process, monkeypatch):
    monkeypatch.setattr(module, "TEAM_SECONDS", -1)
    folder = process.deps.naming.team_folder(TEAM) / "many"
    folder.mkdir()
    for number in range(300):
        (folder / str(number)).touch()
    with pytest.raises(TookTooLong):
        meter(process).measure(TEAM)
    assert process.deps.store.sizes.of(TEAM) == {}


def test_the_next_measurement_of_a_team_may_take_longer(process, monkeypatch):
    monkeypatch.setattr(module, "TEAM_SECONDS", 2.0)
    measured, taken = meter(process), []

    def too_long(team):
        taken.append(measured._seconds(team))
        raise TookTooLong

    monkeypatch.setattr(SizeMeter, "measure", lambda _self, team: too_long(team))
    monkeypatch.setattr(module, "AFTER", timedelta(0))
    for _ in range(13):
        measured._look(TEAM)
    assert taken[:3] == [2.0, 4.0, 8.0]
    assert taken[-1] == module.MOST_SECONDS


def test_a_team_that_takes_long_is_measured_beside_the_others_and_once(process, monkeypatch):
    measured, looked = meter(process), []
    release, ended = threading.Event(), threading.Event()

    def look(_self, team):
        looked.append(team)
        if team == "slow":
            release.wait(10)
        else:
            ended.set()

    monkeypatch.setattr(SizeMeter, "_look", look)
    try:
        measured.begin("slow")
        measured.begin("other")
        assert ended.wait(10)
        measured.begin("slow")
    finally:
        release.set()
    assert sorted(looked) == ["other", "slow"]


def test_a_part_that_does_not_answer_ends_no_measuring(process, monkeypatch):
    def refused(*_):
        raise UpstreamFailed("Docker does not answer.")

    measured = meter(process)
    monkeypatch.setattr(module.SizeMeter, "due", refused)
    measured._look(TEAM)  # its thread goes on
    monkeypatch.undo()
    assert process.deps.store.sizes.of(TEAM) == {}

    measured._failed.clear()  # as time does
    measured._look(TEAM)

    assert WHOLE_TEAM in process.deps.store.sizes.of(TEAM)


def test_what_is_refused_is_not_counted(process, monkeypatch):
    limited = Process(process.world, teams=f"{BLUE}disk_gb = 100\n")
    sizes = limited.deps.store.sizes
    sizes.replace(TEAM, {WHOLE_TEAM: (MIB, 0)})
    usage = SimpleNamespace(total=200 << 30, free=1 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)

    for _ in range(2):
        with pytest.raises(QuotaReached, match="on the disk of Docker's volumes"):
            require_room(limited.deps, TEAM, "An import", database=60 << 30)
    assert sizes.of(TEAM)[WHOLE_TEAM].own == MIB

    require_room(limited.deps, TEAM, "An import", database=MIB)
    assert sizes.of(TEAM)[WHOLE_TEAM].own == 2 * MIB


def test_a_team_at_its_limit_gets_no_template_no_extra_repo_and_no_upload(world, process):
    limited = Process(world, teams=f"{BLUE}disk_gb = 1\n")
    limited.deps.store.sizes.replace(TEAM, {WHOLE_TEAM: (1 << 30, 0)})
    url = world.git.repository("web", {"19.0": {"web_grid/__manifest__.py": "{'name': 'x'}"}})
    extra = limited.refused("add_extra_repo", name="web", repo_url=url, branch="19.0")
    assert extra.message.startswith("Extra repo web needs 1 MiB, and the team fills 1.0 GiB of")
    limited.deps.store.sizes.replace(TEAM, {WHOLE_TEAM: ((1 << 30) - MIB, 0)})

    refused = limited.refused("create_template", name="other")
    assert refused.message.startswith("Template other needs 64 MiB, and the team fills 1023 MiB of")
    with pytest.raises(QuotaReached, match=r"needs 3 MiB, and the team fills 1023 MiB of"):
        limited.ok("create_upload", size=3 * MIB, file_name="shop.zip")

    limited.ok("create_upload", size=MIB // 2, file_name="shop.zip")
    with pytest.raises(QuotaReached, match="with what else is to arrive, needs 1 MiB"):
        limited.ok("create_upload", size=MIB // 2 + (100 << 10), file_name="other.zip")


@pytest.mark.parametrize("step", ["database", "synchronise"])
def test_a_snapshot_that_fails_gives_its_counted_bytes_back(world, process, sale, step):
    process.ok("create_environment", **sale)
    limited = Process(world, teams=f"{BLUE}disk_gb = 1\n")
    sizes = limited.deps.store.sizes
    sizes.replace(TEAM, {WHOLE_TEAM: (MIB, 0)})
    limited.faults.fail(f"snapshot.{step}.before")

    limited.refused("create_snapshot", name="sale", snapshot="mine")

    assert sizes.of(TEAM).keys() == {WHOLE_TEAM}
    assert sizes.of(TEAM)[WHOLE_TEAM].own == MIB


def test_a_snapshot_that_was_not_measured_gives_its_counted_bytes_back(world, process, sale):
    process.ok("create_environment", **sale)
    limited = Process(world, teams=f"{BLUE}disk_gb = 1\n")
    sizes = limited.deps.store.sizes
    sizes.replace(TEAM, {WHOLE_TEAM: (MIB, 0)})
    limited.ok("create_snapshot", name="sale", snapshot="mine")
    assert sizes.of(TEAM)[WHOLE_TEAM].own > 32 * MIB
    assert limited.ok("list_snapshots", name="sale").snapshots[0].disk is None

    limited.ok("delete_snapshot", name="sale", snapshot="mine")

    assert sizes.of(TEAM)[WHOLE_TEAM].own == MIB


def test_what_a_snapshot_takes_is_shown_beside_what_its_environment_does(process, sale):
    process.ok("create_environment", **sale)
    (environment,) = process.deps.store.environments.list(TEAM)
    layers = layers_of(
        process.deps.engine.volumes, EnvironmentPlan.of(process.deps.naming, environment)
    )
    (layers.upper / "kept").write_bytes(bytes(3 * MIB))
    process.ok("create_snapshot", name="sale", snapshot="mine")
    (layers.upper / "kept").unlink()
    assert process.ok("list_snapshots", name="sale").snapshots[0].disk is None
    measured = meter(process)
    assert measured.due(TEAM)

    measured.measure(TEAM)

    assert not measured.due(TEAM)
    shown = process.ok("list_snapshots", name="sale").snapshots[0].disk
    assert 3 * MIB <= shown.own < 4 * MIB
    assert process.ok("get_environment", name="sale").disk.own < MIB
    whole = process.deps.store.sizes.of(TEAM)[WHOLE_TEAM].own
    assert whole >= shown.own


def test_what_was_removed_no_longer_counts_for_the_team(process, sale):
    process.ok("create_environment", **sale)
    process.ok("create_snapshot", name="sale", snapshot="mine")
    (environment,) = process.deps.store.environments.list(TEAM)
    (snapshot,) = process.deps.store.snapshots.all()
    sizes = process.deps.store.sizes
    sizes.replace(
        TEAM,
        {WHOLE_TEAM: (9 * MIB, 0), environment.id: (5 * MIB, MIB), snapshot.id: (3 * MIB, MIB)},
    )

    process.ok("delete_snapshot", name="sale", snapshot="mine")
    assert sizes.of(TEAM)[WHOLE_TEAM].own == 6 * MIB
    process.ok("delete_environment", name="sale")
    assert sizes.of(TEAM)[WHOLE_TEAM].own == MIB
    process.ok("delete_template", name="base")

    assert sizes.of(TEAM)[WHOLE_TEAM].own == MIB
    assert meter(process).due(TEAM)


def meter(process):
    deps = process.deps
    return SizeMeter(deps.naming, deps.infrastructure, deps.store, pause=lambda _seconds: None)
