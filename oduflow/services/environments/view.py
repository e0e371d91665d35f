"""Find environments, and show them as they are at this moment."""

from collections.abc import Mapping
from dataclasses import replace

from oduflow.domain.access import Actor
from oduflow.domain.container import ContainerFacts
from oduflow.domain.environment import (
    Environment,
    EnvironmentState,
    EnvironmentView,
    no_environment,
)
from oduflow.domain.errors import Kind
from oduflow.domain.hosts import join_host_port
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.deps import Deps

SERVING_STATES = frozenset({EnvironmentState.RUNNING, EnvironmentState.STOPPED})


def find(deps: Deps, team: str, name: str) -> Environment:
    """Return the team's environment.

    Raises:
        NotFound: the team has none of that name.
    """
    row = deps.store.environments.get(team, name)
    if row is None:
        raise no_environment(name)
    return row


def observed(row: Environment, container: ContainerFacts | None) -> Environment:
    """Correct a row by what Docker says: Docker is the truth for containers."""
    if row.state not in SERVING_STATES or row.step:
        return row
    if container is None:
        return replace(row, state=EnvironmentState.LOST, error=_lost(row))
    if container.status == "running":
        return replace(row, state=EnvironmentState.RUNNING)
    if row.state is EnvironmentState.RUNNING and container.exit_code != 0:
        return replace(row, state=EnvironmentState.FAILED, error=_ended(row, container))
    return replace(row, state=EnvironmentState.STOPPED)


def own_rows(deps: Deps, actor: Actor) -> tuple[Environment, ...]:
    """Return the rows of the environments that the actor may see, by name."""
    return tuple(
        row for row in deps.store.environments.list(actor.team) if actor.can_access(row.id)
    )


def views(deps: Deps, actor: Actor) -> tuple[EnvironmentView, ...]:
    """Show the actor's environments, by name, with one question to Docker; no row has a log."""
    rows = own_rows(deps, actor)
    if not rows:
        return ()
    containers = _containers(deps, actor.team)
    return tuple(
        _without_output(
            _seen(deps, row, containers.get(EnvironmentPlan.of(deps.naming, row).container))
        )
        for row in rows
    )


def current(deps: Deps, row: Environment) -> EnvironmentView:
    """Show one environment as it is now."""
    plan = EnvironmentPlan.of(deps.naming, row)
    return _seen(deps, row, deps.engine.containers.facts(plan.container))


def view(deps: Deps, row: Environment, *, has_container: bool = True) -> EnvironmentView:
    """Show a row; what was just made or started has a container."""
    # With a step it is being rebuilt or started: nothing answers there yet.
    serves = row.state is EnvironmentState.RUNNING and not row.step
    url = base_url(deps, row) if serves else None
    return EnvironmentView.of(row, url, has_container=has_container)


def base_url(deps: Deps, row: Environment) -> str | None:
    """Say where an environment's Odoo answers."""
    if row.port is None:
        return None
    host = deps.settings.routing.external_host or deps.settings.server.host
    if host in {"0.0.0.0", "::", "127.0.0.1"}:  # noqa: S104 - compared, not bound
        host = "localhost"
    return f"http://{join_host_port(host, row.port)}/"


def _seen(deps: Deps, row: Environment, container: ContainerFacts | None) -> EnvironmentView:
    return view(deps, observed(row, container), has_container=container is not None)


def _without_output(shown: EnvironmentView) -> EnvironmentView:
    if shown.error is None:
        return shown
    return shown.model_copy(update={"error": shown.error.model_copy(update={"output": ""})})


def _containers(deps: Deps, team: str) -> Mapping[str, ContainerFacts]:
    labels = deps.naming.labels("environment", team=team)
    return {facts.name: facts for facts in deps.engine.containers.list(labels)}


def _lost(row: Environment) -> ErrorView:
    return ErrorView(
        kind=Kind.UPSTREAM,
        message="Its container is gone; somebody removed it outside the product.",
        hint=f"rebuild_environment name={row.name} makes it anew; the data is kept.",
    )


def _ended(row: Environment, container: ContainerFacts) -> ErrorView:
    return ErrorView(
        kind=Kind.UPSTREAM,
        message=f"Odoo ended with exit code {container.exit_code}.",
        hint=f"get_environment_logs name={row.name}, then start_environment name={row.name}.",
    )
