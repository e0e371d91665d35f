"""Write `odoo.conf`, and check that modules are installed."""

from oduflow.adapters.odoo.conf import OdooConf
from oduflow.domain.container import ImageFacts, RunResult
from oduflow.domain.environment import Environment
from oduflow.domain.errors import OdooFailed
from oduflow.domain.odoo_log import explanation
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.services.deps import Deps
from oduflow.services.module_installation import installation_problem

ODOO_CONNECTIONS = 16


def write_configuration(
    deps: Deps, plan: EnvironmentPlan, row: Environment, image: ImageFacts
) -> None:
    """Write an environment's `odoo.conf`: mode 0600, owned by Odoo's user, in a private folder."""
    conf = OdooConf(
        admin_passwd=odoo_hash(ensure_secret(plan.secrets / "master_password")),
        db_host=deps.infrastructure.database_address(row.team),
        db_name=plan.database,
        db_user=plan.database,
        db_password=ensure_secret(plan.secrets / "database_password"),
        db_maxconn=ODOO_CONNECTIONS,
        addons_path=row.addons,
        proxy_mode=deps.settings.routing.mode == "traefik",
    )
    make_folder(plan.conf.parent)
    write_private(plan.conf, conf.render(), uid=image.uid, gid=image.gid)


def prove_installed(deps: Deps, plan: EnvironmentPlan, row: Environment, result: RunResult) -> None:
    """Check in the database that the modules are installed.

    Odoo exits with 0 when an installation failed, so its exit code proves nothing.

    Raises:
        OdooFailed: a module is not installed; `output` holds Odoo's explanation.
    """
    password = ensure_secret(plan.secrets / "database_password")
    states = deps.postgres.tenant(row.team, plan.database, password).module_states(row.modules)
    memory = deps.settings.teams[row.team].memory_mb
    problem = installation_problem(row.modules, states, result, memory)
    if not problem:
        return
    hint = "Fix the module, push it and create the environment again."
    if row.served:
        hint = "Fix the module, push it, delete the environment and create it again."
    raise OdooFailed(problem, hint, output=explanation(result.output), whole=result.output)
