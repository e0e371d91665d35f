"""Who comes second: the same name, the same port, a deletion or a cancellation in the middle."""

import json
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from oduflow.domain.errors import Invalid
from oduflow.domain.names import MAX_NAME
from tests.support.forked import oduflow
from tests.support.instances import Instance, world
from tests.support.server import Server, eventually, serving
from tests.support.variants import docker, held_at, plan_of, variant

pytestmark = pytest.mark.timeout(300)

SECONDS = 60.0


@pytest.fixture
def cleared(instance: Instance) -> Iterator[None]:
    """Delete what the test made, and see that nothing else stays."""
    before = world(instance)
    yield
    for row in instance.services.deps.store.environments.list("blue"):
        instance.ok("delete_environment", name=row.name)
    assert world(instance) == before


def command_line(instance: Instance, *words: str) -> "subprocess.CompletedProcess[str]":
    where = ("--config", str(instance.config), "--team", "blue", "--json")
    return oduflow("call", *where, *words, timeout=SECONDS)


def said(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """Read a command's envelope."""
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def test_the_longest_name_fits_the_database_the_container_and_the_folders(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    """Which text makes which name is tested in `tests/unit/domain/names_test.py`."""
    typed = "Bücher/für_" + "long-" * 30 + "one"
    made = instance.ok("create_environment", name=typed, repo_url=sample_repository)
    assert len(made["name"]) == MAX_NAME
    assert instance.ok("get_environment", name=typed)["name"] == made["name"]
    assert instance.ok("get_environment", name=made["name"])["url"] == made["url"]


def test_a_text_that_makes_no_name_is_invalid_and_makes_nothing(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    for typed in ("", "   ", "---", "日本語", "🚀", "x" * 201):
        with pytest.raises(Invalid):
            instance.call("create_environment", name=typed, repo_url=sample_repository)


def test_two_names_that_become_one_are_the_same_environment_or_a_conflict(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    first = instance.ok("create_environment", name="Fix/One", repo_url=sample_repository)
    same = instance.ok("create_environment", name="fix-one", repo_url=sample_repository)
    assert same == first
    other = instance.call(
        "create_environment", name="fix.one", repo_url=sample_repository, branch="other"
    )
    assert other.error is not None
    assert other.error.kind == "conflict"
    assert "branch is main, not other" in other.error.message


def test_two_creates_of_one_name_make_one_and_the_second_hears_who_was_first(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    wanted = {"name": "once", "repo_url": sample_repository}
    with serving(instance) as server:
        with held_at(instance, "create.database.before") as reached:
            job = server.job("POST", "/api/environments", json=wanted)
            eventually(reached.exists, SECONDS, server.tail)
            second = command_line(instance, "create_environment", json.dumps(wanted))
            refusal = said(second)["error"]
            assert second.returncode == 75
        assert refusal["kind"] == "busy"
        assert "create_environment by basic:admin" in refusal["message"]
        made = server.finished(job)
        assert made["status"] == "ok"
        third = command_line(instance, "create_environment", json.dumps(wanted))
        assert said(third)["data"]["url"] == made["data"]["url"]
        assert len(server.environments()) == 1


def test_a_race_of_server_and_command_line_makes_one_environment(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    wanted = {"name": "raced", "repo_url": sample_repository}
    with serving(instance) as server, ThreadPoolExecutor() as threads:
        runners = [
            threads.submit(command_line, instance, "create_environment", json.dumps(wanted))
            for _ in range(2)
        ]
        answer = server.request("POST", "/api/environments", json=wanted)
        ends = [said(runner.result()) for runner in runners]
        if answer.status_code == 202:
            ends.append(server.finished(str(answer.json()["job"])))
        else:
            assert answer.json()["kind"] == "busy"
        made = [end for end in ends if end["status"] == "ok"]
        assert {end["error"]["kind"] for end in ends if end["status"] == "failed"} <= {"busy"}
        assert len({end["data"]["created_at"] for end in made}) == 1
        (row,) = server.environments()
        assert row["state"] == "running"


def test_a_deletion_in_the_middle_of_a_create_is_busy_and_names_what_goes_on(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    wanted = {"name": "early", "repo_url": sample_repository}
    with serving(instance) as server:
        with held_at(instance, "create.filestore.before") as reached:
            job = server.job("POST", "/api/environments", json=wanted)
            eventually(reached.exists, SECONDS, server.tail)
            for method, path in (
                ("DELETE", "/api/environments/early"),
                ("POST", "/api/environments/early/rebuild"),
                ("POST", "/api/environments/early/stop"),
            ):
                refused = server.request(method, path)
                assert (refused.status_code, refused.json()["kind"]) == (423, "busy")
                assert "create_environment by basic:admin, for" in refused.json()["detail"]
                assert "cancel its job" in refused.json()["hint"]
            (row,) = server.environments()
            assert (row["state"], row["step"], row["job"]) == ("creating", "filestore", job)
        assert server.finished(job)["status"] == "ok"


def test_a_cancelled_create_is_undone_and_its_name_is_free(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    before = world(instance)
    wanted = {"name": "regretted", "repo_url": sample_repository, "modules": ["field_notes"]}
    with serving(instance) as server:
        for point in ("create.checkout.before", "create.database.after", "create.container.after"):
            with held_at(instance, point) as reached:
                job = server.job("POST", "/api/environments", json=wanted)
                eventually(reached.exists, SECONDS, server.tail)
                cancelled = server.request("POST", f"/api/jobs/{job}/cancel")
                assert cancelled.status_code == 200
            envelope = server.finished(job)
            assert (envelope["status"], envelope["error"]["kind"]) == ("cancelled", "cancelled")
            assert server.environments() == []
            assert world(instance) == before, point


def test_a_create_that_is_cancelled_while_odoo_installs_ends_within_seconds(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    before = world(instance)
    wanted = {"name": "stopped", "repo_url": sample_repository, "modules": ["field_notes"]}
    with serving(instance) as server:
        job = server.job("POST", "/api/environments", json=wanted)
        eventually(lambda: installing(instance, server), SECONDS, server.tail)
        server.request("POST", f"/api/jobs/{job}/cancel")
        assert server.finished(job, 5)["status"] == "cancelled"
        assert world(instance) == before


def installing(instance: Instance, server: Server) -> bool:
    found = server.environments()
    return bool(found) and plan_of(instance, "stopped").one_off in docker(
        "ps", "--format", "{{.Names}}"
    )


def test_a_port_that_another_program_took_is_exchanged_for_the_next(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    first = instance.settings.routing.port_range[0]
    with socket.create_server(("127.0.0.1", first)):
        made = instance.ok("create_environment", name="second-choice", repo_url=sample_repository)
        assert made["url"] == f"http://localhost:{first + 1}/"
        row = instance.services.deps.store.environments.get("blue", "second-choice")
        assert row is not None
        assert row.port == first + 1
    again = instance.ok("restart_environment", name="second-choice")
    assert again["url"] == made["url"], "an environment keeps its port"


def test_a_port_taken_while_an_environment_was_stopped_is_exchanged_at_its_start(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    made = instance.ok("create_environment", name="moved", repo_url=sample_repository)
    row = instance.services.deps.store.environments.get("blue", "moved")
    assert row is not None
    assert row.port is not None
    instance.ok("stop_environment", name="moved")
    with socket.create_server(("127.0.0.1", row.port)):
        started = instance.ok("start_environment", name="moved")
    assert started["url"] != made["url"]
    assert instance.ok("get_environment", name="moved")["url"] == started["url"]


def test_no_more_environments_than_the_team_may_have(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    with variant(instance, ("[team.blue]", "[team.blue]\nmax_environments = 1")) as narrow:
        narrow.ok("create_environment", name="only", repo_url=sample_repository)
        narrow.ok("stop_environment", name="only")
        before = world(narrow)
        refused = narrow.call("create_environment", name="more", repo_url=sample_repository)
        assert refused.error is not None
        assert refused.error.kind == "quota"
        assert "may have 1" in refused.error.message
        assert "max_environments" in refused.error.hint
        assert world(narrow) == before
        assert narrow.ok("list_environments")["environments"][0]["name"] == "only"


def test_where_no_port_is_left_nothing_is_made(
    instance: Instance, sample_repository: str, cleared: None
) -> None:
    ports = instance.settings.routing.port_range
    few = (f'"{ports[0]}-{ports[-1]}"', f'"{ports[0]}-{ports[1]}"')
    with (
        variant(instance, few) as narrow,
        socket.create_server(("127.0.0.1", ports[1])),
    ):
        narrow.ok("create_environment", name="only", repo_url=sample_repository)
        before = world(narrow)
        refused = narrow.call("create_environment", name="more", repo_url=sample_repository)
        assert refused.error is not None
        assert refused.error.kind == "quota"
        assert "port_range" in refused.error.hint
        assert world(narrow) == before
