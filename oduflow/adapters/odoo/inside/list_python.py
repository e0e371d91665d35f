"""Print the Python packages of an image, inside a throw-away container of it.

The container gets this file as source, because the product is not installed there. It has to run
with the Python of the oldest supported image (3.9). The answer is JSON, cut into lines that the
reader of the container's output does not cut itself.
"""

import json
import os
import platform
import runpy
import sys
from importlib import metadata, util
from pathlib import Path

LINE = 3000
PREFIX = "python:"


def packages() -> "dict[str, object]":
    """Return name, version and optional dependencies of each installed package."""
    found: dict[str, object] = {}
    for each in metadata.distributions():
        name = each.metadata["Name"]
        if name and name not in found:  # the first one on the path is the one that is imported
            optional = [line for line in each.requires or () if "extra" in line.partition(";")[2]]
            extras = each.metadata.get_all("Provides-Extra") or []
            found[name] = {"version": each.version, "requires": optional, "extras": extras}
    return found


def odoo_series() -> str:
    """Return the first two numbers of Odoo's version; empty without Odoo."""
    spec = util.find_spec("odoo")
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "release.py"
        if path.exists():
            major, minor, *_ = runpy.run_path(str(path))["version_info"]
            return f"{str(major).rpartition('~')[2]}.{minor}"
    return ""


def markers() -> "dict[str, str]":
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
        "standard": sorted(getattr(sys, "stdlib_module_names", sys.builtin_module_names)),
        "markers": markers(),
    }
)
for start in range(0, len(text), LINE):
    sys.stdout.write(f"{PREFIX}{text[start : start + LINE]}\n")
