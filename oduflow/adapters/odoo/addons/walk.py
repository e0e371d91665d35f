"""Walk a checkout and collect the folders that have a manifest, and the links."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from oduflow.adapters.odoo.addons.manifest import Manifest, ManifestRefused
from oduflow.adapters.odoo.addons.manifests import Manifests
from oduflow.adapters.odoo.addons.paths import real_path
from oduflow.domain.addons import MODULE_NAME, CheckoutWarning, OdooRules

MAX_DEPTH = 4
MAX_FOLDERS = 20_000
ROOT = PurePosixPath()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A folder whose manifest Odoo reads.

    Attributes:
        path: where Odoo finds it, relative to the checkout.
        real: the same without links.
        has_init: whether it has an `__init__.py`.
    """

    path: PurePosixPath
    real: PurePosixPath
    manifest: Manifest
    has_init: bool

    @property
    def name(self) -> str:
        """The module's name."""
        return self.path.name

    @property
    def folder(self) -> PurePosixPath:
        """The folder that holds it."""
        return self.path.parent


@dataclass(slots=True)
class Walk:
    """What a walk through a checkout finds.

    Attributes:
        root: the checkout itself, if it is a module.
        found: the modules by path.
        hidden: the paths that Odoo may see as modules, and must not load.
        links: the links, to anything.
        warnings: what is wrong with a single folder.
    """

    checkout: Path
    manifests: Manifests
    root: Candidate | None = None
    found: dict[PurePosixPath, Candidate] = field(default_factory=dict)
    hidden: set[PurePosixPath] = field(default_factory=set)
    links: list[PurePosixPath] = field(default_factory=list)
    warnings: list[CheckoutWarning] = field(default_factory=list)

    @classmethod
    def through(cls, checkout: Path, rules: OdooRules, on_folder: Callable[[], None]) -> "Walk":
        """Walk at most four folders deep, without following links; folders in a module are its own.

        Folders whose name starts with a dot, or cannot be written into `addons_path`, are left out.

        Raises:
            Invalid: the checkout has too many modules, or too long manifests.
        """
        walk = cls(checkout, Manifests(checkout, rules, on_folder))
        walk.root = walk._read(ROOT)
        if walk.root is not None and walk.root.manifest.installable:
            return walk
        walk.root = None
        walk._descend()
        walk._read_links()
        return walk

    def _descend(self) -> None:
        left = [ROOT]
        seen = 0
        while left and seen < MAX_FOLDERS:
            folder = left.pop()
            seen += 1
            for name, is_link in _entries(self.checkout / folder):
                path = folder / name
                if is_link:
                    self.links.append(path)
                elif self._is_searched(path, self._read(path)):
                    left.append(path)

    def _is_searched(self, path: PurePosixPath, module: Candidate | None) -> bool:
        if module is not None and module.manifest.installable:
            return False
        return can_be_searched(path.name) and len(path.parts) <= MAX_DEPTH

    def _read_links(self) -> None:
        """Read the modules that links lead to, unless the walk found them where they are."""
        there = {module.real for module in self.found.values()}
        for path in self.links:
            real = real_path(self.checkout, path)
            if real is None or (real in there and path.name == real.name):
                # Leads out, in the container to anything, or repeats a module that is listed.
                self.hidden.add(path)
            elif (self.checkout / real).is_dir():
                self._read(path)

    def _read(self, path: PurePosixPath) -> Candidate | None:
        """Read a folder as a module; None if it is none."""
        file = self.manifests.find(path)
        if file is None:
            if path != ROOT and self.manifests.leads_out(path):
                self.hidden.add(path)
            return None
        try:
            manifest = self.manifests.read(file)
        except ManifestRefused as refusal:
            shown = path / self.manifests.rules.manifests[0]
            self._refuse(path, CheckoutWarning.of(shown, refusal.reason, refusal.next_step))
            return None
        if path != ROOT and not _is_name(path.name):
            self._refuse(path, _bad_name(path))
            return None
        real = real_path(self.checkout, path) or path
        has_init = real_path(self.checkout, path / "__init__.py")
        module = Candidate(
            path, real, manifest, has_init is not None and (self.checkout / has_init).is_file()
        )
        if path != ROOT:
            self.found[path] = module
        return module

    def _refuse(self, path: PurePosixPath, warning: CheckoutWarning) -> None:
        if path != ROOT:
            self.hidden.add(path)
        self.warnings.append(warning)


def _is_name(name: str) -> bool:
    return MODULE_NAME.match(name) is not None and name.isprintable()


def _bad_name(path: PurePosixPath) -> CheckoutWarning:
    renamed = "".join(char if MODULE_NAME.match(char) else "_" for char in path.name)
    return CheckoutWarning.of(
        f"{path}/",
        "Odoo refuses the folder's name: a module's name has letters, digits and underscores.",
        f"Rename it, to {renamed} for example.",
    )


def _entries(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the folders and links in a folder by name, each with whether it is a link."""
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.name, entry.is_symlink(), entry.is_dir(follow_symlinks=False))
                for entry in entries
            ]
    except OSError:  # removed meanwhile, or not readable
        return
    for name, is_link, is_folder in sorted(found):
        if is_link or is_folder:
            yield name, is_link


def can_be_searched(name: str) -> bool:
    """Whether a folder is searched: it is not hidden, and `addons_path` can hold its name.

    `addons_path` splits at commas and expands variables.
    """
    writable = name.isprintable() and name == name.strip() and not set(name) & {",", "$"}
    return writable and not name.startswith(".")
