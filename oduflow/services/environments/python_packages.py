"""List what an environment's requirements install: libraries, and addons among them."""

import re
from collections.abc import Iterable, Iterator

from oduflow.adapters.odoo.addons.checkout import read_checkout
from oduflow.domain.addons import ImageInventory, OdooRules, library_name
from oduflow.domain.environment import Environment
from oduflow.domain.module_checks import Packages
from oduflow.domain.plan import Naming
from oduflow.services.environments.pip import ADDONS, holds_addons
from oduflow.services.environments.requirement_files import RequirementsFile

SOURCE = "requirements.txt"
_METADATA = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-py[\d.]+)?\.(dist|egg)-info")


def may_install_addons(files: Iterable[RequirementsFile], inventory: ImageInventory) -> bool:
    """Whether the requirements name any package that the image lacks.

    A package of any name can hold addons, or depend on one that does: only its files tell.
    """
    known = {library_name(name) for name in inventory.libraries}
    return any(
        each.parsed.extras or library_name(each.parsed.name) not in known
        for file in files
        for each in file.requirements
    )


def installed_packages(naming: Naming, row: Environment, rules: OdooRules) -> Packages:
    """Return what is in the folder of an environment's requirements."""
    folder = naming.team_folder(row.team) / "python" / row.python_deps
    if not row.python_deps or not folder.is_dir():
        return Packages()
    names = [entry.name for entry in folder.iterdir()]
    modules = read_checkout(folder / ADDONS, rules).modules if holds_addons(folder) else ()
    return Packages(
        libraries=dict(_distributions(names)),
        importable=frozenset(name.partition(".")[0] for name in names),
        modules=tuple(module.model_copy(update={"source": SOURCE}) for module in modules),
    )


def _distributions(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if found := _METADATA.fullmatch(name):
            yield found["name"], found["version"]
