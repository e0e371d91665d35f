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
from oduflow.domain.changes.links import aliases, real_links, resolved, with_linked
from oduflow.domain.changes.needs import ChangedFile, EntryKind, FileVerdict, Need
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.module_change import Records
from oduflow.domain.module_checks import Available
from oduflow.services.environments.code_change.code_texts import CodeTexts
from oduflow.services.environments.module_change.checks import installed_names
from oduflow.services.environments.states import MORE_STATES

_INIT = "__init__.py"
_CODE = ".py"
_MORE = "more states were loaded than are kept"


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
        last: the newest of these states that has each module that is gone.
    """

    plan: ApplyPlan = field(default_factory=ApplyPlan)
    folders: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    paths: frozenset[str] = frozenset()
    last: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


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
    linked = states.links(after)
    links = real_links(linked)
    folders = with_linked(_folders(states.paths(after), root), links)
    verdicts, paths, last = list[FileVerdict](), set[str](), dict[str, str]()
    installed, code = installed_names(database.records), None
    for before in loaded:
        if before == MORE_STATES:
            own = sorted({*folders.values()} & installed)
            verdicts += (FileVerdict("", name, Need.UPGRADE, _MORE) for name in own)
            continue
        differences = states.compare(before, after)
        if code is None and any(each.path.endswith(_CODE) for each in differences):
            code = CodeTexts.of(states, after, folders, installed)
        texts_before = states.links(before)
        links_before = real_links(texts_before)
        facts = RepositoryFacts(
            before=with_linked(_folders(states.paths(before), root), links_before),
            after=folders,
            installed=installed,
            run=code.run if code else frozenset(),
            unread=code.unread if code else frozenset(),
            tests_used=code.tests_used if code else frozenset(),
            importers=code.importers(each.path for each in differences) if code else {},
            elsewhere=_elsewhere(available),
            replaced=_replaced(available.inventory),
            with_demo=database.with_demo,
            languages=database.languages,
            links=links_before | links,
            known=_known(available, texts_before),
        )
        facts = _with_texts(states, after, facts, differences, linked)
        found = classify(_files(states, differences), facts)
        verdicts += found
        last |= {each.module: before for each in found if each.need is Need.UNINSTALL}
        paths |= {each.path for each in differences}
    return Look(ApplyPlan.of(verdicts), folders, frozenset(paths), last)


def _is_root(source: str, path: str) -> bool:
    return source == REPOSITORY and path == ROOT


def _folders(paths: Iterable[str], root: str) -> dict[str, str]:
    """Return the folders that have a manifest, with the modules' names."""
    found = (PurePosixPath(path).parent for path in paths if PurePosixPath(path).name in MANIFESTS)
    return {str(each): each.name or root for each in found if each.name or root}


def _known(available: Available, links: Mapping[str, str]) -> dict[str, str]:
    """Return the repository's modules as they are found now, which sees those of submodules."""
    return {
        m.name: place
        for m in available.modules.values()
        if m.source == REPOSITORY and (place := resolved(m.path, links))
    }


def _elsewhere(available: Available) -> frozenset[str]:
    others = (m.name for m in available.modules.values() if m.source not in {REPOSITORY, IMAGE})
    return frozenset({*others, *(each.name for each in available.inventory.modules)})


def _replaced(inventory: ImageInventory) -> frozenset[str]:
    """Return the modules that Odoo looks for in the image first."""
    return frozenset(each.name for each in inventory.modules if each.first)


def _files(states: States, differences: Iterable[StateDifference]) -> list[ChangedFile]:
    differences = tuple(differences)
    plain = [each for each in differences if not each.is_submodule]
    contents = states.read(name for each in plain for name in (each.old, each.new))
    return [_file(each, contents) for each in differences]


def _file(found: StateDifference, contents: Mapping[str, bytes]) -> ChangedFile:
    if found.is_submodule:
        old, new = (name.encode() or None for name in (found.old, found.new))
        return ChangedFile(found.path, old, new, EntryKind.SUBMODULE)
    old, new = (contents.get(name) if name else None for name in (found.old, found.new))
    if found.is_link:
        return ChangedFile(found.path, old, new, EntryKind.LINK)
    read = all(not name or name in contents for name in (found.old, found.new))
    return ChangedFile(found.path, old, new, read=read)


def _with_texts(
    states: States,
    after: str,
    facts: RepositoryFacts,
    differences: tuple[StateDifference, ...],
    links: Mapping[str, str],
) -> RepositoryFacts:
    """Add the manifests of the modules that changed, and the data that name changed files.

    Args:
        states: of the checkout.
        after: the state that Odoo is to have.
        facts: what is known besides.
        differences: of an earlier state from it.
        links: the texts of its links.
    """
    paths = {
        place for each in differences for place in (each.path, *aliases(each.path, facts.links))
    }
    folders = {facts.place(path)[0] for path in paths} - {""}
    wanted = [joined(folder, name) for folder in folders for name in (*MANIFESTS, _INIT)]
    places = {path: resolved(path, links) for path in wanted}
    named = states.named(after, filter(None, places.values())) if wanted else {}
    contents = states.read(named.values())
    texts = {
        path: contents[named[place]]
        for path, place in places.items()
        if place in named and named[place] in contents
    }
    mentioned = _mentioned(states, after, facts, differences)
    return replace(facts, texts=texts, mentioned=mentioned)


def _mentioned(
    states: States, after: str, facts: RepositoryFacts, differences: Iterable[StateDifference]
) -> dict[str, frozenset[str]]:
    """Return the changed files that data name by their paths, with the modules whose data do."""
    wanted: dict[str, str] = {}
    for each in differences:
        for path in (each.path, *aliases(each.path, facts.links)):
            _, module, inside = facts.place(path)
            if module:
                wanted |= {f"{module}/{inside}": each.path, f"{module},{inside}": each.path}
    found: dict[str, frozenset[str]] = {}
    for text, files in states.mentioned(after, wanted).items():
        if text in wanted:
            modules = frozenset(facts.place(file)[1] for file in files) - {""}
            found[wanted[text]] = found.get(wanted[text], frozenset()) | modules
    return found
