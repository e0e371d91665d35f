"""No secret is in a process list, a container's facts, a log, the store or an answer.

No secret of the team or the server is in an environment either.
"""

import logging
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oduflow.domain.outcome import Status
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.test_run import TestRun
from tests.support.instances import (
    OTHER_PASSWORD,
    OTHER_TOKEN,
    PASSWORD,
    TEMPLATE,
    TOKEN,
    Instance,
)
from tests.support.samples import required_arguments
from tests.support.server import Server, serving
from tests.support.spying import Spy
from tests.support.store_files import stored_bytes
from tests.support.variants import docker, inside, plan_of

pytestmark = pytest.mark.timeout(300)

OURS = {
    "blue's token": TOKEN,
    "blue's password": PASSWORD,
    "red's token": OTHER_TOKEN,
    "red's password": OTHER_PASSWORD,
}
ANSWERS_WITH_A_LOGIN = {"/environments/{name}/login"}
MADE = {"name": "guarded", "modules": ["field_notes"]}
NEEDED = {"/environments/{name}/file": {"path": "field_notes/__manifest__.py"}}
POWERS = ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1")
# Regular files only; the words come by stdin, so that grep itself carries none of them.
CRAWL = """
roots=$(ls -d /* | grep -vx -e /proc -e /sys)
grep -rsoaF -D skip -f - $roots /proc/[0-9]*/cmdline /proc/[0-9]*/environ /proc/[0-9]*/mountinfo
true
"""


@dataclass
class WatchedCreation:
    """What was seen of one creation, and the secrets there are."""

    plan: EnvironmentPlan
    spy: Spy
    log: str
    machine_made: dict[str, str]

    @property
    def secrets(self) -> dict[str, str]:
        return OURS | self.machine_made


@pytest.fixture(scope="module")
def watched(instance: Instance, sample_repository: str) -> Iterator[WatchedCreation]:
    """Create an environment with every log at its loudest, under a spy's eyes."""
    records: list[str] = []
    listener = LogKeeper(records)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        with Spy(instance.name) as spy:
            instance.ok("create_environment", repo_url=sample_repository, **MADE)
    finally:
        root.setLevel(level)
        root.removeHandler(listener)
    plan = plan_of(instance, "guarded")
    yield WatchedCreation(plan, spy, "\n".join(records), machine_made(instance, plan))
    instance.ok("delete_environment", name="guarded")


