"""What an environment's Odoo can find at this moment, read from its checkouts without an edit."""

from collections.abc import Mapping
from dataclasses import dataclass

from oduflow.domain.addons import MAX_WARNINGS
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.module_checks import Available, warnings_of
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.addons import reread_addons, write_report
from oduflow.services.environments.python_packages import installed_packages
from oduflow.services.image_inventory import ensure_inventory


@dataclass(frozen=True, slots=True)
class FoundModules:
    """The modules that Odoo can find.

    Attributes:
        available: all of them.
        off_path: modules of the checkouts that are not on Odoo's addons path.
        is_on_path: whether the addons path is the one that would be made now.
    """

    available: Available
    off_path: frozenset[str]
    is_on_path: bool = True

    @property
    def versions(self) -> Mapping[str, frozenset[str]]:
        """The versions that the database may have of each module: Odoo adds its own series."""
        series = self.available.inventory.rules.series
        return {
            name: frozenset({module.version, f"{series}.{module.version}"})
            for name, module in self.available.modules.items()
            if module.version and series
        }


def find_available(deps: Deps, call: Call, row: Environment, image: ImageFacts) -> FoundModules:
    """Read the checkouts, which may have changed since the environment was made.

    list_modules shows what was read from then on.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    inventory = ensure_inventory(deps, call, plan, image)
    found = reread_addons(deps.naming, call, row, inventory)
    packages = installed_packages(deps.naming, row, inventory.rules)
    available = Available.of(row.odoo_image, inventory, found.report, packages)
    warnings = (*found.report.warnings, *warnings_of(available))[:MAX_WARNINGS]
    write_report(plan, found.report.model_copy(update={"warnings": warnings}))
    return FoundModules(available, found.off_path, found.is_on_path)
