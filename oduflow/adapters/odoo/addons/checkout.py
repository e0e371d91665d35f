"""Read the Odoo modules of a checkout as Odoo will, without running their code."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from oduflow.adapters.odoo.addons.duplicates import Choice, choose
from oduflow.adapters.odoo.addons.root_name import root_name
from oduflow.adapters.odoo.addons.unfound import unfound
from oduflow.adapters.odoo.addons.unloaded import (
    broken_links,
    ignored_dependencies,
    large_files,
    missing_submodules,
    other_series,
    without_init,
)
from oduflow.adapters.odoo.addons.walk import Candidate, Walk
from oduflow.domain.addons import MAX_WARNINGS, CheckoutWarning, Module, OdooRules


@dataclass(frozen=True, slots=True)
class AddonsFolder:
    """A folder for the addons path.

    Attributes:
        path: relative to the checkout, `.` for its root.
        links: modules and where they are in the checkout, if Odoo must not see the folder itself,
            because it holds something that Odoo would trip over; None if it may.
    """

    path: str
    links: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class CheckoutAddons:
    """The modules of a checkout.

    Attributes:
        modules: those that Odoo lists, by name.
        folders: for the addons path, in order.
        warnings: what Odoo does not load, and why.
    """

    modules: tuple[Module, ...] = ()
    folders: tuple[AddonsFolder, ...] = ()
    warnings: tuple[CheckoutWarning, ...] = ()


def read_checkout(
    checkout: Path,
    rules: OdooRules,
    *,
    repo_url: str = "",
    known: Iterable[str] = (),
    on_folder: Callable[[], None] = lambda: None,
) -> CheckoutAddons:
    """Read the modules of a checkout, at most four folders deep.

    Symbolic links are followed inside the checkout only, because it is untrusted data.

    Args:
        checkout: its root.
        rules: how the environment's Odoo reads modules.
        repo_url: the repository, after which a module at its root is named at last.
        known: the modules of the image, which a module at the root is not named after.
        on_folder: called before each folder is searched; may raise to stop.

    Raises:
        Invalid: the checkout has too many modules, or too long manifests.
    """
    walk = Walk.through(checkout, rules, on_folder)
    if walk.root is not None:
        return _one_module(walk, walk.root, repo_url, known)
    choice = choose(walk.found.values(), rules)
    by_folder: defaultdict[PurePosixPath, list[Candidate]] = defaultdict(list)
    for module in choice.chosen:
        by_folder[module.folder].append(module)
    modules: list[Candidate] = []
    folders: list[AddonsFolder] = []
    skipped: list[Candidate] = []
    for folder, held in sorted(by_folder.items(), key=lambda item: str(item[0])):
        if rules.needs_init and not any(module.has_init for module in held):
            skipped += held
        elif any(module.manifest.installable for module in held):
            modules += held
            folders.append(_folder(walk, choice, folder, held))
    warnings = [
        *walk.warnings,
        *unfound(walk, nothing=not folders),
        *choice.warnings,
        *ignored_dependencies(modules),
        *other_series(choice.chosen, rules),
        *without_init([module for module in choice.chosen if not module.has_init], skipped),
        *broken_links(walk, {module.folder for module in modules}),
        *missing_submodules(checkout, repo_url),
        *large_files(checkout),
    ]
    listed = sorted(map(_module, modules), key=lambda module: module.name)
    return CheckoutAddons(tuple(listed), tuple(folders), tuple(warnings[:MAX_WARNINGS]))


def _one_module(walk: Walk, root: Candidate, repo_url: str, known: Iterable[str]) -> CheckoutAddons:
    name, warnings = root_name(walk.checkout, root.manifest, repo_url, frozenset(known))
    module = _module(root).model_copy(update={"name": name})
    warnings = [
        *warnings,
        *ignored_dependencies([root]),
        *([] if root.has_init else without_init([root], [])),
        *missing_submodules(walk.checkout, repo_url),
        *large_files(walk.checkout),
    ]
    return CheckoutAddons(
        (module,), (AddonsFolder(".", ((name, "."),)),), tuple(warnings[:MAX_WARNINGS])
    )


def _folder(
    walk: Walk, choice: Choice, folder: PurePosixPath, held: list[Candidate]
) -> AddonsFolder:
    hidden = walk.hidden | {module.path for module in choice.hidden}
    if not any(path.parent == folder for path in hidden):
        return AddonsFolder(str(folder))
    links = tuple(sorted((module.name, str(module.real)) for module in held))
    return AddonsFolder(str(folder), links)


def _module(found: Candidate) -> Module:
    return Module(
        name=found.name,
        version=found.manifest.version,
        path=str(found.path),
        depends=found.manifest.depends,
        python=found.manifest.python,
        programs=found.manifest.programs,
        triggers=found.manifest.triggers,
        installable=found.manifest.installable,
    )
