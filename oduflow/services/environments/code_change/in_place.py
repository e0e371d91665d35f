"""Load files of data in place only where that is proven to be right; else upgrade the module."""

from collections.abc import Callable, Collection, Mapping

from oduflow.adapters.git.states import States
from oduflow.domain.changes.facts import MANIFESTS, joined
from oduflow.domain.changes.in_place import doubt
from oduflow.domain.changes.links import resolved
from oduflow.domain.changes.manifest import data_files, demo_files
from oduflow.domain.changes.plan import ApplyPlan


def only_proven(
    states: States,
    after: str,
    plan: ApplyPlan,
    folders: Mapping[str, str],
    dependents: Callable[[Collection[str]], Collection[str]],
) -> ApplyPlan:
    """Return the plan that upgrades modules whose files may not be loaded in place.

    Args:
        states: of the checkout.
        after: the state that is loaded.
        plan: what changed files need.
        folders: the folders of the modules in that state, with their names.
        dependents: returns the installed modules that depend on modules; the data of those that
            are not in the checkout are not looked at, and may set any record.
    """
    places = {name: folder for folder, name in folders.items()}
    for module, files in plan.reload.items():
        after_it = {
            name: _data_of(states, after, places[name]) if name in places else None
            for name in dependents((module,))
        }
        contents = _data_of(states, after, places.get(module, ""))
        doubts = ((file, doubt(file, module, contents, after_it)) for file in files)
        if found := next(((file, why) for file, why in doubts if why), None):
            plan = plan.upgrading([module], f"{found[0]} is not loaded alone: {found[1]}")
    if plan.reload and (plan.upgrade or plan.install):
        # A module that is loaded with it may come to depend on it now, or set its records.
        plan = plan.upgrading(plan.reload, "other modules are installed or upgraded with it")
    return plan


def _data_of(states: States, after: str, folder: str) -> dict[str, bytes | None]:
    """Return the files of data that a module's manifest lists, those of the demo included."""
    links = states.links(after)

    def read(paths: list[str]) -> dict[str, bytes | None]:
        real = {path: resolved(joined(folder, path), links) for path in paths}
        named = states.named(after, sorted(filter(None, real.values())))
        texts = states.read(named.values())
        there = {path: named[place] for path, place in real.items() if place in named}
        return {path: texts.get(name) for path, name in there.items()}

    if not folder:
        return {}
    manifest = next((text for text in read([*MANIFESTS]).values() if text), b"")
    listed = (*data_files(manifest), *demo_files(manifest))
    return read([each for each in listed if each.endswith((".csv", ".xml"))])
