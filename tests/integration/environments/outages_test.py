"""Outages of what an environment needs: PostgreSQL, an image, the disk."""

import shutil
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from oduflow.domain.errors import Kind, UpstreamFailed
from oduflow.domain.status import HealthFinding
from tests.support.base_template import give_template
from tests.support.git_server import GitServer
from tests.support.instances import Instance, running_instance, world
from tests.support.ports import free_port
from tests.support.server import eventually, serving
from tests.support.variants import docker, held_at, pause, variant

pytestmark = pytest.mark.timeout(300)

PATIENCE_SECONDS = 10.0
# Only the administrator may; a tenant fills the table too, but needs half a minute for it.
EVERY_LOCK = "SELECT count(pg_advisory_lock(each)) FROM generate_series(1, 200000) AS each"


@pytest.fixture
def small(git: GitServer) -> Iterator[Instance]:
    """A separate instance without a template, to break what others need."""
    with running_instance(port=free_port(), git_hosts=(git.authority,)) as made:
        yield made


@pytest.fixture(autouse=True)
def mended(instance: Instance) -> Iterator[None]:
    """Repair the shared instance after each test."""
    yield
    instance.services.deps.infrastructure.wake("blue")


def database_of(instance: Instance, team: str) -> HealthFinding:
    found = {each.part: each for each in instance.services.probe.databases()}
    return found[f"database of {team}"]


def finding(instance: Instance, part: str) -> HealthFinding:
    (found,) = (each for each in instance.services.probe.findings() if each.part == part)
    return found


def test_a_database_server_that_was_killed_is_brought_back_by_the_next_create(
    instance: Instance, sample_repository: str
) -> None:
    instance.ok("create_environment", name="before", repo_url=sample_repository)
    docker("kill", instance.services.deps.naming.database("blue"))
    down, summary = database_of(instance, "blue"), finding(instance, "postgres")
    assert (down.ok, down.hint) == (False, "Start the server, then try again.")
    assert (summary.ok, summary.degraded) == (True, True)
    made = instance.ok("create_environment", name="after", repo_url=sample_repository)
    assert made["state"] == "running"
    assert database_of(instance, "blue").ok
    assert not finding(instance, "postgres").degraded
    for name in ("before", "after"):
        assert instance.ok("restart_environment", name=name)["state"] == "running"
        instance.ok("delete_environment", name=name)


def test_a_teams_database_that_is_exhausted_or_killed_comes_back_and_the_other_team_goes_on(
    instance: Instance, sample_repository: str
) -> None:
    give_template(instance, "red")
    for team in ("blue", "red"):
        instance.ok("create_environment", team, name="back", repo_url=sample_repository)
    with admin_of(instance, "blue") as hoarder:
        with pytest.raises(psycopg.errors.OutOfMemory):
            hoarder.execute(EVERY_LOCK)
        assert not database_of(instance, "blue").ok
        assert database_of(instance, "red").ok
        summary = finding(instance, "postgres")
        assert (summary.ok, summary.degraded) == (True, True)
        # No session can be opened to end the hoarder's: its PostgreSQL is restarted.
        for team in ("red", "blue"):
            assert instance.ok("restart_environment", team, name="back")["state"] == "running"
        assert database_of(instance, "blue").ok
    with serving(instance) as server:
        eventually(lambda: "ready: environments" in server.tail(), 30, server.tail)
        before = started(instance, "red")
        docker("kill", instance.services.deps.naming.database("blue"))
        restarted = instance.ok("restart_environment", "red", name="back")
        assert restarted["state"] == "running"
        # By itself, without a call of the team.
        eventually(lambda: database_of(instance, "blue").ok, PATIENCE_SECONDS, server.tail)
        assert server.request("GET", "/readyz", auth=None).status_code == 200
        (base,) = instance.ok("list_modules", name="back", search="base", image=True)["modules"][:1]
        assert base["state"] == "installed", "what was committed is there"
        assert started(instance, "red") == before
    for team in ("blue", "red"):
        instance.ok("delete_environment", team, name="back")


def admin_of(instance: Instance, team: str) -> psycopg.Connection:
    folder = instance.services.deps.naming.postgres_folder(team)
    return psycopg.connect(
        host=str(folder / "socket"),
        dbname="oduflow",
        user="oduflow_admin",
        password=(folder / "password").read_text(),
        autocommit=True,
    )


def started(instance: Instance, team: str) -> str:
    deps = instance.services.deps
    facts = deps.engine.containers.facts(deps.naming.database(team))
    assert facts is not None
    return facts.started_at


