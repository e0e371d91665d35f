"""Find environments, and build their views from the stored row and the container's state."""

from collections.abc import Mapping
from dataclasses import replace

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.store import Environments
from oduflow.domain.access import Actor
from oduflow.domain.container import ContainerFacts
from oduflow.domain.environment import (
    SERVING_STATES,
    Environment,
    EnvironmentState,
    EnvironmentView,
    RelatedFacts,
    no_environment,
)
from oduflow.domain.errors import Kind
from oduflow.domain.hosts import join_host_port
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.storage import MeasuredSize
from oduflow.services.branches import read_check
from oduflow.services.deps import Deps
from oduflow.services.environments.addons import load_report
from oduflow.settings import Settings


def visible_environment(environments: Environments, actor: Actor, name: str) -> Environment:
    """Return the environment of that name.

    Raises:
        NotFound: the team has none of that name, or the actor may not access it.
    """
    row = environments.get(actor.team, name)
    if row is None or not actor.can_access(row.id):
        raise no_environment(name)
    return row


def observed(row: Environment, container: ContainerFacts | None) -> Environment:
    """Return the row with the state that its container shows: Docker overrides the store."""
    if row.state not in SERVING_STATES or row.step:
        return row
    if container is None:
        return replace(row, state=EnvironmentState.LOST, error=_lost(row))
    if container.status in {"running", "paused"}:  # a snapshot pauses it for a moment
        return _in_state(row, EnvironmentState.RUNNING)
    if row.state is EnvironmentState.RUNNING and container.exit_code != 0:
        return replace(row, state=EnvironmentState.FAILED, error=_ended(row, container))
    return _in_state(row, EnvironmentState.STOPPED)


def _in_state(row: Environment, state: EnvironmentState) -> Environment:
    return row if row.state is state else replace(row, state=state)


def visible_environments(environments: Environments, actor: Actor) -> tuple[Environment, ...]:
    """Return the environments that the actor may access, sorted by name."""
    return tuple(row for row in environments.list(actor.team) if actor.can_access(row.id))


def environment_views(deps: Deps, actor: Actor) -> tuple[EnvironmentView, ...]:
    """Return the views of the actor's environments, sorted by name, without error output.

    One list request to Docker serves all of them.
    """
    rows = visible_environments(deps.store.environments, actor)
    if not rows:
        return ()
    containers, sizes = (
        _containers(deps.naming, deps.engine.containers, actor.team),
        deps.store.sizes.of(actor.team),
    )
    return tuple(
        _brief_view(
            deps.settings,
            row,
            containers.get(EnvironmentPlan.of(deps.naming, row).container),
            sizes.get(row.id),
        )
        for row in rows
    )


def current_view(deps: Deps, row: Environment) -> EnvironmentView:
    """Return the environment's view with the container's state at this moment."""
    plan = EnvironmentPlan.of(deps.naming, row)
    container = deps.engine.containers.facts(plan.container)
    return environment_view(deps, observed(row, container), has_container=container is not None)


def environment_view(
    deps: Deps, row: Environment, *, has_container: bool = True
) -> EnvironmentView:
    """Return a row's view; `has_container` is true for one that was just created or started."""
    report = load_report(EnvironmentPlan.of(deps.naming, row))
    return EnvironmentView.of(
        row,
        _url(deps.settings, row),
        has_container=has_container,
        report=report,
        branch=read_check(deps.naming, row),
        related=deps.store.environments.related(row),
    )


def _url(settings: Settings, row: Environment) -> str | None:
    """Return the URL of an Odoo that answers."""
    # A row with a step is being rebuilt or started, so its URL does not answer yet.
    serves = row.state is EnvironmentState.RUNNING and not row.step
    return base_url(settings, row) if serves else None


def base_url(settings: Settings, row: Environment) -> str | None:
    """Return the URL of an environment's Odoo; None before it has a port."""
    if row.port is None:
        return None
    host = settings.routing.external_host or settings.server.host
    if host in {"0.0.0.0", "::", "127.0.0.1"}:  # noqa: S104 - compared, not bound
        host = "localhost"
    return f"http://{join_host_port(host, row.port)}/"


def _brief_view(
    settings: Settings,
    row: Environment,
    container: ContainerFacts | None,
    size: MeasuredSize | None,
) -> EnvironmentView:
    """Return a view for a list: without the output of an error, and without modules."""
    seen = observed(row, container)
    if seen.error is not None:
        seen = replace(seen, error=seen.error.model_copy(update={"output": ""}))
    return EnvironmentView.of(
        seen,
        _url(settings, seen),
        has_container=container is not None,
        related=RelatedFacts(size),
    )


def _containers(naming: Naming, containers: Containers, team: str) -> Mapping[str, ContainerFacts]:
    labels = naming.labels("environment", team=team)
    return {facts.name: facts for facts in containers.list(labels)}


def _lost(row: Environment) -> ErrorView:
    return ErrorView(
        kind=Kind.UPSTREAM,
        message="Its container is gone: it was removed outside Oduflow.",
        next=(
            Next.of("rebuild_environment", "creates it again and keeps the data", name=row.name),
        ),
    )


def _ended(row: Environment, container: ContainerFacts) -> ErrorView:
    return ErrorView(
        kind=Kind.UPSTREAM,
        message=f"Odoo ended with exit code {container.exit_code}.",
        next=(
            Next.of("get_environment_logs", "shows why", name=row.name),
            Next.of("start_environment", "starts it again", name=row.name),
        ),
    )
