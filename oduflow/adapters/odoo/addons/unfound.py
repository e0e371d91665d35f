"""Find what looks like a module and is not read as one: its manifest's name, or its place."""

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from oduflow.adapters.odoo.addons.walk import MAX_DEPTH, MAX_FOLDERS, ROOT, Walk, can_be_searched
from oduflow.domain.addons import CheckoutWarning

_LIKE_A_MANIFEST = re.compile(
    r"_*(manifest|openerp|terp)_*\.py(\.(txt|bak|orig|old))?", re.IGNORECASE
)
_OLD = re.compile(r"__(openerp|terp)__\.py")


def unfound(walk: Walk, *, nothing: bool) -> Iterator[CheckoutWarning]:
    """Warn of each folder that has a manifest of another name, or lies where none is looked for.

    Args:
        walk: what was found.
        nothing: whether no module is loaded, so that those that say so themselves are named too.
    """
    names = walk.manifests.rules.manifests
    installable = [each for each in walk.found.values() if each.manifest.installable]
    loaded = {path for each in installable for path in (each.path, each.real)}
    for where, folders, files in islice(os.walk(walk.checkout, followlinks=False), MAX_FOLDERS):
        path = PurePosixPath(where).relative_to(walk.checkout)
        folders[:] = sorted(
            name for name in folders if name != ".git" and _looks(name, nothing=nothing)
        )
        if path in loaded:
            folders.clear()
            continue
        known = next((name for name in names if name in files), None)
        if known is None:
            wrong = next((name for name in sorted(files) if _is_misnamed(name, folder=path)), None)
            if wrong is not None:
                yield _misnamed(path / wrong, names[0], walk.manifests.rules.series)
        elif path in walk.found or path == ROOT:
            refused = any(str(path / known) == each.file for each in walk.warnings)
            module = walk.found.get(path)
            if nothing and not refused and not (module and module.manifest.wrong_series):
                yield CheckoutWarning.of(
                    path / known,
                    "It says installable: False, so Odoo does not install the module.",
                    "Port the module and leave installable out, or use another branch.",
                )
        elif path not in walk.hidden and (warning := _misplaced(path, known)):
            yield warning


def _looks(folder: str, *, nothing: bool) -> bool:
    """Whether to look into a folder: hidden ones are left out on purpose where modules load."""
    return nothing or not folder.startswith(".")


def _is_misnamed(name: str, *, folder: PurePosixPath) -> bool:
    """Whether a file has a name like a manifest's; at a root, `manifest.py` is anything."""
    return bool(_LIKE_A_MANIFEST.fullmatch(name)) and ("_" in name or folder != ROOT)


def _misnamed(file: PurePosixPath, right: str, series: str) -> CheckoutWarning:
    odoo = f"Odoo {series}" if series else "Odoo"
    old = ", the name that Odoo 9 and older read" if _OLD.fullmatch(file.name) else ""
    return CheckoutWarning.of(
        file,
        f"{odoo} reads no manifest of this name{old}.",
        f"Rename it to {right} once the module is ported"
        f"{f' to {odoo}' if series else ''}, and push.",
    )


def _misplaced(path: PurePosixPath, known: str) -> CheckoutWarning | None:
    unread = next((part for part in path.parts[:-1] if not can_be_searched(part)), None)
    if unread is not None:
        return CheckoutWarning.of(
            path / known,
            f"Its folder {unread} is not searched: the name begins with a dot, or holds a comma, "
            "a $ or a space at an end, which addons_path cannot hold.",
            "Rename that folder, and push.",
        )
    deep = len(path.parts) - 1
    if deep <= MAX_DEPTH:
        return None
    return CheckoutWarning.of(
        path / known,
        f"It lies {deep} folders deep, and modules are looked for at most {MAX_DEPTH} deep.",
        f"Move it up, to {PurePosixPath(*path.parts[:MAX_DEPTH])}/{path.name}/ for example, and "
        "push.",
    )
