"""Snapshots of a real, running environment, and the way back to them."""

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from oduflow.domain.plan import ODOO_PORT
from oduflow.services.filestore import layers_of
from tests.support.hashes import hashes_of
from tests.support.instances import Instance, world
from tests.support.login_poller import LoginPoller, login
from tests.support.variants import inside, plan_of, signed_in

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(600)

NAME = "snaps"
DESTROY = "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)"


@pytest.fixture(scope="module")
def url(instance: Instance, sample_repository: str) -> Iterator[str]:
    before = world(instance)
    made = instance.ok("create_environment", name=NAME, repo_url=sample_repository)
    yield made["url"]
    instance.ok("delete_environment", name=NAME)
    assert world(instance) == before


def test_a_destroyed_environment_is_what_it_was_after_one_call(
    instance: Instance, url: str
) -> None:
    plan = plan_of(instance, NAME)
    edited = plan.checkout / "edited.txt"
    edited.write_text("an edit")
    inside(plan.container, f"open('/var/lib/odoo/filestore/{plan.database}/own', 'w').write('x')")
    instance.ok("stop_environment", name=NAME)
    instance.ok("start_environment", name=NAME)
    instance.ok("create_snapshot", name=NAME, snapshot="clean")
    before = hashes_of(plan)
    with signed_in(plan) as tenant:
        tenant.execute("DROP TABLE res_partner CASCADE")
    inside(plan.container, DESTROY, f"/var/lib/odoo/filestore/{plan.database}")
    edited.unlink()

    begun = time.monotonic()
    envelope = instance.call("rollback_environment", name=NAME, snapshot="clean")
    took = time.monotonic() - begun

    assert envelope.error is None, envelope.error
    assert login(url) == 200
    assert hashes_of(plan) == before
    assert edited.read_text() == "an edit"
    instance.ok("stop_environment", name=NAME)
    stopped = time.monotonic()
    instance.ok("start_environment", name=NAME)
    log.info("rollback %.2f s, stopped to serving %.2f s", took, time.monotonic() - stopped)
    [undo] = [each for each in envelope.next if each.operation == "rollback_environment"]
    instance.ok(undo.operation, **undo.arguments)
    assert not edited.exists()
    instance.ok("rollback_environment", name=NAME, snapshot="clean")
    assert login(url) == 200


def test_a_snapshot_fails_no_request(instance: Instance, url: str) -> None:
    login(url)
    pauses = []
    for number in range(4):
        with LoginPoller(url) as client:
            time.sleep(0.5)
            instance.ok("create_snapshot", name=NAME, snapshot=f"under-load-{number}")
            time.sleep(0.5)
        assert set(client.answers) == {200}, client.answers
        pauses.append(client.longest_pause)
    log.info("longest pauses during a snapshot: %s", pauses)
    for number in range(4):
        instance.ok("delete_snapshot", name=NAME, snapshot=f"under-load-{number}")


def test_a_request_is_seen_by_its_connection(instance: Instance, url: str) -> None:
    place, container = urlsplit(url), plan_of(instance, NAME).container
    connections = instance.services.deps.engine.containers.connections

    def are(count: int) -> bool:
        deadline = time.monotonic() + 10
        while len(connections(container, ODOO_PORT)) != count and time.monotonic() < deadline:
            time.sleep(0.05)
        return len(connections(container, ODOO_PORT)) == count

    login(url)
    assert are(0)
    with socket.create_connection((place.hostname or "", place.port or 0)):
        assert are(1)
    assert are(0)


def test_a_snapshot_is_a_sealed_database_and_a_copy_of_the_own_files(
    instance: Instance, url: str
) -> None:
    deps, plan = instance.services.deps, plan_of(instance, NAME)
    made = instance.ok("create_snapshot", name=NAME, snapshot="parts")
    [row] = [each for each in deps.store.snapshots.of(plan.id) if each.name == made["name"]]

    files = layers_of(deps.engine.volumes, plan).files_of(row.id)
    assert Path(files).is_dir()
    assert f"snap_{row.id}" in deps.postgres.cluster("blue").sealed()
    assert login(url) == 200

    instance.ok("delete_snapshot", name=NAME, snapshot="parts")
    assert not files.exists()
    assert not deps.postgres.cluster("blue").has_database(f"snap_{row.id}")
