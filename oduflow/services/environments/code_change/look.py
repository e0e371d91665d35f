"""Look at what changed between the states that Odoo has loaded and the one that it is to have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from types import MappingProxyType

from oduflow.adapters.git.states import StateDifference, States
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.addons import IMAGE, REPOSITORY, ImageInventory
from oduflow.domain.changes.classify import classify
from oduflow.domain.changes.facts import MANIFESTS, ROOT, RepositoryFacts, joined
from oduflow.domain.changes.needs import ChangedFile, EntryKind, FileVerdict
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.module_change import Records
from oduflow.domain.module_checks import Available
from oduflow.services.environments.module_change.checks import installed_names

_INIT = "__init__.py"
# Data do not name these by their paths, or what names them is told apart otherwise.
_NOT_NAMED = frozenset({".csv", ".po", ".pot", ".py", ".xml"})


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What an environment's database has."""

    records: Records
    with_demo: frozenset[str]
    languages: frozenset[str]

    @classmethod
    def of(cls, tenant: Tenant) -> "DatabaseFacts":
        """Read a database."""
        return cls(tenant.module_records(), tenant.modules_with_demo(), tenant.active_languages())


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen.

    Attributes:
        plan: what the changes need.
        folders: the folders of the modules afterwards, with their names.
        paths: the paths that differ from any of the states that Odoo has loaded.
    """

    plan: ApplyPlan = field(default_factory=ApplyPlan)
    folders: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    paths: frozenset[str] = frozenset()


def look(
    states: States,
    loaded: Iterable[str],
    after: str,
    database: DatabaseFacts,
    available: Available,
) -> Look:
    """Compare states of a checkout, and tell what their differences need.

    Args:
        states: of the checkout.
        loaded: the states that Odoo has loaded, at least in part.
        after: the state that it is to have.
        database: the environment's.
        available: the modules of the checkout as it is, of extra repos and of the image.
    """
    root = next((m.name for m in available.modules.values() if _is_root(m.source, m.path)), "")
    folders = _folders(states.paths(after), root)
    verdicts, paths = list[FileVerdict](), set[str]()
    for before in loaded:
        differences = states.compare(before, after)
        facts = RepositoryFacts(
            before=_folders(states.paths(before), root),
            after=folders,
            installed=installed_names(database.records),
            elsewhere=_elsewhere(available),
            replaced=_replaced(available.inventory),
            with_demo=database.with_demo,
            languages=database.languages,
        )
        facts = _with_texts(states, after, facts, differences)
        verdicts += classify(_files(states, differences), facts)
        paths |= {each.path for each in differences}
    return Look(ApplyPlan.of(verdicts), folders, frozenset(paths))


def _is_root(source: str, path: str) -> bool:
    return source == REPOSITORY and path == ROOT


def _folders(paths: Iterable[str], root: str) -> dict[str, str]:
    """Return the folders that have a manifest, with the modules' names."""
    found = (PurePosixPath(path).parent for path in paths if PurePosixPath(path).name in MANIFESTS)
    return {str(each): each.name or root for each in found if each.name or root}


def _elsewhere(available: Available) -> frozenset[str]:
    others = (m.name for m in available.modules.values() if m.source not in {REPOSITORY, IMAGE})
    return frozenset({*others, *(each.name for each in available.inventory.modules)})


def _replaced(inventory: ImageInventory) -> frozenset[str]:
    """Return the modules that Odoo looks for in the image first."""
    return frozenset(each.name for each in inventory.modules if each.first)


def _files(states: States, differences: Iterable[StateDifference]) -> list[ChangedFile]:
    differences = tuple(differences)
    plain = [each for each in differences if not (each.is_link or each.is_submodule)]
    contents = states.read(name for each in plain for name in (each.old, each.new))
    return [_file(each, contents) for each in differences]


def _file(found: StateDifference, contents: Mapping[str, bytes]) -> ChangedFile:
    old, new = (contents.get(name) if name else None for name in (found.old, found.new))
    if found.is_link or found.is_submodule:
        kind = EntryKind.LINK if found.is_link else EntryKind.SUBMODULE
        return ChangedFile(found.path, old, new, kind)
    read = all(not name or name in contents for name in (found.old, found.new))
    return ChangedFile(found.path, old, new, read=read)


def _with_texts(
    states: States, after: str, facts: RepositoryFacts, differences: Iterable[StateDifference]
) -> RepositoryFacts:
    """Add the manifests of the modules that changed, and the data that name changed files."""
    folders = {facts.place(each.path)[0] for each in differences} - {""}
    wanted = [joined(folder, name) for folder in folders for name in (*MANIFESTS, _INIT)]
    named = states.named(after, wanted) if wanted else {}
    contents = states.read(named.values())
    texts = {path: contents[name] for path, name in named.items() if name in contents}
    mentioned = _mentioned(states, after, facts, differences)
    return replace(facts, texts=texts, mentioned=mentioned)


def _mentioned(
    states: States, after: str, facts: RepositoryFacts, differences: Iterable[StateDifference]
) -> dict[str, frozenset[str]]:
    """Return the changed files that data name by their paths, with the modules whose data do."""
    wanted: dict[str, str] = {}
    for each in differences:
        _, module, inside = facts.place(each.path)
        if module and PurePosixPath(each.path).suffix not in _NOT_NAMED:
            wanted |= {f"{module}/{inside}": each.path, f"{module},{inside}": each.path}
    found: dict[str, frozenset[str]] = {}
    for text, files in states.mentioned(after, wanted).items():
        if text in wanted:
            modules = frozenset(facts.place(file)[1] for file in files) - {""}
            found[wanted[text]] = found.get(wanted[text], frozenset()) | modules
    return found
