"""Give an environment, or a warm slot, a database of its own."""

from collections.abc import Callable

from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import ensure_secret
from oduflow.services.clone_strategy import CLONE_WAIT_SECONDS, clone_strategy
from oduflow.services.deps import Deps
from oduflow.services.environments.ownership import take_possession
from oduflow.services.groups import PostgresGroup
from oduflow.services.server.infrastructure import Infrastructure


def make_database(deps: Deps, plan: EnvironmentPlan, source: str, monitor: ProgressMonitor) -> None:
    """Clone a sealed database for a role of its own, with new passwords.

    Args:
        deps: the product's parts.
        plan: whose database it becomes; the passwords are in its folder of secrets.
        source: the database to clone; a role of the same name owns its objects.
        monitor: gets a line while the call waits for its turn, and is asked whether to stop.

    Raises:
        Cancelled: the monitor said so.
        Failure: it could not be cloned; the caller removes what is there.
    """
    places = deps.work.clone_places
    with places.hold(plan.team, seconds=CLONE_WAIT_SECONDS, monitor=monitor):
        _clone(deps.postgres, deps.infrastructure, plan, source, monitor.cancelled)


def _clone(
    postgres: PostgresGroup,
    infrastructure: Infrastructure,
    plan: EnvironmentPlan,
    source: str,
    cancelled: Callable[[], bool],
) -> None:
    name = plan.database
    password = ensure_secret(plan.secrets / "database_password")
    cluster = postgres.cluster(plan.team)
    cluster.create_role(name, password, connection_limit=ROLE_CONNECTIONS)
    how = clone_strategy(infrastructure, plan.team, cluster.database_size(source))
    cluster.clone_database(source, name, name, strategy=how, cancelled=cancelled)
    take_possession(postgres, plan, source, {}, cancelled=cancelled)
