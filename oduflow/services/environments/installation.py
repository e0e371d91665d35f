"""Write `odoo.conf`, run commands that change modules, and check that they are installed."""

from collections.abc import Callable

from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.conf import OdooConf
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.container import ImageFacts, RunResult
from oduflow.domain.environment import Environment
from oduflow.domain.errors import OdooFailed
from oduflow.domain.odoo_log import explanation
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import ensure_secret, fill_file, make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.container import one_off_spec
from oduflow.services.filestore import ensure_mount
from oduflow.services.groups import PostgresGroup
from oduflow.services.module_installation import installation_problem
from oduflow.services.room import require_room_to_run
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.services.temporary import one_off_temporary
from oduflow.settings import Settings

ODOO_CONNECTIONS = 16
INSTALL_SECONDS = 1800.0


def write_configuration(
    infrastructure: Infrastructure,
    settings: Settings,
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    *,
    in_place: bool = False,
) -> None:
    """Write an environment's `odoo.conf`: mode 0600, owned by Odoo's user, in a private folder.

    Args:
        infrastructure: the instance's network and servers.
        settings: the current configuration.
        plan: the environment's names.
        row: the environment.
        image: Odoo's image, with the user that it runs as.
        in_place: fill the file that a warm slot's container has mounted; a new one of that name
            would not appear in the container.
    """
    conf = OdooConf(
        admin_passwd=odoo_hash(ensure_secret(plan.secrets / "master_password")),
        db_host=infrastructure.database_address(row.team),
        db_name=plan.database,
        db_user=plan.database,
        db_password=ensure_secret(plan.secrets / "database_password"),
        db_maxconn=ODOO_CONNECTIONS,
        addons_path=row.addons,
        proxy_mode=settings.routing.mode == "traefik",
    )
    if in_place:
        fill_file(plan.conf, conf.render())
        return
    make_folder(plan.conf.parent)
    write_private(plan.conf, conf.render(), uid=image.uid, gid=image.gid)


def run_beside_odoo(
    deps: Deps,
    call: Call,
    row: Environment,
    image: ImageFacts,
    command: commands.OdooCommand,
    on_line: Callable[[str], None] = lambda _line: None,
) -> RunResult:
    """Run a command that changes modules in a one-off container, within a boot slot.

    Args:
        deps: the product's parts.
        call: stops the container when its job is cancelled.
        row: the environment.
        image: Odoo's image.
        command: what to run.
        on_line: gets each line of the output.

    Raises:
        Cancelled: the job was cancelled.
        QuotaReached: the team's disk is full.
        UpstreamFailed: it took longer than INSTALL_SECONDS.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    require_room_to_run(deps, row.team)
    ensure_mount(deps.engine, plan, row)
    with call.boot_slot(BootKind.INSTALL):
        deps.engine.containers.remove(plan.one_off)  # of a process that was killed
        with one_off_temporary(plan, image) as temporary:
            result = deps.engine.containers.run_one_off(
                one_off_spec(plan, row, image, deps.limits(row.team), command, temporary),
                timeout=INSTALL_SECONDS,
                monitor=ProgressMonitor(on_line, call.cancelled),
            )
    call.raise_if_cancelled()
    return result


def prove_installed(
    postgres: PostgresGroup,
    settings: Settings,
    plan: EnvironmentPlan,
    row: Environment,
    result: RunResult,
) -> None:
    """Check in the database that the modules are installed.

    Odoo exits with 0 when an installation failed, so its exit code proves nothing.

    Raises:
        OdooFailed: a module is not installed; `output` holds Odoo's explanation.
    """
    password = ensure_secret(plan.secrets / "database_password")
    states = postgres.tenant(row.team, plan.database, password).module_states(row.modules)
    memory = settings.teams[row.team].memory_mb
    problem = installation_problem(row.modules, states, result, memory)
    if not problem:
        return
    hint = "Fix the module, push it and create the environment again."
    if row.served:
        hint = "Fix the module, push it, delete the environment and create it again."
    raise OdooFailed(problem, hint, output=explanation(result.output), whole=result.output)
