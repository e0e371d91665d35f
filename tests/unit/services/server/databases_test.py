import logging
import os
from dataclasses import replace

import pytest

from oduflow.adapters.postgres.errors import Exhausted
from oduflow.adapters.postgres.supervision import EndedSession, OldestId
from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict, QuotaReached, UpstreamFailed
from oduflow.services.server import database_start
from oduflow.services.server.databases import Round
from oduflow.services.server.disk import Disk
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED, MemoryWorld

NOTHING = Round(frozenset(), frozenset())


def test_a_team_without_environments_has_no_database(world):
    bare = Process(world)
    bare.reconcile()

    assert world.naming.database("1") not in world.engine.containers
    assert finding(bare).ok


def test_each_team_has_a_database_in_its_own_network_only(world, both):
    joined = {team: set(container(world, team).joined) for team in ("1", "2")}

    assert joined == {"1": {"memory-team-1"}, "2": {"memory-team-2"}}
    assert set(world.cluster("1").databases).isdisjoint(world.cluster("2").databases)
    assert container(world, "1").spec.limits.memory == 1024 << 20


def test_a_database_that_nothing_uses_is_stopped_and_healthy(world, process, idle):
    assert idle.keep() == NOTHING

    assert container(world, "1").status == "exited"
    assert process.deps.infrastructure.databases.problem("1") is None
    assert finding(process).ok
    [seen] = process.doctor().databases()
    assert (seen.ok, "nothing uses it" in seen.message) == (True, True)


def test_a_database_that_is_not_idle_for_long_goes_on_running(world, idle):
    idle.idle_seconds = 60.0

    idle.keep()

    assert container(world, "1").status == "running"


def test_a_running_environment_keeps_its_database(world, process, sale, idle):
    process.ok("create_environment", **sale)

    idle.keep()

    assert container(world, "1").status == "running"


def test_a_database_that_was_stopped_is_started_by_what_needs_it(world, process, sale, idle):
    for use in (
        lambda: process.ok("create_environment", **sale),
        lambda: process.ok("start_environment", name="sale"),
        lambda: process.ok("list_modules", name="sale"),
        lambda: process.ok("delete_environment", name="sale"),
        lambda: process.ok("create_template", name="other"),
        lambda: process.ok("delete_template", name="other"),
    ):
        idle.keep()
        assert container(world, "1").status == "exited"

        use()

        assert container(world, "1").status == "running"
        if process.deps.store.environments.list("1"):
            process.ok("stop_environment", name="sale")


def test_a_broken_database_hinders_its_own_team_only(world, both, sale):
    container(world, "1").status = "paused"

    refused = both.refused("create_environment", **sale)
    both.reconcile()

    assert refused.message == "PostgreSQL's container is paused."
    assert "docker unpause memory-db-1" in refused.hint
    assert both.call("create_template", team="2", name="second").status == "ok"
    assert "paused" in both.call("get_status").data.database
    assert both.call("get_status", team="2").data.database is None


def test_a_database_that_cannot_be_used_is_not_asked_for_names(world, both, sale):
    both.ok("create_environment", **sale)
    databases = both.deps.infrastructure.databases
    assert databases.names("1")
    world.cluster("1").identifier = "7"
    databases.keep()

    assert not databases.names("1") | databases.tenants("1") | databases.sealed("1")


def test_readiness_is_degraded_until_no_team_can_use_its_database(world, both):
    container(world, "1").status = "paused"
    one = finding(both)
    container(world, "2").status = "paused"
    none = finding(both)

    assert (one.ok, one.degraded) == (True, True)
    assert one.message == "The PostgreSQL of 1 of 2 teams cannot be used."
    assert (none.ok, none.degraded) == (False, True)
    assert [each.ok for each in both.doctor().databases()] == [False, False]


def test_a_needed_database_that_ended_is_noticed_between_two_rounds(world, process, sale):
    process.ok("create_environment", **sale)
    databases = process.deps.infrastructure.databases
    databases.keep()
    assert not databases.ended()

    container(world, "1").end(1)

    assert databases.ended()
    assert databases.keep() == Round(frozenset(), frozenset({"1"}))
    assert not databases.ended()


