"""Find data of other modules that set the records which are about to be loaded in place.

An upgrade loads the data of dependents afterwards, in their order; loading one file alone would
put back what they changed.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from oduflow.adapters.git.states import States
from oduflow.domain.changes.facts import RepositoryFacts
from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.changes.records_set import records_set
from oduflow.files.regular import read_bytes

WHY = "other data set the same records, and an upgrade loads them in order"
MAX_BYTES = 4 << 20  # of a file
_STATIC = "static"
_DATA = (".csv", ".xml")

Homes = Mapping[str, tuple[str, str]]
"""The file and the module of each record that is about to be loaded."""


def with_overrides(
    states: States,
    after: str,
    plan: ApplyPlan,
    folders: Mapping[str, str],
    others: Mapping[Path, str],
) -> ApplyPlan:
    """Return the plan that upgrades modules whose records are set by further data.

    Args:
        states: of the checkout.
        after: the state that is loaded.
        plan: what changed files need.
        folders: the folders of the checkout's installed modules, with their names.
        others: folders of other installed modules, of extra repos and packages, with their names.
    """
    homes = {
        id_: (each.path, each.module)
        for each in plan.verdicts
        if each.need is Need.RELOAD and each.module in plan.reload
        for id_ in each.ids
    }
    if not homes:
        return plan
    set_again = {*_in_checkout(states, after, homes, folders), *_in_folders(others, homes)}
    modules = sorted({homes[id_][1] for id_ in set_again})
    return plan.upgrading(modules, WHY) if modules else plan


def _in_checkout(
    states: States, after: str, homes: Homes, folders: Mapping[str, str]
) -> Iterator[str]:
    """Yield the records that other files of the checkout set, too.

    Only files of the record's own module may leave its name out of an id.
    """
    facts = RepositoryFacts(folders, folders)
    own = {module for _, module in homes.values()}
    paths = {
        path for found in states.mentioned(after, homes, words=True).values() for path in found
    }
    paths |= {path for path in states.paths(after) if facts.place(path)[1] in own}
    names = states.named(after, sorted(path for path in paths if path.endswith(_DATA)))
    contents = states.read(names.values())
    for path, name in names.items():
        _, module, inside = facts.place(path)
        if not module or inside.startswith(f"{_STATIC}/"):
            continue
        wanted = [id_ for id_, (home, _) in homes.items() if home != path]
        if name in contents:
            yield from records_set(path, contents[name], module, wanted)
        else:  # it is too large to be read
            yield from wanted


def _in_folders(folders: Mapping[Path, str], homes: Homes) -> Iterator[str]:
    """Yield the records that files of data in folders set, too."""
    for folder, module in folders.items():
        for place, names, files in os.walk(folder, followlinks=False):
            names[:] = [name for name in names if name != _STATIC]
            for name in files:
                if name.endswith(_DATA):
                    content = read_bytes(Path(place, name), MAX_BYTES)
                    if content is None:
                        yield from homes
                    elif any(id_.encode() in content for id_ in homes):
                        yield from records_set(name, content, module, homes)
