"""The doctor on the product in memory."""

import pytest

from oduflow.domain.errors import UpstreamFailed
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED


def test_a_server_that_can_create_environments_is_healthy(process):
    assert unhealthy(process) == {}


def test_each_part_that_is_missing_is_named(world, process):
    world.engine.containers[world.naming.database].status = "paused"
    del world.images.here["postgres:18"]
    world.disk_minimum = 1 << 60
    world.firewall.broken = "iptables is not installed"

    assert unhealthy(Process(world, teams=BLUE + RED)).keys() == {
        "disk",
        "images",
        "postgres",
        "isolation",
    }


def test_a_database_that_was_lost_is_not_made_anew(world, process):
    process.deps.engine.containers.remove(world.naming.database)
    process.deps.engine.volumes.remove(world.naming.database_volume)
    after = Process(world)

    assert "The database's volume is gone or empty" in unhealthy(after)["postgres"]
    with pytest.raises(UpstreamFailed, match="gone or empty"):
        after.reconcile()
    assert world.naming.database_volume not in world.engine.volumes


def test_a_cluster_that_is_another_one_is_refused(world, process):
    world.postgres.identifier = "another"
    after = Process(world)

    assert "not the one the store knows" in unhealthy(after)["postgres"]
    with pytest.raises(UpstreamFailed, match="not the one the store knows"):
        after.reconcile()


def test_a_database_that_ended_is_started_again_by_the_next_call(world, process, sale):
    world.engine.containers[world.naming.database].end(1)

    assert process.ok("create_environment", **sale).state == "running"


def test_a_cluster_that_could_not_be_initialised_is_told(world):
    world.odoo.initdb_exit = 1
    bare = Process(world)

    error = bare.refused("create_template", name="base")

    assert error.message == "PostgreSQL could not be initialised."
    assert not (world.data_dir / "postgres" / "initdb-password").exists()
    world.odoo.initdb_exit = 0
    assert bare.ok("create_template", name="base").name == "base"


def test_several_teams_are_not_served_without_isolation(world):
    world.firewall.broken = "iptables is not installed"
    process = Process(world, teams=BLUE + RED)

    error = process.refused("create_template", name="base")

    assert (error.kind, "iptables is not installed" in error.message) == ("forbidden", True)
    assert not any(world.everything().values())


def unhealthy(process):
    """Return what the doctor found, but for the user that the tests run as."""
    findings = process.doctor().findings()
    return {each.part: each.message for each in findings if not each.ok and each.part != "user"}