def test_another_cluster_than_the_stores_is_refused_for_its_team(world, both):
    world.cluster("1").identifier = "7"

    refused = both.refused("create_template", name="other")

    assert refused.message == "This PostgreSQL cluster is not the one the store knows."
    assert "memory-db-1" in refused.hint
    assert both.call("create_template", team="2", name="other").status == "ok"


def test_an_empty_volume_is_not_initialised_again(world, process):
    data = world.engine.volumes[world.naming.database_volume("1")].mountpoint / "cluster"
    (data / "PG_VERSION").unlink()
    container(world, "1").end(0)

    refused = process.refused("create_template", name="other")

    assert "gone or empty" in refused.message
    assert list(data.iterdir()) == []


def test_a_database_whose_locks_are_exhausted_is_restarted(process, monkeypatch):
    monkeypatch.setattr(database_start, "EXHAUSTED_SECONDS", 0.0)
    exhausted = Exhausted("Its memory is exhausted.")
    process.faults.fail("cluster.system_identifier", exhausted)
    process.faults.fail("cluster.ready", exhausted, times=2)

    assert process.ok("create_template", name="other").name == "other"

    assert process.faults.calls.count("containers.stop") == 1


def test_the_session_that_fills_a_database_is_ended_alone_when_one_is_kept_for_that(
    world, process, sale, caplog
):
    process.ok("create_environment", **sale)
    process.deps.infrastructure.databases.keep()
    exhausted = Exhausted("Its memory is exhausted.")
    process.faults.fail("cluster.system_identifier", exhausted)
    process.faults.fail("cluster.ready", exhausted)

    with caplog.at_level(logging.WARNING):
        process.ok("list_modules", name="sale")

    assert "was full: ended the session that held 40000 locks" in caplog.text
    assert "containers.stop" not in process.faults.calls


def test_a_start_on_a_full_disk_gives_up_the_reserve_and_one_without_names_the_disk(
    world, process, caplog, monkeypatch
):
    process.ok("create_template", name="other")
    root = world.engine.volumes[world.naming.database_volume("1")].mountpoint
    free = Disk.free
    monkeypatch.setattr(Disk, "free", lambda disk: 0 if disk.folder == root else free(disk))
    monkeypatch.setattr(database_start, "FULL_SECONDS", 0.0)
    silent = UpstreamFailed("It does not answer.")
    assert (root / "reserve").exists()

    process.faults.fail("cluster.system_identifier", silent)
    process.faults.fail("cluster.ready", silent)
    process.deps.infrastructure.wake("1")
    assert "freeing the reserve" in caplog.text
    assert not (root / "reserve").exists()

    process.faults.fail("cluster.system_identifier", silent)
    process.faults.fail("cluster.ready", silent)
    with pytest.raises(QuotaReached, match="disk with its data is full"):
        process.deps.infrastructure.wake("1")


def test_what_a_database_logged_is_neither_shown_nor_logged(world, process, caplog, monkeypatch):
    monkeypatch.setattr(database_start, "START_SECONDS", 0.0)
    container(world, "1").log.append((now(), "LOG:  written by the code of an environment"))
    process.faults.fail("cluster.system_identifier", UpstreamFailed("It does not answer."))
    process.faults.fail("cluster.ready", UpstreamFailed("It does not answer."))

    refused = process.refused("create_template", name="other")

    assert refused.message == "PostgreSQL does not start. It does not answer."
    assert refused.hint == "`docker logs memory-db-1` shows why, on the server."
    assert "written by" not in f"{refused} {caplog.text}"


def test_a_changed_size_takes_effect_when_the_database_starts_next(world, process, idle):
    server = idle.servers["1"]
    before = server.sizes()
    server.sizes = lambda: replace(before, memory_mb=512)
    process.ok("create_template", name="other")
    assert container(world, "1").spec.limits.memory == 1024 << 20
    idle.keep()

    process.ok("create_template", name="third")

    assert container(world, "1").spec.limits.memory == 512 << 20
    assert "shared_buffers=64MB" in container(world, "1").spec.entrypoint


