"""Print what an image has, inside a throw-away container: modules, Python libraries, programs.

It asks Odoo itself how it reads modules: two folders of addons, one of them without an
`__init__.py`, show what becomes of an `addons_path`. Each line that begins with `oduflow:` holds
a JSON object; the last one is `{"end": true}`.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import pkgutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import odoo
import odoo.addons
import odoo.modules.module as reader
import odoo.release
import odoo.tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFIX = "oduflow:"
PIECE = 50  # names in one line
NUMBER = "a_number_as_version"


def main() -> None:
    """Print everything."""
    before, after, takes_without_init = addons_path()
    names = list(getattr(reader, "MANIFEST_NAMES", None) or (reader.MANIFEST,))
    tell(
        rules={
            "series": odoo.release.major_version,
            "manifests": names,
            "checks_series": refuses_other_series(),
            "needs_init": not takes_without_init,
            "text_versions": fails_on_numbers(),
        }
    )
    for first, folders in ((True, before), (False, after)):
        for name, declared in manifests(folders, names):
            tell(module=dict(chosen(name, declared), name=name, first=first))
    importable = {each.name for each in pkgutil.iter_modules()} | set(sys.builtin_module_names)
    for key, found in (
        ("libraries", libraries().items()),
        ("importable", importable),
        ("programs", set(programs())),
    ):
        listed = sorted(found)
        for start in range(0, len(listed), PIECE):
            tell(**{key: listed[start : start + PIECE]})
    tell(end=True)


def tell(**record: Any) -> None:
    """Print one record."""
    sys.stdout.write(f"{PREFIX}{json.dumps(record)}\n")


def addons_path() -> tuple[list[str], list[str], bool]:
    """Return the folders before and after the configured ones, and whether it takes both."""
    root = Path(tempfile.mkdtemp()).resolve()
    plain, without = root / "plain", root / "without"
    for file in (
        plain / "module" / "__init__.py",
        plain / "module" / "__manifest__.py",
        without / "module" / "__manifest__.py",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{'name': 'x', 'author': 'x', 'license': 'LGPL-3'}")
    number = plain / NUMBER / "__manifest__.py"
    number.parent.mkdir()
    number.write_text("{'name': 'x', 'author': 'x', 'license': 'LGPL-3', 'version': 1.0}")
    conf = root / "odoo.conf"
    conf.write_text(f"[options]\naddons_path = {plain},{without}\ndata_dir = {root}/data\n")
    odoo.tools.config.parse_config(["--config", str(conf), "--log-level", "error"])
    reader.initialize_sys_path()
    found = list(odoo.addons.__path__)
    own = found.index(str(plain))
    after = [path for path in found[own + 1 :] if path != str(without)]
    return found[:own], after, str(without) in found


def refuses_other_series() -> bool:
    """Whether a module whose version is of another series cannot be installed."""
    check = getattr(reader, "check_version", None)
    try:
        version = reader.adapt_version("99.0.1.0.0")
    except ValueError:
        return True
    return check is not None and not check(version, should_raise=False)


def fails_on_numbers() -> bool:
    """Whether a module whose version is a number, not a text, cannot be read (`addons_path`)."""
    read = getattr(reader, "get_manifest", None) or reader.load_information_from_description_file
    try:
        read(NUMBER)
    except (AttributeError, TypeError):
        return True
    return False


def manifests(folders: Iterable[str], names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the modules of folders with what they declare."""
    for folder in map(Path, folders):
        for module in sorted(folder.iterdir()) if folder.is_dir() else ():
            for name in names:
                with contextlib.suppress(OSError, ValueError, SyntaxError):
                    yield module.name, ast.literal_eval((module / name).read_text("utf-8"))
                    break


def chosen(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    """Return what matters of a manifest; every module but `base` depends on another."""
    needs = declared.get("external_dependencies") or {}
    depends = list(declared.get("depends") or (() if name == "base" else ("base",)))
    install = declared.get("auto_install", False)
    named = isinstance(install, (list, tuple))  # Python 3.7 knows no other form
    return {
        "version": str(declared.get("version", "1.0")),
        "depends": depends,
        "python": list(needs.get("python", ())),
        "programs": list(needs.get("bin", ())),
        "triggers": list(install) if named else depends if install else None,
        "installable": bool(declared.get("installable", True)),
    }


def libraries() -> dict[str, str]:
    """Return the versions of the installed distributions; the first on the path is imported."""
    found: dict[str, str] = {}
    try:
        from importlib.metadata import distributions  # noqa: PLC0415 - not in Python 3.7
    except ImportError:
        import pkg_resources  # noqa: PLC0415

        for known in pkg_resources.working_set:
            found.setdefault(known.project_name, known.version)
    else:
        for each in distributions():
            if each.metadata["Name"]:
                found.setdefault(each.metadata["Name"], each.version or "")
    return found


def programs() -> Iterator[str]:
    """Yield the programs on the path, each by its name and with its folder."""
    for folder in os.get_exec_path():
        with contextlib.suppress(OSError):
            for each in Path(folder).iterdir():
                yield each.name
                yield str(each)


main()