def test_a_create_and_a_delete_whose_database_server_died_start_it_again(
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
        docker("kill", deps.naming.database("blue"))
    working.join()
    assert instance.ok("get_environment", name="cut")["state"] == "running"
    docker("kill", deps.naming.database("blue"))
    instance.ok("delete_environment", name="cut")
    assert world(instance) == before


def test_a_paused_database_server_is_named_within_seconds_and_nothing_is_left(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    name = instance.services.deps.naming.database("blue")
    pause(name)
    try:
        started = time.monotonic()
        refused = instance.call("create_environment", name="never", repo_url=sample_repository)
        looked = database_of(instance, "blue")
        took = time.monotonic() - started
    finally:
        docker("unpause", name)
    assert refused.error is not None
    assert refused.error.kind is Kind.UPSTREAM
    remedy = f"Run `docker unpause {name}`."
    assert refused.error.hint.startswith(remedy)
    assert (looked.ok, looked.hint) == (False, remedy)
    assert took < PATIENCE_SECONDS
    assert world(instance) == before
    made = instance.ok("create_environment", name="never", repo_url=sample_repository)
    assert made["state"] == "running"
    instance.ok("delete_environment", name="never")


def test_a_deletion_whose_database_server_is_paused_in_the_middle_is_finished_later(
    instance: Instance, sample_repository: str
) -> None:
    before, name = world(instance), instance.services.deps.naming.database("blue")
    instance.ok("create_environment", name="waits", repo_url=sample_repository)
    pause(name)
    try:
        refused = instance.call("delete_environment", name="waits")
        instance.services.deps.infrastructure.databases.keep()
        looked = instance.call("get_environment", name="waits")
    finally:
        docker("unpause", name)
    assert refused.error is not None
    assert refused.error.hint == f"Run `docker unpause {name}`."
    assert looked.data is not None
    assert looked.data.state == "running"
    assert any(f"docker unpause {name}" in warning for warning in looked.warnings)
    instance.services.deps.infrastructure.databases.keep()
    assert not instance.call("get_environment", name="waits").warnings
    with held_at(instance, "delete.database.before") as reached:
        working = threading.Thread(
            target=instance.call, args=("delete_environment",), kwargs={"name": "waits"}
        )
        working.start()
        eventually(reached.exists, 60)
        pause(name)
    working.join()
    docker("unpause", name)
    assert instance.ok("get_environment", name="waits")["state"] == "deleting"
    instance.ok("delete_environment", name="waits")
    assert world(instance) == before


def test_a_lost_database_volume_is_told_and_never_initialised_over(small: Instance) -> None:
    naming, server_config = small.services.deps.naming, small.config
    small.services.deps.infrastructure.wake("blue")
    docker("rm", "--force", "--volumes", naming.database("blue"))
    docker("volume", "rm", naming.database_volume("blue"))
    assert server_config.is_file()
    for _ in range(2):
        with pytest.raises(UpstreamFailed, match="gone or empty") as refused:
            small.services.deps.infrastructure.wake("blue")
        assert "Restore the volume" in refused.value.hint
    with serving(small, wait=False) as server:
        eventually(lambda: "gone or empty" in server.tail(), 30, server.tail)
        ready = server.request("GET", "/readyz", auth=None)
        assert (ready.status_code, ready.json()["degraded"]) == (200, True)
        assert "Restore the volume" in database_of(small, "blue").hint
        shown = server.request("GET", "/api/status").json()["data"]
        assert "gone or empty" in shown["database"]
        made = server.finished(server.job("POST", "/api/templates", json={"name": "base"}))
        assert made["error"]["kind"] == "upstream"
        assert "gone or empty" in made["error"]["message"]
    assert small.services.deps.engine.volumes.facts(naming.database_volume("blue")) is None
    assert small.services.deps.engine.containers.facts(naming.database("blue")) is None


def test_another_cluster_in_the_volumes_place_is_not_taken_for_ours(small: Instance) -> None:
    naming, data_dir = small.services.deps.naming, small.settings.server.data_dir
    small.services.deps.infrastructure.wake("blue")
    docker("rm", "--force", "--volumes", naming.database("blue"))
    docker("volume", "rm", naming.database_volume("blue"))
    kept = data_dir / "oduflow.db.kept"
    small.services.store.close()
    shutil.move(data_dir / "oduflow.db", kept)
    with variant(small) as other:
        other.services.store.migrate()
        other.services.deps.infrastructure.wake("blue")
    for left in data_dir.glob("oduflow.db*"):
        if left != kept:
            left.unlink()
    shutil.move(kept, data_dir / "oduflow.db")
    with variant(small) as again:
        with pytest.raises(UpstreamFailed, match="not the one the store knows"):
            again.services.deps.infrastructure.wake("blue")
        looked = database_of(again, "blue")
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
