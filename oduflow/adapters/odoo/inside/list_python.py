"""Print the Python packages of an image, inside a throw-away container of it.

The container gets this file as source, because the product is not installed there. The answer is
JSON, cut into lines that the reader of the container's output does not cut itself.
"""

from __future__ import annotations

import json
import os
import pkgutil
import platform
import runpy
import sys
import sysconfig
from email import message_from_string
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = 3000
PREFIX = "python:"


def packages() -> dict[str, object]:
    """Return name, version and optional dependencies of each installed package."""
    found: dict[str, object] = {}
    for described, requires in descriptions():
        name = described["Name"]
        if name and name not in found:  # the first one on the path is the one that is imported
            optional = [line for line in requires if "extra" in line.partition(";")[2]]
            extras = described.get_all("Provides-Extra") or []
            found[name] = {"version": described["Version"], "requires": optional, "extras": extras}
    return found


def descriptions() -> Iterator[tuple[Any, list[str]]]:
    """Yield the metadata of each installed package, and what it requires."""
    try:
        from importlib.metadata import distributions  # noqa: PLC0415 - not in Python 3.7
    except ImportError:
        import pkg_resources  # type: ignore[import-not-found]  # noqa: PLC0415

        for known in pkg_resources.working_set:
            if known.has_metadata(known.PKG_INFO):
                described = message_from_string(known.get_metadata(known.PKG_INFO))
                yield described, described.get_all("Requires-Dist") or []
    else:
        for each in distributions():
            yield each.metadata, each.requires or []


def standard() -> set[str]:
    """Return the names of the modules that Python itself brings."""
    known = getattr(sys, "stdlib_module_names", None)
    if known is not None:
        return set(known)
    # Python 3.9 names only what is compiled into it, which csv is not.
    folder = sysconfig.get_path("stdlib")
    found = pkgutil.iter_modules([folder, f"{folder}/lib-dynload"])
    return {each.name for each in found} | set(sys.builtin_module_names)


def odoo_series() -> str:
    """Return the first two numbers of Odoo's version; empty without Odoo."""
    spec = util.find_spec("odoo")
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "release.py"
        if path.exists():
            major, minor, *_ = runpy.run_path(str(path))["version_info"]
            return f"{str(major).rpartition('~')[2]}.{minor}"
    return ""


def markers() -> dict[str, str]:
    """Return the values of environment markers (PEP 508)."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": platform.python_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


text = json.dumps(
    {
        "packages": packages(),
        "odoo": odoo_series(),
        "standard": sorted(standard()),
        "markers": markers(),
    }
)
for start in range(0, len(text), LINE):
    sys.stdout.write(f"{PREFIX}{text[start : start + LINE]}\n")
