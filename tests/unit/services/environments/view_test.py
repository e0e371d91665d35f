from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.container import ContainerFacts
from oduflow.domain.environment import EnvironmentState, RelatedFacts
from oduflow.domain.errors import Kind, NotFound
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import Naming
from oduflow.services.environments.view import (
    base_url,
    current_view,
    environment_view,
    environment_views,
    observed,
    visible_environment,
    visible_environments,
)
from oduflow.settings import parse
from tests.support.parts import deps_of
from tests.support.store_rows import environment

ADA = Actor("1", ActorKind.OAUTH, "ada")
CREATING, DELETING = EnvironmentState.CREATING, EnvironmentState.DELETING
FAILED, LOST = EnvironmentState.FAILED, EnvironmentState.LOST
RUNNING, STOPPED = EnvironmentState.RUNNING, EnvironmentState.STOPPED


def container(status="running", exit_code=0, name="oduflow-env-1.sale") -> ContainerFacts:
    empty = MappingProxyType[str, str]({})
    return ContainerFacts("id", name, status, exit_code, empty, empty, "")


@pytest.mark.parametrize(
    ("stored", "seen", "shown"),
    [
        (RUNNING, container("running"), RUNNING),
        (STOPPED, container("running"), RUNNING),  # started by hand
        (RUNNING, container("exited", 0), STOPPED),  # stopped by hand
        (RUNNING, container("exited", 137), FAILED),
        (RUNNING, container("dead", 1), FAILED),
        (STOPPED, container("exited", 137), STOPPED),  # stopping Odoo is no failure
        (STOPPED, container("created"), STOPPED),
        (RUNNING, container("paused"), RUNNING),  # for a snapshot
        (RUNNING, None, LOST),
        (STOPPED, None, LOST),
        (CREATING, None, CREATING),
        (CREATING, container("running"), CREATING),
        (DELETING, None, DELETING),
        (FAILED, container("exited", 1), FAILED),
        (FAILED, container("running"), FAILED),
        (LOST, None, LOST),
    ],
)
def test_docker_is_the_truth_for_containers(stored, seen, shown):
    assert observed(environment(state=stored), seen).state is shown


def test_while_a_step_is_going_on_the_row_is_the_truth():
    row = environment(state=RUNNING, step="rebuild")

    assert observed(row, None) is row


def test_a_lost_container_is_told_with_the_way_back():
    error = observed(environment(state=RUNNING), None).error

    assert error is not None
    assert "its container is gone" in error.message.lower()
    assert [step.as_call() for step in error.next] == ["rebuild_environment name=sale"]


def test_an_odoo_that_ended_is_told_with_its_exit_code():
    error = observed(environment(state=RUNNING), container("exited", 137)).error

    assert error is not None
    assert error.message == "Odoo ended with exit code 137."
    assert error.next[0].as_call() == "get_environment_logs name=sale"


def test_only_a_running_environment_has_an_address():
    with_port = {
        state: environment_view(deps(), environment(state=state, port=20001))
        for state in list(EnvironmentState)
    }

    assert {state for state, shown in with_port.items() if shown.url} == {RUNNING}


@pytest.mark.parametrize(
    ("toml", "url"),
    [
        ("", "http://localhost:20001/"),
        ('[server]\nhost = "192.0.2.7"\n', "http://192.0.2.7:20001/"),
        ('[server]\nhost = "2001:db8::7"\n', "http://[2001:db8::7]:20001/"),
        ('[server]\nhost = "0.0.0.0"\n', "http://localhost:20001/"),
        ('[routing]\nexternal_host = "dev.example.com"\n', "http://dev.example.com:20001/"),
    ],
)
def test_an_address_is_one_that_people_can_open(toml, url):
    assert base_url(deps(toml).settings, environment(port=20001)) == url


def test_without_a_port_there_is_no_address():
    assert base_url(deps().settings, environment()) is None


def test_a_list_asks_docker_once_and_shows_each_by_its_container():
    rows = [environment(name="crm", state=RUNNING), environment(name="sale", state=RUNNING)]
    questions: list[Any] = []

    def listed(labels):
        questions.append(labels)
        return [container("exited", 0, name="oduflow-env-1.crm")]

    shown = environment_views(deps(rows=rows, containers=SimpleNamespace(list=listed)), ADA)

    assert [(one.name, one.state) for one in shown] == [("crm", STOPPED), ("sale", LOST)]
    assert [one.has_container for one in shown] == [True, False]
    assert questions == [{"oduflow.kind": "environment", "oduflow.team": "1"}]


def test_a_list_has_no_logs_in_it():
    error = ErrorView(kind=Kind.UPSTREAM, message="It broke.", output="a long log")
    row = environment(state=FAILED, error=error)
    nothing = SimpleNamespace(list=lambda _labels: [])

    (shown,) = environment_views(deps(rows=[row], containers=nothing), ADA)

    assert shown.error == error.model_copy(update={"output": ""})


def test_an_empty_list_asks_no_server():
    assert environment_views(deps(), ADA) == ()


def test_one_environment_is_shown_as_it_is_now():
    facts = SimpleNamespace(facts={"oduflow-env-1.sale": container("exited", 1)}.get)

    shown = current_view(deps(containers=facts), environment(state=RUNNING))

    assert shown.state is FAILED
    assert shown.has_container


def test_a_failed_environment_without_a_container_says_that_it_has_none():
    nothing = SimpleNamespace(facts=lambda _name: None)

    shown = current_view(deps(containers=nothing), environment(state=FAILED))

    assert (shown.state, shown.has_container) == (FAILED, False)


def test_an_actor_sees_the_environments_that_it_reaches_and_no_others():
    rows = [environment(id="a" * 12, name="sale"), environment(id="b" * 12, name="shop")]
    bound = replace(ADA, environments=frozenset({"a" * 12}))

    assert visible_environments(stored(rows), ADA) == tuple(rows)
    assert visible_environments(stored(rows), bound) == (rows[0],)


def test_another_teams_environment_does_not_exist():
    mine = stored([environment()])

    assert visible_environment(mine, ADA, "sale").name == "sale"
    with pytest.raises(NotFound, match="no environment “sale”"):
        visible_environment(mine, replace(ADA, team="2"), "sale")


def stored(rows) -> Any:
    known = {(row.team, row.name): row for row in rows}
    return SimpleNamespace(
        get=lambda team, name: known.get((team, name)),
        list=lambda team: [row for row in rows if row.team == team],
        related=lambda _row: RelatedFacts(),
    )


def deps(toml="", rows=(), containers=None) -> Any:
    secrets = 'auth_token = "token-0123456789abcdef"\nui_password = "password-0123456789"\n'
    return deps_of(
        settings=parse(f"{toml}[team.1]\n{secrets}"),
        naming=Naming("oduflow", Path("/data")),
        environments=stored(rows),
        containers=containers,
    )
