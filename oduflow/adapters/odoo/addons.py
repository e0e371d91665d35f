"""Find the Odoo modules of a checkout, without following links or running their code."""

import ast
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from oduflow.domain.errors import Invalid
from oduflow.files.regular import read_regular

MANIFEST = "__manifest__.py"
MAX_MANIFEST_BYTES = 64 << 10
MAX_MANIFESTS_BYTES = 8 << 20  # of one checkout, three times those of Odoo and its enterprise
MAX_MODULES = 2_000
MAX_DEPTH = 4
MAX_FOLDERS = 20_000
# CPython 3.11 and 3.12 count the depth of the syntax trees of all threads together: two at once
# can raise SystemError (github.com/python/cpython/issues/106905).
_PARSING = threading.Lock()
_MODULE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Addons:
    """The modules of a checkout.

    Attributes:
        modules: their names, sorted.
        folders: to put on the addons path, relative to the checkout, `.` for its root.
        root_is_module: the checkout itself is one module.
    """

    modules: tuple[str, ...]
    folders: tuple[str, ...]
    root_is_module: bool


def find_addons(checkout: Path, on_folder: Callable[[], None] = lambda: None) -> Addons:
    """Find the modules of a checkout, at most four folders deep.

    Symbolic links are not followed, because a checkout is untrusted data. Folders whose name
    starts with a dot, or cannot be written into `addons_path`, are left out.

    Args:
        checkout: its root.
        on_folder: called before each folder is searched; may raise to stop.

    Raises:
        Invalid: the checkout has too many modules, or too long manifests.
    """
    manifests = _Manifests(on_folder)
    if manifests.declare_module(checkout):
        return Addons(modules=(), folders=(), root_is_module=True)
    found = sorted(_modules(checkout, manifests))
    folders = sorted({str(path.parent) for path in found})
    return Addons(tuple(sorted(path.name for path in found)), tuple(folders), root_is_module=False)


def manifest(text: str) -> dict[str, object] | None:
    """Parse a manifest, without running it; None unless it is a dictionary of literals."""
    try:
        with _PARSING:
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@dataclass(slots=True)
class _Manifests:
    """Reads the manifests of a checkout, up to a limit: parsing one blocks every thread."""

    on_folder: Callable[[], None]
    left: int = MAX_MANIFESTS_BYTES
    modules: int = 0

    def declare_module(self, folder: Path) -> bool:
        self.on_folder()
        text = read_regular(folder / MANIFEST, MAX_MANIFEST_BYTES)
        if text is None:
            return False
        self.left -= len(text.encode())
        if self.left < 0:
            raise Invalid(
                f"The repository's manifests hold more than {MAX_MANIFESTS_BYTES >> 20} MiB.",
                "Shorten them, or split the repository.",
            )
        declared = manifest(text)
        if declared is None or declared.get("installable", True) is False:
            return False
        self.modules += 1
        if self.modules > MAX_MODULES:
            raise Invalid(
                f"The repository holds more than {MAX_MODULES} modules.", "Split the repository."
            )
        return True


def _modules(checkout: Path, manifests: _Manifests) -> Iterator[PurePosixPath]:
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
            if _MODULE.fullmatch(name) and manifests.declare_module(path):
                yield relative / name
            elif len(relative.parts) < MAX_DEPTH:
                kept.append(name)
        names[:] = kept


def _can_be_configured(name: str) -> bool:
    """Whether `addons_path` can hold a name: it splits at commas and expands variables."""
    return name.isprintable() and name == name.strip() and not set(name) & {",", "$"}
