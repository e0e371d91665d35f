"""Outages of what an environment needs: PostgreSQL, an image, the disk."""

import shutil
import threading
import time
from collections.abc import Iterator

import pytest

from oduflow.domain.errors import Kind, UpstreamFailed
from oduflow.domain.status import HealthFinding
from tests.support.git_server import GitServer
from tests.support.instances import Instance, free_port, running_instance, world
from tests.support.server import await_ready, eventually, serving
from tests.support.variants import docker, held_at, variant

pytestmark = pytest.mark.timeout(300)

PATIENCE_SECONDS = 10.0


@pytest.fixture
def small(git: GitServer) -> Iterator[Instance]:
    """A separate instance without a template, to break what others need."""
    with running_instance(port=free_port(), git_hosts=(git.authority,)) as made:
        yield made


@pytest.fixture(autouse=True)
def mended(instance: Instance) -> Iterator[None]:
    """Repair the shared instance after each test."""
    yield
    instance.services.deps.infrastructure.ensure()


def finding(instance: Instance, part: str) -> HealthFinding:
    (found,) = (each for each in instance.services.probe.findings() if each.part == part)
    return found


def test_a_database_server_that_was_killed_is_brought_back_by_the_next_create(
    instance: Instance, sample_repository: str
) -> None:
    instance.ok("create_environment", name="before", repo_url=sample_repository)
    docker("kill", instance.services.deps.naming.database)
    down = finding(instance, "postgres")
    assert (down.ok, down.hint) == (False, "Start the server, then try again.")
    made = instance.ok("create_environment", name="after", repo_url=sample_repository)
    assert made["state"] == "running"
    assert finding(instance, "postgres").ok
    for name in ("before", "after"):
        assert instance.ok("restart_environment", name=name)["state"] == "running"
        instance.ok("delete_environment", name=name)


def test_a_running_server_brings_its_database_server_back(
    instance: Instance, sample_repository: str
) -> None:
    with serving(instance) as server:
        eventually(lambda: "ready: environments" in server.tail(), 30, server.tail)
        docker("kill", instance.services.deps.naming.database)
        eventually(lambda: server.request("GET", "/readyz", auth=None).status_code == 503, 10)
        job = server.job(
            "POST", "/api/environments", json={"name": "back", "repo_url": sample_repository}
        )
        assert server.finished(job)["status"] == "ok"
        await_ready(server)
        server.finished(server.job("DELETE", "/api/environments/back"))


def test_a_create_whose_database_server_dies_in_the_middle_is_undone_by_the_next(
    instance: Instance, sample_repository: str
) -> None:
    before, deps = world(instance), instance.services.deps
    with held_at(instance, "create.database.before") as reached:
        working = threading.Thread(
            target=instance.call,
            args=("create_environment",),
            kwargs={"name": "cut", "repo_url": sample_repository},
        )
        working.start()
        eventually(reached.exists, 60)
        docker("kill", deps.naming.database)
    working.join()
    left = deps.store.environments.get("blue", "cut")
    assert left is not None, "there is something to undo, and a row that says so"
    made = instance.ok("create_environment", name="cut", repo_url=sample_repository)
    row = deps.store.environments.get("blue", "cut")
    assert row is not None
    assert (made["state"], row.id == left.id) == ("running", False)
    docker("kill", deps.naming.database)
    instance.ok("delete_environment", name="cut")
    assert world(instance) == before


