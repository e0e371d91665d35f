"""List what an environment's requirements installed: libraries, and addons among them."""

import re
from collections.abc import Iterator
from pathlib import Path

from oduflow.adapters.odoo.addons.checkout import read_checkout
from oduflow.domain.addons import OdooRules
from oduflow.domain.environment import Environment
from oduflow.domain.module_checks import Packages
from oduflow.files.regular import read_regular
from oduflow.services.deps import Deps
from oduflow.services.environments.pip import ADDONS, holds_addons

SOURCE = "requirements.txt"
PLACES = ("requirements.txt", ".oduflow/requirements.txt")
MAX_BYTES = 64 << 10
_METADATA = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-py[\d.]+)?\.(dist|egg)-info")
_ADDON = re.compile(r"^\s*(odoo\d*-addon|-r|--requirement)", re.IGNORECASE | re.MULTILINE)


def may_install_addons(checkouts: tuple[Path, ...]) -> bool:
    """Whether the requirements may name a package that holds addons, which only pip can tell.

    A file that is a link may: only the installation follows it, within the checkout.
    """
    files = [folder / place for folder in checkouts for place in PLACES]
    if any(file.is_symlink() for file in files):
        return True
    texts = (read_regular(file, MAX_BYTES) for file in files)
    return any(_ADDON.search(text) for text in texts if text)


def installed_packages(deps: Deps, row: Environment, rules: OdooRules) -> Packages:
    """Return what is in the folder of an environment's requirements."""
    folder = deps.naming.team_folder(row.team) / "python" / row.python_deps
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
