"""Name the module that a repository's root is: Odoo takes a module's name from its folder.

Git has no name for the root, so it comes from `.oduflow.toml`, else from the module's own XML ids
and asset paths, else from the repository's URL.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import tomli

from oduflow.adapters.odoo.addons.manifest import Manifest
from oduflow.adapters.odoo.addons_path import repository_folder
from oduflow.domain.addons import MODULE_NAME, CheckoutWarning
from oduflow.files.regular import read_regular

SETTINGS = ".oduflow.toml"
KEY = "module"
MAX_BYTES = 1 << 20  # of one file
MAX_FILES = 500
_NEXT = f'Write {KEY} = "the_module\'s_name" into {SETTINGS}.'
_PREFIX = r"([A-Za-z_]\w*)\."
_XML = re.compile(
    r"""\b(?:id|ref|inherit_id|parent|action|groups|t-call|t-inherit|t-name)=["']""" + _PREFIX
)
_PYTHON = re.compile(rf"""\bodoo\.addons\.(\w+)|\bref\(["']{_PREFIX}""")
_CSV = re.compile(rf"\b{_PREFIX}(?:model|group|access)_\w+")
_PATTERNS = {".xml": _XML, ".py": _PYTHON, ".csv": _CSV}


def root_name(
    checkout: Path, manifest: Manifest, repo_url: str, known: AbstractSet[str]
) -> tuple[str, list[CheckoutWarning]]:
    """Return the name of the module at a checkout's root, and warnings about it.

    Args:
        checkout: the checkout.
        manifest: the module's manifest.
        repo_url: the repository.
        known: the names of other modules.
    """
    set_name, warnings = _set_name(checkout)
    if set_name:
        return set_name, warnings
    others = known | set(manifest.depends)
    named = Counter(name for name in _named(checkout, manifest) if name not in others)
    default = repository_folder(repo_url)
    name, why = default, "the repository's name"
    if named and default not in named:
        name, why = named.most_common(1)[0][0], "its own XML ids and paths"
    told = CheckoutWarning.of(
        "__manifest__.py",
        f"The repository is one module; it is named {name}, after {why}.",
        f"{_NEXT} Nothing needs to be done if {name} is right.",
    )
    return name, [*warnings, told]


def _set_name(checkout: Path) -> tuple[str, list[CheckoutWarning]]:
    text = read_regular(checkout / SETTINGS, MAX_BYTES)
    if text is None:
        return "", []
    try:
        value = tomli.loads(text).get(KEY, "")
    except (tomli.TOMLDecodeError, RecursionError) as wrong:
        return "", [CheckoutWarning.of(SETTINGS, f"It is not TOML: {wrong}.", _NEXT)]
    if not isinstance(value, str) or (value and not MODULE_NAME.match(value)):
        return "", [CheckoutWarning.of(SETTINGS, f"“{value}” is no name of a module.", _NEXT)]
    return value, []


def _named(checkout: Path, manifest: Manifest) -> Iterator[str]:
    """Yield the modules that the module's files name, itself most often."""
    for path in manifest.assets:
        if "/static/" in path:
            yield path.lstrip("/").partition("/")[0]
    read = 0
    for folder, names, files in os.walk(checkout, followlinks=False):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            pattern = _PATTERNS.get(Path(name).suffix)
            if pattern is None:
                continue
            read += 1
            if read > MAX_FILES:
                return
            text = read_regular(Path(folder) / name, MAX_BYTES) or ""
            for found in pattern.finditer(text):
                yield next(group for group in found.groups() if group)
