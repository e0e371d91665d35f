"""Modules in a checkout, found without following a link or running a line of theirs."""

import ast
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MANIFEST = "__manifest__.py"
MAX_MANIFEST_BYTES = 256 << 10
MAX_DEPTH = 4
MAX_FOLDERS = 20_000
_MODULE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Addons:
    """What a checkout holds.

    Attributes:
        modules: names of the modules, sorted.
        folders: folders to put on the addons path, relative to the checkout, `.` for its root.
        root_is_module: the checkout itself is one module.
    """

    modules: tuple[str, ...]
    folders: tuple[str, ...]
    root_is_module: bool


def find_addons(checkout: Path) -> Addons:
    """Find the modules of a checkout, at most four folders deep.

    Symbolic links are never followed: a checkout is a stranger's data. Folders that start with a
    dot, and those whose name no configuration can hold, are left out.
    """
    if _is_module(checkout):
        return Addons(modules=(), folders=(), root_is_module=True)
    found = sorted(_modules(checkout))
    folders = sorted({str(path.parent) for path in found})
    return Addons(tuple(sorted(path.name for path in found)), tuple(folders), root_is_module=False)


def manifest(folder: Path) -> dict[str, object] | None:
    """Read one module's manifest as data; None when it is missing, too large, or no literal."""
    text = read_regular(folder / MANIFEST, MAX_MANIFEST_BYTES)
    if text is None:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_regular(path: Path, limit: int) -> str | None:
    """Read a regular file of at most `limit` bytes; None for links, devices, absent, too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def _modules(checkout: Path) -> Iterator[PurePosixPath]:
    seen = 0
    for folder, names, _files in os.walk(checkout, followlinks=False):
        relative = PurePosixPath(Path(folder).relative_to(checkout).as_posix())
        seen += 1
        if seen > MAX_FOLDERS:
            return
        kept = []
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith(".") or not _can_be_configured(name) or path.is_symlink():
                continue
            if _MODULE.fullmatch(name) and _is_module(path):
                yield relative / name
            elif len(relative.parts) < MAX_DEPTH:
                kept.append(name)
        names[:] = kept


def _can_be_configured(name: str) -> bool:
    """Whether `addons_path` can hold a folder: it parts by commas and expands variables."""
    return name.isprintable() and name == name.strip() and not set(name) & {",", "$"}


def _is_module(folder: Path) -> bool:
    declared = manifest(folder)
    return declared is not None and declared.get("installable", True) is not False
