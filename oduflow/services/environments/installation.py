"""Write `odoo.conf`, and check that modules are installed."""

from oduflow.adapters.odoo.conf import OdooConf
from oduflow.domain.container import ImageFacts, RunResult
from oduflow.domain.environment import Environment
from oduflow.domain.errors import OdooFailed
from oduflow.domain.odoo_log import ended_by_code, error_name, explanation, unknown_modules
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.services.deps import Deps

ODOO_CONNECTIONS = 16
SIGNALS = 128  # exit codes from here on are those of a signal


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
    missing = [name for name in row.modules if states.get(name) != "installed"]
    if not missing and result.exit_code == 0:
        return
    hint = "Fix the module, push it and create the environment again."
    if row.served:
        hint = "Fix the module, push it, delete the environment and create it again."
    absent = sorted(unknown_modules(result.output) & set(missing))
    if absent:
        hint = f"list_modules name={row.name} shows those there are."
        message = f"No module {', '.join(absent)}, neither in the repository nor in the image."
    elif result.out_of_memory:
        limit = deps.settings.teams[row.team].memory_mb
        message = f"Odoo reached its limit of {limit} MiB of memory while it installed modules."
    elif missing:
        names = ", ".join(name + _state_text(states.get(name)) for name in missing)
        cause = error_name(result.output) or _ended(result)
        message = f"Not installed: {names}{f': {cause}' if cause else ''}."
    else:
        message = f"Odoo ended with exit code {result.exit_code}."
    raise OdooFailed(message, hint, output=explanation(result.output), whole=result.output)


def _ended(result: RunResult) -> str:
    code = result.exit_code
    cause = "" if code >= SIGNALS else ended_by_code(result.output)
    return f"{cause} (exit code {code})" if cause else ""


def _state_text(state: str | None) -> str:
    """Return a module's state in brackets; empty for those of every failed installation."""
    return f" ({state})" if state not in {None, "uninstalled"} else ""