def test_a_paused_database_server_is_named_within_seconds_and_nothing_is_left(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    name = instance.services.deps.naming.database
    docker("pause", name)
    try:
        started = time.monotonic()
        refused = instance.call("create_environment", name="never", repo_url=sample_repository)
        looked = finding(instance, "postgres")
        took = time.monotonic() - started
    finally:
        docker("unpause", name)
    assert refused.error is not None
    assert refused.error.kind is Kind.UPSTREAM
    assert refused.error.hint == f"Run `docker unpause {name}`."
    assert (looked.ok, looked.hint) == (False, refused.error.hint)
    assert took < PATIENCE_SECONDS
    assert world(instance) == before
    made = instance.ok("create_environment", name="never", repo_url=sample_repository)
    assert made["state"] == "running"
    instance.ok("delete_environment", name="never")


def test_a_deletion_whose_database_server_is_paused_in_the_middle_is_finished_later(
    instance: Instance, sample_repository: str
) -> None:
    before, name = world(instance), instance.services.deps.naming.database
    instance.ok("create_environment", name="waits", repo_url=sample_repository)
    docker("pause", name)
    try:
        refused = instance.call("delete_environment", name="waits")
        assert instance.ok("get_environment", name="waits")["state"] == "running"
    finally:
        docker("unpause", name)
    assert refused.error is not None
    assert refused.error.hint == f"Run `docker unpause {name}`."
    with held_at(instance, "delete.database.before") as reached:
        working = threading.Thread(
            target=instance.call, args=("delete_environment",), kwargs={"name": "waits"}
        )
        working.start()
        eventually(reached.exists, 60)
        docker("pause", name)
    working.join()
    docker("unpause", name)
    assert instance.ok("get_environment", name="waits")["state"] == "deleting"
    instance.ok("delete_environment", name="waits")
    assert world(instance) == before


def test_a_lost_database_volume_is_told_and_never_initialised_over(small: Instance) -> None:
    naming, server_config = small.services.deps.naming, small.config
    docker("rm", "--force", naming.database)
    docker("volume", "rm", naming.database_volume)
    assert server_config.is_file()
    for _ in range(2):
        with pytest.raises(UpstreamFailed, match="gone or empty") as refused:
            small.services.deps.infrastructure.ensure()
        assert "Restore the volume" in refused.value.hint
    with serving(small, wait=False) as server:
        eventually(lambda: "gone or empty" in server.tail(), 30, server.tail)
        ready = server.request("GET", "/readyz", auth=None)
        assert ready.status_code == 503
        (part,) = (each for each in ready.json()["parts"] if each["part"] == "postgres")
        assert "gone or empty" in part["message"]
        assert "Restore the volume" in part["hint"]
        made = server.finished(server.job("POST", "/api/templates", json={"name": "base"}))
        assert made["error"]["kind"] == "upstream"
        assert "gone or empty" in made["error"]["message"]
    assert small.services.deps.engine.volumes.facts(naming.database_volume) is None
    assert small.services.deps.engine.containers.facts(naming.database) is None


def test_another_cluster_in_the_volumes_place_is_not_taken_for_ours(small: Instance) -> None:
    naming, data_dir = small.services.deps.naming, small.settings.server.data_dir
    docker("rm", "--force", naming.database)
    docker("volume", "rm", naming.database_volume)
    kept = data_dir / "oduflow.db.kept"
    small.services.store.close()
    shutil.move(data_dir / "oduflow.db", kept)
    with variant(small) as other:
        other.services.store.migrate()
        other.services.deps.infrastructure.ensure()
    for left in data_dir.glob("oduflow.db*"):
        if left != kept:
            left.unlink()
    shutil.move(kept, data_dir / "oduflow.db")
    with variant(small) as again:
        with pytest.raises(UpstreamFailed, match="not the one the store knows"):
            again.services.deps.infrastructure.ensure()
        looked = finding(again, "postgres")
        assert not looked.ok
        assert "nothing was changed" in looked.hint


def test_an_image_that_is_nowhere_is_named(instance: Instance, sample_repository: str) -> None:
    before = world(instance)
    elsewhere = (
        "[team.blue]",
        '[images]\nodoo = "127.0.0.1:9/no-such-odoo:{version}"\n[team.blue]',
    )
    asked = {"repo_url": sample_repository, "odoo_image": "127.0.0.1:9/no-such-odoo:19.0"}
    foreign = instance.call("create_environment", name="imageless", **asked)
    assert foreign.error is not None
    assert foreign.error.kind is Kind.INVALID
    with variant(instance, elsewhere) as configured:
        refused = configured.call("create_environment", name="imageless", **asked)
    assert refused.error is not None
    assert refused.error.kind is Kind.UPSTREAM
    assert "127.0.0.1:9/no-such-odoo:19.0 is not on this machine" in refused.error.message
    assert "docker pull" in refused.error.hint
    assert world(instance) == before


def test_another_major_version_is_refused_before_anything_is_made(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    refused = instance.call(
        "create_environment", name="older", repo_url=sample_repository, odoo_image="odoo:18.0"
    )
    assert refused.error is not None
    assert refused.error.kind is Kind.INVALID
    assert "another major version" in refused.error.message
    assert world(instance) == before