class LogKeeper(logging.Handler):
    """Keeps everything that is logged, with tracebacks."""

    def __init__(self, records: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(logging.Formatter().format(record))


def machine_made(instance: Instance, plan: EnvironmentPlan) -> dict[str, str]:
    found = {path.name: path.read_text() for path in plan.secrets.iterdir()}
    assert set(found) == {"admin_password", "database_password", "master_password"}
    folder = instance.services.deps.naming.postgres_folder("blue")
    return found | {"PostgreSQL's admin password": (folder / "password").read_text()}


def carried(secrets: dict[str, str], text: str | bytes) -> list[str]:
    """Name the secrets that a text holds."""
    content = text.encode() if isinstance(text, str) else text
    return [name for name, secret in secrets.items() if secret.encode() in content]


def test_no_process_carried_a_secret_on_its_command_line_or_in_its_environment(
    watched: WatchedCreation,
) -> None:
    for program in ("--init\0field_notes", "git\0", "/etc/odoo/odoo.conf"):
        assert watched.spy.saw(program), f"the spy missed {program!r}"
    leaks = [carried(watched.secrets, seen) for seen in watched.spy.processes]
    assert not any(leaks)


def test_no_container_carries_a_secret_where_docker_shows_it(watched: WatchedCreation) -> None:
    naming = watched.plan.naming
    assert {watched.plan.one_off, watched.plan.container, naming.database("blue")} <= set(
        watched.spy.containers
    )
    for name, seen in watched.spy.containers.items():
        assert not carried(watched.secrets, seen), name


def test_no_log_record_carries_a_secret_at_any_level(watched: WatchedCreation) -> None:
    assert "containers/create" in watched.log, "the log was not at its loudest"
    assert not carried(watched.secrets, watched.log)


def test_neither_the_store_nor_a_log_of_a_container_holds_a_secret(
    instance: Instance, watched: WatchedCreation
) -> None:
    store = stored_bytes(instance.settings.server.data_dir)
    assert b"guarded" in store
    assert not carried(watched.secrets, store)
    for container in (watched.plan.container, watched.plan.naming.database("blue")):
        assert not carried(watched.secrets, docker("logs", container))


def test_no_answer_but_the_login_holds_a_secret(
    instance: Instance, watched: WatchedCreation
) -> None:
    with serving(instance) as server:
        wanted = {"repo_url": repository_of(instance), **MADE}
        created = server.finished(server.job("POST", "/api/environments", json=wanted))
        assert created["status"] == "ok"
        assert not carried(watched.secrets, str(created))
        kept = instance.services.deps.work.outputs.keep("a log", team="blue", environment="")
        paths = readable_paths(instance).items()
        ids = {"handle": kept, "run": a_test_run(instance)}
        answers = {path: answer(server, path, query, ids) for path, query in paths}
        told = {path: carried(watched.secrets, text) for path, text in answers.items()}
        assert {path for path, secrets in told.items() if secrets} == ANSWERS_WITH_A_LOGIN
        assert told["/environments/{name}/login"] == ["admin_password"]
        assert not carried(watched.secrets, server.log.read_text())


def repository_of(instance: Instance) -> str:
    row = instance.services.deps.store.environments.get("blue", "guarded")
    assert row is not None
    return row.repo_url


def readable_paths(instance: Instance) -> dict[str, dict[str, Any]]:
    """Return each path that can be read, with what its query has to contain."""
    found = {
        each.path: {
            name: value
            for name, value in required_arguments(each.arguments).items()
            if f"{{{name}}}" not in each.path
        }
        for each in instance.services.registry
        if each.method == "GET"
    }
    assert len(found) > 5
    return {**found, "/openapi.json": {}} | NEEDED


def a_test_run(instance: Instance) -> str:
    """Add a run of tests that has ended; return its id."""
    environment = instance.services.deps.store.environments.get("blue", "guarded")
    assert environment is not None
    run = TestRun(
        id="ghwk4poer46i",
        environment=environment.id,
        team="blue",
        status=Status.OK,
        modules=("field_notes",),
        tags="",
        failed_of="",
        commit=environment.commit or "",
        created_by="admin",
        created_at=environment.created_at,
        job="",
    )
    instance.services.deps.store.test_runs.add(run)
    return run.id


def answer(server: Server, path: str, query: dict[str, Any], ids: dict[str, str]) -> str:
    (job, *_) = server.request("GET", "/api/jobs").json()["data"]["jobs"]
    name = TEMPLATE if path.startswith("/templates/") else "guarded"
    parts = {"name": name, "job": job["job"], **ids}
    got = server.request("GET", f"/api{path.format_map(parts)}", params=query)
    assert got.status_code == 200, (path, got.text)
    return got.text


def test_what_lies_on_disk_is_closed_to_everybody_else(
    instance: Instance, watched: WatchedCreation
) -> None:
    conf, image = watched.plan.conf, instance.services.deps.engine.images.facts("odoo:19.0")
    assert mode(conf) == 0o600
    user = instance.services.deps.engine.team_user("blue")
    assert user not in {None, image.uid}
    assert (conf.stat().st_uid, conf.stat().st_gid) == (user, image.gid)
    secrets = [
        *watched.plan.secrets.iterdir(),
        watched.plan.naming.postgres_folder("blue") / "password",
    ]
    for secret in secrets:
        assert (mode(secret), secret.stat().st_uid) == (0o600, 0)
    for folder in (conf.parent, watched.plan.secrets, watched.plan.naming.postgres_folder("blue")):
        assert (mode(folder), folder.stat().st_uid) == (0o700, 0)
    data = instance.settings.server.data_dir
    above = [parent for parent in conf.parents if data in (parent, *parent.parents)]
    assert len(above) == 5
    assert {(mode(parent), parent.stat().st_uid) for parent in above} == {(0o700, 0)}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_inside_an_environment_nothing_of_the_team_or_the_server_is_found(
    instance: Instance, watched: WatchedCreation
) -> None:
    own = watched.machine_made["database_password"]
    words = "\n".join(watched.secrets.values())
    found = docker("exec", "-i", watched.plan.container, "sh", "-c", CRAWL, given=words)
    # Its own role's password is what an environment has to know; nothing else is to be found.
    assert found.splitlines() == [f"/etc/odoo/odoo.conf:{own}"]


def test_an_environment_has_no_power_over_the_machine(watched: WatchedCreation) -> None:
    look = "import os; print(os.getuid(), open('/proc/self/status').read(), os.listdir('/run'))"
    seen = inside(watched.plan.container, look)
    assert not seen.startswith("0 ")
    assert all(power in seen for power in POWERS)
    assert "docker" not in seen
    assert re.search(r"Seccomp:\t2", seen)
