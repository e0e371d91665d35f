"""Find data of other modules that set the records which are about to be loaded in place.

An upgrade loads the data of dependents afterwards, in their order; loading one file alone would
put back what they changed.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from oduflow.adapters.git.states import States
from oduflow.domain.changes.facts import RepositoryFacts
from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.files.regular import read_regular

WHY = "other data set the same records, and an upgrade loads them in order"
_ID = re.compile(r"""\bid=["']([\w.]+)["']""")
MAX_BYTES = 4 << 20  # of a file
STATIC = "static"


def with_overrides(
    states: States,
    after: str,
    plan: ApplyPlan,
    folders: Mapping[str, str],
    others: Iterable[Path],
) -> ApplyPlan:
    """Return the plan that upgrades modules whose records are set by further data.

    Args:
        states: of the checkout.
        after: the state that is loaded.
        plan: what changed files need.
        folders: the folders of the checkout's installed modules, with their names.
        others: folders of the installed modules of extra repos.
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
    states: States,
    after: str,
    homes: Mapping[str, tuple[str, str]],
    folders: Mapping[str, str],
) -> Iterator[str]:
    """Yield the records that other files of the checkout set, too."""
    facts = RepositoryFacts(folders, folders)
    texts = [f"{quote}{name}{quote}" for id_ in homes for name in _names(id_) for quote in "\"'"]
    prefixed = (f"id={text}" for text in texts)
    for text, files in states.mentioned(after, prefixed, words=True).items():
        found = _ID.search(text)
        for path in files if found else ():
            _, module, inside = facts.place(path)
            name = found[1] if found else ""
            id_ = name if "." in name else f"{module}.{name}"
            if module and id_ in homes and path != homes[id_][0] and not _is_static(inside):
                yield id_


def _names(id_: str) -> tuple[str, str]:
    """Return a record's id as other modules write it, and as its own does."""
    return id_, id_.partition(".")[2]


def _is_static(inside: str) -> bool:
    return inside.startswith(f"{STATIC}/")


def _in_folders(folders: Iterable[Path], homes: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield the records that files of data in folders set, too."""
    for folder in folders:
        for place, names, files in os.walk(folder, followlinks=False):
            names[:] = [name for name in names if name != STATIC]
            for name in files:
                if name.endswith(".xml"):
                    text = read_regular(Path(place, name), MAX_BYTES) or ""
                    yield from (found for found in _ID.findall(text) if found in homes)
