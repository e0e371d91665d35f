"""List the modules of an environment: the repositories' and the image's, with their states."""

from contextlib import suppress

from oduflow.domain.addons import IMAGE, CheckoutReport, Module
from oduflow.domain.environment import Environment, ListModules, ModuleList, ModuleView
from oduflow.domain.errors import Conflict, Failure
from oduflow.domain.module_checks import Available
from oduflow.domain.next_call import Next
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import ensure_secret
from oduflow.services.deps import Deps
from oduflow.services.environments.addons import load_report
from oduflow.services.environments.python_packages import installed_packages
from oduflow.services.groups import PostgresGroup
from oduflow.services.image_inventory import kept_inventory


def list_of_modules(deps: Deps, row: Environment, args: ListModules) -> ModuleList:
    """Return the modules that Odoo finds, each from where it loads it.

    Raises:
        Conflict: the modules were not read yet.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    report = load_report(plan)
    if report is None:
        raise Conflict(
            f"The modules of {row.name} were not read yet.",
            "",
            Next.of("rebuild_environment", "reads them", name=row.name),
        )
    found = [
        module
        for module in _modules(deps, row, report)
        if (args.image or module.source != IMAGE)
        and (not args.search or args.search.lower() in module.name.lower())
    ]
    states = _states(deps.postgres, plan, [module.name for module in found])
    return ModuleList(
        modules=tuple(
            ModuleView.from_row(module, state=states.get(module.name)) for module in found
        ),
        warnings=report.warnings,
    )


def _modules(deps: Deps, row: Environment, report: CheckoutReport) -> list[Module]:
    image = deps.engine.images.facts(row.odoo_image)
    inventory = kept_inventory(deps.store.facts, image.id, image.reference)
    if inventory is None:
        return sorted(report.modules, key=lambda module: module.name)
    packages = installed_packages(deps.naming, row, inventory.rules)
    available = Available.of(row.odoo_image, inventory, report, packages)
    return sorted(available.modules.values(), key=lambda module: module.name)


def _states(postgres: PostgresGroup, plan: EnvironmentPlan, names: list[str]) -> dict[str, str]:
    """Ask the database; a database that does not answer leaves the states out."""
    path = plan.secrets / "database_password"
    if not path.is_file():
        return {}
    with suppress(Failure):
        tenant = postgres.tenant(plan.team, plan.database, ensure_secret(path))
        return tenant.module_states(names)
    return {}
