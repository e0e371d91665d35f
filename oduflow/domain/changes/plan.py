"""Put what the changed files need together: what has to be done, once each, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from oduflow.domain.changes.facts import MANIFESTS
from oduflow.domain.changes.needs import FileVerdict, Need

_NO_BUNDLES = frozenset({Need.NOTHING, Need.RELOAD, Need.TRANSLATIONS})
_BY_CODE = frozenset({Need.RESTART, Need.UPGRADE})


@dataclass(frozen=True, slots=True)
class ApplyPlan:
    """What is to be done for changed files.

    Attributes:
        verdicts: what each file needs, the most first.
    """

    verdicts: tuple[FileVerdict, ...] = ()

    @classmethod
    def of(cls, verdicts: Iterable[FileVerdict]) -> "ApplyPlan":
        """Make the plan of verdicts, of which several about one file keep the greatest need."""
        greatest: dict[tuple[str, str], FileVerdict] = {}
        for each in verdicts:
            before = greatest.setdefault((each.path, each.module), each)
            if each.need.rank > before.need.rank:
                greatest[each.path, each.module] = each
            elif each.need is Need.RELOAD and each.file == before.file:
                greatest[each.path, each.module] = _joined(before, each)
        ordered = sorted(greatest.values(), key=lambda each: (-each.need.rank, each.path))
        return cls(tuple(ordered))

    @property
    def upgrade(self) -> tuple[str, ...]:
        """The modules to upgrade."""
        return self._modules(Need.UPGRADE)

    @property
    def install(self) -> tuple[str, ...]:
        """The modules to install."""
        return self._modules(Need.INSTALL)

    @property
    def uninstall(self) -> tuple[str, ...]:
        """The installed modules that are gone."""
        return self._modules(Need.UNINSTALL)

    @property
    def reload(self) -> Mapping[str, tuple[str, ...]]:
        """The files to load in place, in the order of the manifest, by module."""
        found: dict[str, list[FileVerdict]] = {}
        for each in self._of(Need.RELOAD):
            if each.module not in self.upgrade:
                found.setdefault(each.module, []).append(each)
        return {
            module: tuple(each.file for each in sorted(files, key=lambda each: each.order))
            for module, files in sorted(found.items())
        }

    @property
    def ids(self) -> tuple[str, ...]:
        """The records that are loaded in place, each with its module."""
        loaded = self.reload
        ids = (id_ for each in self._of(Need.RELOAD) if each.module in loaded for id_ in each.ids)
        return tuple(sorted(set(ids)))

    @property
    def translations(self) -> Mapping[str, tuple[str, ...]]:
        """The languages in which terms are loaded, by module."""
        found: dict[str, set[str]] = {}
        for each in self._of(Need.TRANSLATIONS):
            found.setdefault(each.module, set()).update(each.languages)
        return {module: tuple(sorted(codes)) for module, codes in sorted(found.items())}

    @property
    def assets(self) -> tuple[str, ...]:
        """The modules whose files are parts of bundles, and changed."""
        return self._modules(Need.ASSETS)

    @property
    def restart(self) -> bool:
        """Whether Odoo has to import its code anew, apart from what an upgrade needs.

        Terms of code are kept in the process, too.
        """
        return any(each.need in {Need.RESTART, Need.TRANSLATIONS} for each in self.verdicts)

    @property
    def reimports(self) -> bool:
        """Whether Odoo starts itself again: it may have imported a module that changed."""
        return bool(self.restart or self.upgrade or self.install or self.uninstall)

    @property
    def bundles(self) -> bool:
        """Whether it may change bundles, which all are made then that the repositories are in."""
        return any(
            each.need not in _NO_BUNDLES and not (each.need in _BY_CODE and _is_apart(each.path))
            for each in self.verdicts
        )

    @property
    def packages(self) -> bool:
        """Whether a file that may name Python packages changed."""
        return bool(self._of(Need.PACKAGES))

    @property
    def writes(self) -> bool:
        """Whether data are written, so that a snapshot is taken before."""
        writing = {Need.INSTALL, Need.RELOAD, Need.TRANSLATIONS, Need.UNINSTALL, Need.UPGRADE}
        return any(each.need in writing for each in self.verdicts)

    @property
    def needs_odoo(self) -> bool:
        """Whether a second Odoo has to load the code as it is afterwards."""
        return any(each.need not in {Need.NOTHING, Need.PACKAGES} for each in self.verdicts)

    @property
    def is_nothing(self) -> bool:
        """Whether the serving Odoo is up to date as it is."""
        return all(each.need is Need.NOTHING for each in self.verdicts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not take effect though it was changed."""
        return tuple(dict.fromkeys(each.warning for each in self.verdicts if each.warning))

    def upgrading(self, modules: Iterable[str], why: str) -> "ApplyPlan":
        """Return the plan that upgrades modules, too, for a reason that no file shows."""
        more = (FileVerdict("", module, Need.UPGRADE, why) for module in modules)
        return ApplyPlan.of((*self.verdicts, *more))

    def restarting(self, why: str) -> "ApplyPlan":
        """Return the plan that restarts Odoo, too, for a reason that no file shows."""
        return ApplyPlan.of((*self.verdicts, FileVerdict("", "", Need.RESTART, why)))

    def without(self, need: Need, modules: Iterable[str]) -> "ApplyPlan":
        """Return the plan that leaves out what modules need of one kind."""
        left_out = frozenset(modules)
        kept = (e for e in self.verdicts if e.need is not need or e.module not in left_out)
        return ApplyPlan(tuple(kept))

    def _of(self, need: Need) -> tuple[FileVerdict, ...]:
        return tuple(each for each in self.verdicts if each.need is need)

    def _modules(self, need: Need) -> tuple[str, ...]:
        return tuple(sorted({each.module for each in self._of(need)}))


def _is_apart(path: str) -> bool:
    """Whether a file has no part in bundles: code, and lines of data."""
    return path.endswith((".csv", ".py")) and PurePosixPath(path).name not in MANIFESTS


def _joined(first: FileVerdict, second: FileVerdict) -> FileVerdict:
    """Return the verdict about a file that two earlier states differ from, in other records."""
    ids = tuple(dict.fromkeys((*first.ids, *second.ids)))
    return FileVerdict(
        first.path,
        first.module,
        first.need,
        first.why,
        file=first.file,
        order=first.order,
        ids=ids,
        warning=first.warning or second.warning,
    )