def test_the_database_of_a_removed_team_is_stopped_and_kept(world, process):
    after = Process(world, teams=RED)

    after.reconcile()

    assert container(world, "1").status == "exited"
    told = {each.part: each for each in after.doctor().databases()}
    assert told["database of 1"].ok
    assert "docker volume rm memory-db-1" in told["database of 1"].hint


def test_a_data_folder_of_the_shared_database_is_refused_with_the_way_out(world):
    folder = world.data_dir / "postgres"
    folder.mkdir()
    (folder / "password").write_text("secret")

    with pytest.raises(Conflict) as refused:
        Process(world).deps.infrastructure.ensure()

    assert "one PostgreSQL" in refused.value.message
    assert "oduflow destroy" in refused.value.hint
    assert world.engine.networks == {}


@pytest.mark.parametrize("with_database", [False, True])
def test_a_second_server_of_the_instance_is_told_whose_it_is_and_changes_nothing(
    world, tmp_path, with_database
):
    first = Process(world)
    first.deps.infrastructure.ensure()
    if with_database:
        first.ok("create_template", name="base")
    (tmp_path / "second").mkdir()
    second = MemoryWorld(tmp_path / "second")
    second.engine = world.engine
    before = dict(world.engine.networks)

    with pytest.raises(Conflict) as refused:
        Process(second).deps.infrastructure.ensure()

    told = f"instance memory is used by the server with data_dir {world.data_dir}."
    assert refused.value.message == told
    removal = "docker rm -f memory-db-1" if with_database else "docker network rm memory-net"
    assert removal in refused.value.hint
    assert world.engine.networks == before
    second.close()


def test_one_problem_is_logged_once(world, process, sale, caplog):
    process.ok("create_environment", **sale)
    container(world, "1").status = "paused"

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            process.deps.infrastructure.databases.keep()

    assert caplog.text.count("container is paused") == 1


def test_sessions_that_hold_up_a_team_are_ended_by_each_round_and_logged(
    world, process, sale, caplog
):
    process.ok("create_environment", **sale)
    world.cluster("1").excessive = (EndedSession("env_1", "it holds all locks"),) * 3

    with caplog.at_level(logging.WARNING):
        process.deps.infrastructure.databases.keep()

    assert world.cluster("1").excessive == ()
    expected = "PostgreSQL of team 1: ended 3 sessions of env_1: it holds all locks"
    assert caplog.text.count(expected) == 1


@pytest.mark.parametrize(("age", "warns"), [(999_999_999, False), (1_200_000_000, True)])
def test_a_team_is_told_that_its_transaction_ids_run_out(world, process, sale, age, warns):
    process.ok("create_environment", **sale)
    world.cluster("1").oldest = OldestId("env_1", age)

    process.deps.infrastructure.databases.keep()

    told = process.ok("get_status").database or ""
    [seen] = process.doctor().databases()
    for text in (told, seen.message):
        assert ("1200 million transactions old, in database env_1" in text) == warns
    assert seen.ok


def test_a_database_that_does_not_start_names_its_container(world, process):
    container(world, "1").end(0)
    process.faults.fail("containers.start", UpstreamFailed("The disk is full."))

    assert process.refused("create_template", name="other").message == "The disk is full."
    assert process.ok("create_template", name="other").name == "other"


def container(world, team):
    return world.engine.containers[world.naming.database(team)]


def finding(process):
    [found] = [each for each in process.doctor().findings() if each.part == "postgres"]
    return found


@pytest.fixture
def both(world):
    """A process of two teams, each with a template."""
    made = Process(world, teams=BLUE + RED)
    for team in ("1", "2"):
        assert made.call("create_template", team=team, name="base").status == "ok"
    return made


@pytest.fixture
def idle(process):
    """The databases of a process, stopped as soon as nothing uses them."""
    databases = process.deps.infrastructure.databases
    databases.idle_seconds = 0.0
    return databases


@pytest.fixture
def sale(world):
    url = world.git.repository("addons", {"main": module("sale")})
    return {"name": "sale", "repo_url": url, "modules": ["sale"]}


@pytest.fixture(autouse=True)
def root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
