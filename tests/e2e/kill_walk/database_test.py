"""Kill a team's PostgreSQL at the steps that use it: what was asked for fails or is finished.

The server goes on. One environment is shared by all cases.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.base_template import KeptTemplate
from tests.support.instances import TEMPLATE, Instance, world
from tests.support.server import Server, eventually, serves, serving
from tests.support.uploads import sent
from tests.support.variants import docker, held_at, plan_of, signed_in

pytestmark = pytest.mark.timeout(900)

NAME = "struck"
PATH = f"/api/environments/{NAME}"
SECONDS = 120.0
READ = "SELECT value FROM ir_config_parameter WHERE key = 'struck'"
PUT = """
    INSERT INTO ir_config_parameter (key, value) VALUES ('struck', %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


@pytest.fixture(scope="module")
def server(instance: Instance, sample_repository: str) -> Iterator[Server]:
    before = world(instance)
    instance.ok("create_environment", name=NAME, repo_url=sample_repository)
    with serving(instance) as running:
        yield running
    instance.ok("delete_environment", name=NAME)
    assert world(instance) == before


@pytest.mark.parametrize("step", ["database", "filestore"])
def test_a_snapshot_whose_postgresql_is_killed_is_whole_or_none_and_odoo_goes_on(
    instance: Instance, server: Server, step: str
) -> None:
    put(instance, step)
    wanted = {"snapshot": f"cut-{step}"}

    ended = struck(instance, server, f"snapshot.{step}.before", f"{PATH}/snapshots", wanted)

    settled(instance, server)
    named = [each["name"] for each in instance.ok("list_snapshots", name=NAME)["snapshots"]]
    assert (wanted["snapshot"] in named) is (ended["status"] == "ok"), ended
    assert read(instance) == {step}
    instance.ok("create_snapshot", name=NAME, snapshot=f"after-{step}")


@pytest.mark.parametrize(
    ("step", "decided"), [("exchange", False), ("checkout", True), ("prove", True)]
)
def test_a_rollback_whose_postgresql_is_killed_is_undone_or_finished(
    instance: Instance, server: Server, step: str, *, decided: bool
) -> None:
    put(instance, "before")
    instance.ok("create_snapshot", name=NAME, snapshot=f"clean-{step}")
    put(instance, "after")
    wanted = {"snapshot": f"clean-{step}"}

    ended = struck(instance, server, f"rollback.{step}.before", f"{PATH}/rollback", wanted)

    settled(instance, server)
    forward = decided or ended["status"] == "ok"  # PostgreSQL may be back in time
    assert read(instance) == {"before" if forward else "after"}


def test_an_import_whose_postgresql_is_killed_leaves_nothing_and_can_be_repeated(
    instance: Instance, server: Server, kept_template: KeptTemplate
) -> None:
    before = world(instance)
    cluster = instance.services.deps.postgres.cluster("blue")
    crash = cluster.last_crash()
    upload = sent(server, kept_template.folder / "dump")
    path, wanted = "/api/templates/import", {"name": "struck", "source": f"upload:{upload}"}

    job = server.job("POST", path, json=wanted)
    eventually(lambda: step_of(server, job) == "restore", SECONDS, server.tail)
    docker("kill", instance.services.deps.naming.database("blue"))
    ended = server.finished(job, seconds=300)

    assert ended["status"] != "ok", ended
    eventually(lambda: world(instance) == before, SECONDS, server.tail)
    assert cluster.last_crash() != crash
    names = [each["name"] for each in instance.ok("list_templates")["templates"]]
    assert names == [TEMPLATE]
    again = server.finished(server.job("POST", path, json=wanted), seconds=300)
    assert again["status"] == "ok", again
    instance.ok("delete_template", name="struck")


def step_of(server: Server, job: str) -> str:
    return str(server.request("GET", f"/api/jobs/{job}").json()["data"]["step"])


def struck(
    instance: Instance, server: Server, point: str, path: str, wanted: dict[str, str]
) -> dict[str, object]:
    """Kill PostgreSQL while the server is held at a point of a call; return how the call ends."""
    with held_at(instance, point) as reached:
        job = server.job("POST", path, json=wanted)
        eventually(reached.exists, SECONDS, server.tail)
        docker("kill", instance.services.deps.naming.database("blue"))
    return dict(server.finished(job, seconds=300))


def settled(instance: Instance, server: Server) -> None:
    """Wait until the environment serves and is in no step."""
    url = instance.ok("get_environment", name=NAME)["url"]
    eventually(
        lambda: [each["step"] for each in server.environments()] == [None], SECONDS, server.tail
    )
    eventually(lambda: serves(url), SECONDS, server.tail)
    assert instance.ok("get_environment", name=NAME)["state"] == "running"


def put(instance: Instance, text: str) -> None:
    """Write a text into database, filestore and checkout."""
    with signed_in(plan_of(instance, NAME)) as tenant:
        tenant.execute("SET synchronous_commit = on")
        tenant.execute(PUT, [text])
    for file in files(instance):
        file.write_text(text)


def read(instance: Instance) -> set[str]:
    with signed_in(plan_of(instance, NAME)) as tenant:
        row = tenant.execute(
            "SELECT value FROM ir_config_parameter WHERE key = 'struck'"
        ).fetchone()
    assert row is not None
    return {row[0], *(file.read_text() for file in files(instance))}


def files(instance: Instance) -> tuple[Path, Path]:
    plan = plan_of(instance, NAME)
    layers = instance.services.deps.engine.volumes.mountpoint(plan.layers)
    return layers / "current" / "upper" / "struck", plan.checkout / "struck"
