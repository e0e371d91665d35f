"""Odoo modules: what manifests declare, what an image has, and what is wrong with a checkout."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Self

from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model

REPOSITORY = "repository"
IMAGE = "image"
MAX_WARNINGS = 100  # of one report
MAX_SHOWN = 50  # modules in the view of an environment
# Odoo 19's own rule (`MODULE_NAME_RE`); older versions check nothing, but fail with other names.
MODULE_NAME = re.compile(r"^\w{1,256}$")
_LIBRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS = re.compile(r"[-_.]+")


class OdooRules(Model):
    """How one Odoo reads modules; without knowledge of it, as leniently as any does.

    Attributes:
        series: its version, such as `19.0`; empty when it is unknown, which checks no versions.
        manifests: the names that a manifest may have, in the order in which they are tried.
        checks_series: whether it refuses to install a module whose version is of another series.
        needs_init: whether it skips a folder of which no module has an `__init__.py`.
        text_versions: whether it fails on a version that is a number.
    """

    series: str = ""
    manifests: tuple[str, ...] = ("__manifest__.py",)
    checks_series: bool = False
    needs_init: bool = False
    text_versions: bool = False


class Module(Model):
    """A module that Odoo lists.

    Attributes:
        source: `repository`, `image`, or the name of an extra repo.
        path: its folder, relative to its source; `.` is the root.
        python: the Python libraries that it needs, as its manifest names them.
        programs: the programs that it needs.
        triggers: the modules whose installation installs it too; None if nothing does.
    """

    name: str
    version: str = ""
    source: str = REPOSITORY
    path: str = ""
    depends: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    triggers: tuple[str, ...] | None = None
    installable: bool = True


class ImageModule(Model):
    """A module of an image.

    Attributes:
        first: whether Odoo looks for it before the folders of `addons_path`, so that a repository
            cannot replace it.
    """

    name: str
    version: str = ""
    depends: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    triggers: tuple[str, ...] | None = None
    installable: bool = True
    first: bool = True


class ImageInventory(Model):
    """What an image has.

    Attributes:
        image: the image's id.
        libraries: the versions of the Python distributions.
        importable: the names that Python can import.
        programs: the programs on the path, each by its name and with its folder.
    """

    image: str = ""
    rules: OdooRules = OdooRules()
    modules: tuple[ImageModule, ...] = ()
    libraries: Mapping[str, str] = {}
    importable: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether the image could be asked; otherwise nothing is known to be missing."""
        return bool(self.modules)


class CheckoutWarning(Model):
    """Something in a repository that Odoo does not load as one might expect.

    Attributes:
        file: the file or folder, relative to its source; an extra repo's name comes before a colon.
        reason: what is wrong with it.
        next: what to do, in words that fit every face.
        steps: the calls that do it.
    """

    file: str
    reason: str
    next: str
    steps: tuple[Next, ...] = ()

    @classmethod
    def of(cls, file: object, reason: str, next_step: str, *steps: Next) -> Self:
        """Make a warning; the texts may come from a tenant's files, whose bytes may be no text."""
        return cls(
            file=_printable(file),
            reason=_printable(reason),
            next=_printable(next_step),
            steps=steps,
        )

    def of_source(self, source: str) -> Self:
        """Name the extra repo that the file belongs to."""
        return self.model_copy(update={"file": f"{source}: {self.file}"})

    @property
    def sentence(self) -> str:
        """File and reason in one line."""
        return f"{self.file}: {self.reason}"


class CheckoutReport(Model):
    """The modules of an environment's repository and extra repos, and what is wrong with them.

    Attributes:
        modules: those that Odoo loads from there, by source and name.
    """

    modules: tuple[Module, ...] = ()
    warnings: tuple[CheckoutWarning, ...] = ()


class ModuleLine(Model):
    """A module of a repository in a few words."""

    name: str
    version: str
    source: str


class CheckoutView(Model):
    """The modules of an environment's repository and extra repos, as callers see them.

    `more` counts the modules that are left out here; list_modules shows all.
    """

    modules: tuple[ModuleLine, ...]
    more: int = 0
    warnings: tuple[CheckoutWarning, ...] = ()

    @classmethod
    def of(cls, report: CheckoutReport) -> Self:
        """Make the view of a report, the repository's own modules first."""
        shown = report.modules[:MAX_SHOWN]
        return cls(
            modules=tuple(map(ModuleLine.from_row, shown)),
            more=len(report.modules) - len(shown),
            warnings=report.warnings,
        )


def library_name(requirement: str) -> str:
    """Return the normal form of the name in a requirement such as `PyYAML>=6` (PEP 503)."""
    found = _LIBRARY.match(requirement.strip())
    return _SEPARATORS.sub("-", found[0]).lower() if found else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the most similar name, empty if none is similar."""
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.75)), "")


def _printable(text: object) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in str(text))
