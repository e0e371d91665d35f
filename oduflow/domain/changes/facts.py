"""What is known of a repository and of the environment's database when changes are classified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

ROOT = "."
MANIFESTS = ("__manifest__.py", "__openerp__.py")


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """A repository before and after, and the database.

    Attributes:
        before: the folders of the modules that Odoo has applied, each with the module's name.
        after: the folders of the modules that are to be applied; `.` is the repository's root.
        texts: further files afterwards: the manifests, and the `__init__.py` beside each.
        installed: the modules that are installed in the database.
        elsewhere: the modules that the image or an extra repo has too.
        replaced: those of the repository that Odoo does not load, because the image has its own.
        with_demo: the modules whose demo data are in the database.
        languages: the languages that are active in the database, such as `pt_BR`.
        mentioned: files that data name by their paths, each with the modules whose data do.
        links: the symbolic links of both, with the paths without links that they lead to.
        tests_used: the modules of whose tests code that is no test imports something.
        importers: changed Python files outside of installed modules, each with the installed ones
            of which code names it, also through others.
        run: the names of functions that upgrades run.
        unread: the installed modules of which a file of Python is too large to be read.
        known: the modules that Odoo finds in the repository before, also in submodules, each with
            its folder without links.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]
    texts: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    installed: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    with_demo: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    mentioned: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    links: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tests_used: frozenset[str] = frozenset()
    importers: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    run: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def place(self, path: str) -> tuple[str, str, str]:
        """Return the folder and the name of a path's module, and the path inside; all may be empty.

        The innermost folder counts that is a module before or afterwards.
        """
        for folder in map(str, PurePosixPath(path).parents):
            name = self.after.get(folder) or self.before.get(folder)
            if name:
                return folder, name, path if folder == ROOT else path[len(folder) + 1 :]
        return "", "", ""

    def manifest(self, folder: str) -> bytes:
        """Return the content of a module's manifest afterwards; empty without one."""
        return next(
            (text for name in MANIFESTS if (text := self.texts.get(joined(folder, name)))), b""
        )

    def code(self, folder: str) -> bytes:
        """Return the module's own `__init__.py` afterwards; empty without one."""
        return self.texts.get(joined(folder, "__init__.py"), b"")


def joined(folder: str, name: str) -> str:
    """Return the path of a file in a module's folder."""
    return name if folder == ROOT else f"{folder}/{name}"
