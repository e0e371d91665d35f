"""Classify the changed files of a repository, each by what it is and what changed in it.

Where the least is not certain, it is an upgrade: that is always right.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from oduflow.domain.changes.facts import MANIFESTS, RepositoryFacts
from oduflow.domain.changes.links import aliases, is_below, target
from oduflow.domain.changes.manifest import is_installable
from oduflow.domain.changes.module_file import module_file
from oduflow.domain.changes.needs import ChangedFile, EntryKind, FileVerdict, Need

_REQUIREMENTS = re.compile(r"(.*requirements.*|constraints.*)\.(txt|in)")
NOT_INSTALLED = "the module is not installed"


def classify(files: Iterable[ChangedFile], facts: RepositoryFacts) -> tuple[FileVerdict, ...]:
    """Return what each change needs; a module that is new or gone is told once."""
    files = tuple(files)
    events = tuple(_modules(files, facts))
    whole = {each.module for each in events}
    found = (_file(file, facts, whole) for file in files)
    return (*events, *(each for verdicts in found for each in verdicts))


def _modules(files: tuple[ChangedFile, ...], facts: RepositoryFacts) -> Iterator[FileVerdict]:
    """Yield the modules that are new, moved or gone."""
    before = {name: folder for folder, name in facts.before.items()}
    after = {name: folder for folder, name in facts.after.items()}
    was_installable = {
        facts.place(file.path)[1]: is_installable(file.old or b"")
        for file in files
        if PurePosixPath(file.path).name in MANIFESTS
    }
    for name in sorted({*before, *after}):
        folder = after.get(name) or before[name]
        is_there = name in after and is_installable(facts.manifest(folder))
        was_there = name in before and was_installable.get(name, True)
        if is_there and not was_there:
            yield _arrival(name, folder, facts)
        elif was_there and not is_there:
            yield _departure(name, folder, facts, files, hidden=name in after)
        elif is_there and before[name] != folder:
            need = Need.UPGRADE if name in facts.installed else Need.NOTHING
            yield FileVerdict(folder, name, need, f"the module moved here from {before[name]}")


def _arrival(name: str, folder: str, facts: RepositoryFacts) -> FileVerdict:
    if name in facts.replaced:
        return FileVerdict(folder, name, Need.NOTHING, _replaced(name))
    if name in facts.installed:
        return FileVerdict(folder, name, Need.UPGRADE, "the repository has the module now")
    return FileVerdict(folder, name, Need.INSTALL, "the module is new")


def _departure(
    name: str,
    folder: str,
    facts: RepositoryFacts,
    files: tuple[ChangedFile, ...],
    *,
    hidden: bool,
) -> FileVerdict:
    if name not in facts.installed:
        return FileVerdict(folder, name, Need.NOTHING, f"the module is gone; {NOT_INSTALLED}")
    if name in facts.elsewhere and not hidden:
        return FileVerdict(folder, name, Need.UPGRADE, "another source has the module now")
    if not hidden and any(each.kind is EntryKind.SUBMODULE and not each.removed for each in files):
        return FileVerdict(folder, name, Need.UPGRADE, "a submodule may have the module now")
    what = "cannot be installed any more" if hidden else "is gone"
    return FileVerdict(folder, name, Need.UNINSTALL, f"the module {what}, and is installed")


def _replaced(name: str) -> str:
    return f"the image has a module {name} of its own, which Odoo loads"


def _file(file: ChangedFile, facts: RepositoryFacts, whole: set[str]) -> Iterator[FileVerdict]:
    """Yield what one file needs; nothing for one of a module that is new or gone as a whole."""
    if file.kind is not EntryKind.FILE:
        yield from _entry(file, facts)
        return
    linked = [
        _at(replace(file, path=path), facts, whole) for path in aliases(file.path, facts.links)
    ]
    verdicts = [replace(each, path=file.path) for each in linked if each and each.module]
    own = _at(file, facts, whole)
    if own and (own.module or not verdicts or own.need is Need.PACKAGES):
        verdicts.append(own)
    yield from verdicts
    for other in sorted(facts.importers.get(file.path, frozenset())):
        yield FileVerdict(file.path, other, Need.UPGRADE, f"code of {other} names it")
    loaded = frozenset(facts.after.values()) - facts.replaced
    for other in sorted({name for each in verdicts for name in each.owners} & facts.installed):
        why = f"a record of {other} is not set any more"
        if other in loaded:
            yield FileVerdict(file.path, other, Need.UPGRADE, why)
        else:  # an upgrade would set all of its records again, which users may have changed
            stays = f"{file.path} does not set a record of {other} any more, which stays as it was "
            stays += f"set; upgrade {other} to reset it"
            yield FileVerdict(file.path, other, Need.NOTHING, why, warning=stays)
    # An image or a text that data name by its path is read when the data are loaded.
    for other in sorted(facts.mentioned.get(file.path, frozenset()) & facts.installed):
        yield FileVerdict(file.path, other, Need.UPGRADE, f"data of {other} are made of it")


def _at(file: ChangedFile, facts: RepositoryFacts, whole: set[str]) -> FileVerdict | None:
    """Return what a file needs that Odoo finds at one path."""
    folder, module, inside = facts.place(file.path)
    if module in whole:
        return None
    if _REQUIREMENTS.fullmatch(PurePosixPath(file.path).name):
        return FileVerdict(file.path, module, Need.PACKAGES, "requirements of Python packages")
    if not module:
        return FileVerdict(file.path, "", Need.NOTHING, "in no module")
    if module in facts.replaced:
        return FileVerdict(file.path, module, Need.NOTHING, _replaced(module))
    if module not in facts.installed:
        return FileVerdict(file.path, module, Need.NOTHING, NOT_INSTALLED)
    return module_file(file, folder, module, inside, facts)


def _entry(file: ChangedFile, facts: RepositoryFacts) -> Iterator[FileVerdict]:
    """Yield what a link or submodule needs: it may hold modules, or be inside of one."""
    is_submodule = file.kind is EntryKind.SUBMODULE
    what = "a submodule" if is_submodule else "a symbolic link"
    named = _modules_of(file, facts)
    held = {name for name, place in facts.known.items() if is_below(place, file.path)}
    gone = held if is_submodule and file.removed else set()
    named |= held if is_submodule else set()
    affected = sorted(named & facts.installed - facts.replaced)
    for module in affected:
        if module in gone - facts.elsewhere and module not in facts.after.values():
            yield FileVerdict(
                file.path, module, Need.UNINSTALL, f"{what} is gone, and {module} is installed"
            )
        else:
            yield FileVerdict(file.path, module, Need.UPGRADE, f"{what} changed")
    if not affected:
        yield FileVerdict(file.path, "", Need.NOTHING, f"{what}, of no installed module")


def _modules_of(file: ChangedFile, facts: RepositoryFacts) -> set[str]:
    """Return the modules that a link or a submodule may hold, or be a part of."""
    if file.kind is EntryKind.LINK:
        texts = (each.decode(errors="replace") for each in (file.old, file.new) if each)
        led = {target(file.path, text) for text in texts} | {facts.links.get(file.path, "")}
        places, reached = {file.path, *led} - {""}, {file.path}
    else:
        into = {link for link, led in facts.links.items() if is_below(led, file.path)}
        places = reached = {file.path, *into}
    reached = reached | {alias for each in places for alias in aliases(each, facts.links)}
    folders = {**facts.before, **facts.after}
    below = {
        name for place in places for folder, name in folders.items() if is_below(folder, place)
    }
    around = {facts.place(each)[1] for each in reached}
    return {PurePosixPath(each).name for each in reached} | below | around
