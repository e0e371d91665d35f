"""Leave consistent states after a change of modules that failed, was cancelled, or was killed."""

from collections.abc import Iterable

from oduflow.adapters.postgres.errors import NotRunning, StartingUp, Unresponsive
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Busy, Failure
from oduflow.domain.module_change import Records
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.files.private import ensure_secret
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.failed import mark_failed
from oduflow.services.environments.module_change.checks import installed_names
from oduflow.services.environments.restart import restart
from oduflow.services.groups import PostgresGroup


def tenant_of(naming: Naming, postgres: PostgresGroup, row: Environment) -> Tenant:
    """Open an environment's database as its own role."""
    plan = EnvironmentPlan.of(naming, row)
    password = ensure_secret(plan.secrets / "database_password")
    return postgres.tenant(row.team, plan.database, password)


def settle_states(deps: Deps, row: Environment) -> Records:
    """End what may still change modules, and take back the states that promise more.

    Returns:
        The modules in the database afterwards.
    """
    deps.engine.containers.remove(EnvironmentPlan.of(deps.naming, row).one_off)
    tenant = tenant_of(deps.naming, deps.postgres, row)
    tenant.reset_module_states()
    return tenant.module_records()


def modules_of(row: Environment, records: Records, added: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the modules that a rebuild installs: those of the row that are still installed."""
    installed = installed_names(records)
    return tuple(each for each in dict.fromkeys((*row.modules, *added)) if each in installed)


def resume_change(deps: Deps, call: Call, row: Environment) -> Environment:
    """Settle a change of modules that was killed, and start Odoo anew unless it was stopped.

    What Odoo had finished stays, because the serving one may have been used since: the snapshot
    that was taken before leads back.

    Raises:
        Failure: the database refuses to be settled; the environment is `failed`, from which a
            rollback leads back.
        OdooFailed: Odoo does not serve with what the database has now.
    """
    deps.infrastructure.wake(row.team)
    try:
        records = settle_states(deps, row)
    except (Busy, NotRunning, StartingUp, Unresponsive):
        raise  # the next look tries again
    except Failure as failure:
        # Such as a trigger of the tenant's: else every look would fail, and keep the environment.
        mark_failed(deps.store.environments, deps.work.outputs, row, failure)
        raise
    row = deps.store.environments.update(row.id, modules=modules_of(row, records))
    container = deps.engine.containers.facts(EnvironmentPlan.of(deps.naming, row).container)
    if row.state is EnvironmentState.RUNNING and container is not None:
        return restart(deps, call, row)
    return deps.store.environments.update(row.id, step="", job="")
