import os
from dataclasses import replace

import pytest

from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.proxies import FACT, ProxyCount
from oduflow.services.server.disk import Disk
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED, MemoryWorld

THROUGH_DOCKER = ("images.", "cluster.", "containers.", "networks.", "volumes.")


def test_when_docker_does_not_answer_nothing_else_is_asked_of_it(process):
    process.faults.calls.clear()
    process.faults.fail("engine.ping", UpstreamFailed("The Docker engine does not answer."))

    found = {finding.part: finding for finding in process.doctor().findings()}

    assert not [call for call in process.faults.calls if call.startswith(THROUGH_DOCKER)]
    for part in ("images", "postgres", "isolation"):
        assert not found[part].ok
        assert "Docker does not answer" in found[part].message
    assert found["git"].ok


def test_when_docker_answers_every_part_is_looked_at(process):
    findings = process.doctor().findings()

    assert [finding.part for finding in findings if not finding.ok] == []
    assert {"images.facts", "cluster.ready", "networks.list"} <= set(process.faults.calls)


def test_a_data_folder_that_is_gone_is_a_finding(world, process):
    world.data_dir.rename(world.data_dir.with_name("gone"))

    disk = finding(process, "disk")

    assert not disk.ok
    assert str(world.data_dir) not in disk.message


def test_what_the_system_refuses_is_a_finding_without_a_path(process, monkeypatch):
    def refuse(_disk: Disk) -> None:
        raise PermissionError(13, "Permission denied", "/srv/secret")

    monkeypatch.setattr(Disk, "require", refuse)
    disk = finding(process, "disk")

    assert not disk.ok
    assert disk.message == "It cannot be checked: Permission denied."


def test_the_teams_are_named_whose_disk_is_only_measured(process):
    only = "The kernel does not keep the limit of 1:"
    assert finding(process, "disk limits").message.startswith(only)
    limited = replace(process.doctor(), limited=lambda _team: True)
    (told,) = [each for each in limited.findings() if each.part == "disk limits"]
    assert told.message.startswith("Each team has a file system")


def test_doctor_says_why_root_is_needed(process, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    user = finding(process, "user")

    assert not user.ok
    assert "must run as root" in user.message


@pytest.mark.parametrize(
    ("seen", "ok"),
    [(None, True), (ProxyCount(0, 1), False), (ProxyCount(2, 1), True)],
    ids=["nothing", "a mismatch", "one before the configuration was changed"],
)
def test_a_mismatch_of_proxies_that_the_server_saw_is_a_finding(process, seen, ok):
    if seen:
        process.deps.store.facts.set(FACT, seen.dump())

    proxies = process.doctor().proxies()

    assert (proxies.part, proxies.ok) == ("proxies", ok)
    # /readyz does not depend on it.
    assert "proxies" not in {part.part for part in process.doctor().findings()}


def test_a_database_that_ended_is_started_again_by_the_next_call(world, process, sale):
    world.engine.containers[world.naming.database("1")].end(1)

    assert process.ok("create_environment", **sale).state == "running"


def test_the_objects_of_another_server_of_the_instance_are_no_leftovers(
    world, process, sale, tmp_path
):
    process.ok("create_environment", **sale)
    (tmp_path / "second").mkdir()
    second = MemoryWorld(tmp_path / "second")
    second.engine = world.engine
    other = Process(second)

    assert other.doctor().leftovers() == ()
    assert "is used by the server with data_dir" in unhealthy(other)["postgres"]
    second.close()


def test_a_cluster_that_could_not_be_initialised_is_told(world):
    world.odoo.initdb_exit = 1
    bare = Process(world)

    error = bare.refused("create_template", name="base")

    assert error.message == "PostgreSQL could not be initialised."
    assert not (world.data_dir / "postgres" / "1" / "initdb-password").exists()
    world.odoo.initdb_exit = 0
    assert bare.ok("create_template", name="base").name == "base"


def test_several_teams_are_not_served_without_isolation(world):
    world.firewall.broken = "iptables is not installed"
    process = Process(world, teams=BLUE + RED)

    error = process.refused("create_template", name="base")

    assert (error.kind, "iptables is not installed" in error.message) == ("forbidden", True)
    assert not any(world.everything().values())


@pytest.fixture(autouse=True)
def root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def finding(process, part):
    [found] = [each for each in process.doctor().findings() if each.part == part]
    return found


def unhealthy(process):
    """Return what is wrong, by part."""
    return {each.part: each.message for each in process.doctor().findings() if not each.ok}
