import http.client
import xmlrpc.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from oduflow import bootstrap
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.plan import EnvironmentPlan
from oduflow.settings import parse
from tests.support.instances import Instance, anonymous_volumes, left_volumes, world

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def remove(instance: Instance) -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        instance.call("protect_environment", name=name, protected=False)
        instance.call("delete_environment", name=name)


def fetch(url: str, path: str, method: str = "GET", body: str = "") -> tuple[int, str]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, body, headers)
    try:
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def status_of(url: str, path: str) -> int:
    return fetch(url, path)[0]


def test_a_branch_becomes_a_running_odoo_with_its_module_installed(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    before = world(instance)
    anonymous = anonymous_volumes()
    made = instance.ok(
        "create_environment",
        name="Feature/Notes",
        repo_url=sample_repository,
        modules=["field_notes"],
    )
    assert made["name"] == "feature-notes"
    assert made["state"] == "running"
    assert made["branch"] == "main"
    assert len(made["commit"]) == 40
    assert status_of(made["url"], "/web/login") == 200

    login = instance.ok("get_environment_login", name="feature-notes")
    common = xmlrpc.client.ServerProxy(f"{made['url']}xmlrpc/2/common")
    database = EnvironmentPlan.of(
        instance.services.deps.naming,
        instance.services.deps.store.environments.get("blue", "feature-notes"),  # type: ignore[arg-type]
    ).database
    uid = common.authenticate(database, "admin", login["password"], {})
    assert uid
    models = xmlrpc.client.ServerProxy(f"{made['url']}xmlrpc/2/object")
    note = models.execute_kw(
        database, uid, login["password"], "field.note", "create", [{"name": "A", "text": "b c"}]
    )
    found: Any = models.execute_kw(
        database, uid, login["password"], "field.note", "read", [[note], ["words"]]
    )
    assert found[0]["words"] == 2

    instance.ok("delete_environment", name="feature-notes")
    assert world(instance) == before
    assert not left_volumes(anonymous)


def test_strangers_find_no_database_manager_and_no_default_password(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("strict")
    made = instance.ok("create_environment", name="strict", repo_url=sample_repository)
    # Odoo refuses in words, with status 200.
    for page in ("manager", "selector"):
        assert "disabled by the administrator" in fetch(made["url"], f"/web/database/{page}")[1]
    databases = instance.services.deps.postgres.cluster("blue").databases()
    for action in ("drop", "backup", "create"):
        body = "master_pwd=admin&name=xyz&lang=en_US&login=admin&password=admin&phone="
        assert "Access Denied" in fetch(made["url"], f"/web/database/{action}", "POST", body)[1]
    assert instance.services.deps.postgres.cluster("blue").databases() == databases
    row = instance.services.deps.store.environments.get("blue", "strict")
    assert row is not None
    database = EnvironmentPlan.of(instance.services.deps.naming, row).database
    common = xmlrpc.client.ServerProxy(f"{made['url']}xmlrpc/2/common")
    assert common.authenticate(database, "admin", "admin", {}) is False


def test_creating_twice_answers_the_one_that_exists_and_other_arguments_conflict(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("twice")
    first = instance.ok("create_environment", name="twice", repo_url=sample_repository)
    again = instance.ok("create_environment", name="twice", repo_url=sample_repository)
    assert {**again, "branch_checked_at": first["branch_checked_at"]} == first
    other = instance.call(
        "create_environment", name="twice", repo_url=sample_repository, modules=["field_notes"]
    )
    assert other.error is not None
    assert other.error.kind == "conflict"
    assert "modules is none, not field_notes" in other.error.message


def test_stop_start_restart_and_rebuild_keep_the_data_and_the_port(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("cycle")
    made = instance.ok("create_environment", name="cycle", repo_url=sample_repository)
    password = instance.ok("get_environment_login", name="cycle")["password"]
    anonymous = anonymous_volumes()
    assert instance.ok("stop_environment", name="cycle")["state"] == "stopped"
    assert instance.ok("get_environment", name="cycle")["url"] is None
    for tool in ("start_environment", "restart_environment", "rebuild_environment"):
        shown = instance.ok(tool, name="cycle")
        assert (shown["state"], shown["url"]) == ("running", made["url"])
        assert status_of(shown["url"], "/web/login") == 200
    assert instance.ok("get_environment_login", name="cycle")["password"] == password
    assert not left_volumes(anonymous)


def test_a_protected_environment_is_not_deleted(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("kept")
    instance.ok("create_environment", name="kept", repo_url=sample_repository)
    instance.ok("protect_environment", name="kept")
    refused = instance.call("delete_environment", name="kept")
    assert refused.error is not None
    assert refused.error.kind == "conflict"
    assert instance.ok("get_environment", name="kept")["state"] == "running"


def test_another_teams_environment_is_not_found(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("mine")
    instance.ok("create_environment", name="mine", repo_url=sample_repository)
    with pytest.raises(NotFound):
        instance.call("get_environment", "red", name="mine")
    assert instance.ok("list_environments", "red")["environments"] == []


def test_logs_are_filtered_by_text_and_level(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("logs")
    instance.ok("create_environment", name="logs", repo_url=sample_repository)
    whole = instance.ok("get_environment_logs", name="logs")
    assert "HTTP service" in whole["log"]
    followed = instance.call("get_environment_logs", name="logs", follow=True, lines=2000)
    assert followed.data is not None
    assert "…" not in followed.data.log.splitlines()
    assert (followed.output, followed.warnings) == (None, ())
    assert whole["log"].splitlines()[-1] in followed.data.log
    found = instance.ok("get_environment_logs", name="logs", grep="http SERVICE", lines=1)
    assert found["lines"] == 1
    warned = instance.ok("get_environment_logs", name="logs", level="warning")
    assert " INFO " not in warned["log"]


def test_a_template_in_use_is_not_deleted(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("user")
    instance.ok("create_environment", name="user", repo_url=sample_repository)
    refused = instance.call("delete_template", name="base-19")
    assert refused.error is not None
    assert "in use by user" in refused.error.message


def test_a_container_removed_by_hand_is_lost_and_rebuild_brings_it_back(
    instance: Instance, sample_repository: str, remove: list[str]
) -> None:
    remove.append("lost")
    made = instance.ok("create_environment", name="lost", repo_url=sample_repository)
    row = instance.services.deps.store.environments.get("blue", "lost")
    assert row is not None
    instance.services.deps.engine.containers.remove(
        EnvironmentPlan.of(instance.services.deps.naming, row).container
    )
    seen = instance.ok("get_environment", name="lost")
    assert seen["state"] == "lost"
    assert seen["error"]["next"][0]["operation"] == "rebuild_environment"
    assert instance.ok("rebuild_environment", name="lost")["url"] == made["url"]


def test_the_name_of_a_missing_environment_is_answered_with_the_next_step(
    instance: Instance,
) -> None:
    with pytest.raises(NotFound) as missing:
        instance.call("get_environment", name="nothing")
    assert missing.value.next[0].operation == "list_environments"
    assert not isinstance(missing.value, Conflict)


@pytest.mark.parametrize("tool", ["start_environment", "stop_environment", "rebuild_environment"])
def test_what_a_dead_process_left_half_made_is_removed_and_never_worked_on(
    instance: Instance, sample_repository: str, tool: str
) -> None:
    before = world(instance)
    instance.ok("create_environment", name="half", repo_url=sample_repository)
    environments = instance.services.deps.store.environments
    row = environments.get("blue", "half")
    assert row is not None
    environments.update(row.id, state=EnvironmentState.DELETING)
    if tool == "stop_environment":
        with pytest.raises(NotFound):
            instance.call(tool, name="half")
    else:
        refused = instance.call(tool, name="half")
        assert refused.error is not None
        assert refused.error.kind == "not_found"
    assert world(instance) == before


def test_a_team_taken_out_of_the_configuration_stays_locked_in(instance: Instance) -> None:
    text = instance.config.read_text()
    without_red = parse(text[: text.index("[team.red]")], instance.config)
    services = bootstrap.build(without_red)
    bridges = {team.bridge for team in services.deps.infrastructure.firewall_plan().teams}
    known = instance.services.deps.infrastructure.firewall_plan().teams
    assert len(bridges) == 2
    assert bridges == {team.bridge for team in known}
