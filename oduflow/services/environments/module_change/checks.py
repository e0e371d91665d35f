"""Refuse what Odoo could not do with modules, before anything runs."""

from collections.abc import Collection, Iterable, Sequence

from oduflow.domain.addons import nearest
from oduflow.domain.errors import Conflict, Invalid, NotFound
from oduflow.domain.module_change import ModuleAction, Records
from oduflow.domain.module_checks import (
    Available,
    also_unknown,
    problems,
    refuse_uninstallable,
    to_install,
)
from oduflow.domain.module_failure import listed
from oduflow.domain.next_call import Next
from oduflow.domain.template import BASE

PROTECTED = frozenset(BASE)


def refuse_install(
    name: str,
    modules: tuple[str, ...],
    available: Available,
    records: Records,
    off_path: Collection[str],
) -> None:
    """Refuse to install modules that are installed, or that Odoo could not install.

    Args:
        name: the environment.
        modules: those to install.
        available: what its Odoo can find.
        records: the modules in the database.
        off_path: modules of the checkouts that are not on Odoo's addons path.

    Raises:
        Conflict: a module is installed, or Odoo does not find it yet.
        NotFound: a module or a dependency does not exist.
        Invalid: a module cannot be installed.
    """
    installed = installed_names(records)
    if there := [module for module in modules if module in installed]:
        raise Conflict(
            f"{_are(there)} installed in {name} already.",
            "To load changes of a module into the database, upgrade it.",
            Next.of("upgrade_modules", "upgrades them", name=name, modules=tuple(there)),
        )
    _refuse_new(name, modules, available, installed, off_path)


def refuse_upgrade(
    name: str,
    modules: tuple[str, ...],
    available: Available,
    records: Records,
    off_path: Collection[str],
) -> None:
    """Refuse to upgrade modules that are not installed, or whose code Odoo could not load.

    Raises:
        Conflict: a module is not installed, or Odoo does not find a new dependency yet.
        NotFound: a module, its folder or a new dependency does not exist.
        Invalid: its code cannot be installed any more.
    """
    _refuse_not_installed(name, modules, records, available)
    if not available.inventory.is_known:
        return
    installed = installed_names(records)
    for module in modules:
        if module not in available.modules:
            raise NotFound(
                f"{module} is installed in {name}, but neither the repository nor "
                f"{available.image} has its folder any more.",
                "Bring its folder back, or uninstall it.",
                Next.of("uninstall_modules", "removes it", name=name, modules=(module,)),
            )
        if module in off_path:
            raise _not_on_path(name, [module])
        problem = next(problems(available, module), None)
        if problem is not None:
            raise problem
        new = [each for each in available.modules[module].depends if each not in installed]
        _refuse_new(name, new, available, installed, off_path)


def refuse_uninstall(
    name: str,
    modules: tuple[str, ...],
    available: Available,
    records: Records,
    dependents: frozenset[str],
) -> None:
    """Refuse to uninstall modules that are not installed, or that others need.

    Args:
        name: the environment.
        modules: those to uninstall.
        available: what its Odoo can find.
        records: the modules in the database.
        dependents: the installed modules that depend on them.

    Raises:
        Conflict: a module is not installed, or others that are not named depend on it.
        Invalid: Odoo does not work without a module.
        NotFound: there is no such module.
    """
    _refuse_not_installed(name, modules, records, available)
    if kept := sorted(PROTECTED & {*modules, *dependents}):
        named = sorted(PROTECTED & {*modules})
        raise Invalid(
            f"{_are(named)} never uninstalled: no Odoo works without."
            if named
            else f"{listed(kept)} needs {listed(modules)}, and no Odoo works without.",
            "Uninstall other modules, or create another environment.",
        )
    if others := sorted(dependents - {*modules}):
        needs = "needs" if len(others) == 1 else "need"
        raise Conflict(
            f"{listed(others)} {needs} {listed(modules)}, and would be uninstalled too.",
            "Name those modules too, if they and their data may go.",
            Next.of("uninstall_modules", "removes all", name=name, modules=(*modules, *others)),
        )


def installed_names(records: Records) -> frozenset[str]:
    """Return the installed modules."""
    return frozenset(name for name, record in records.items() if record.is_installed)


def _refuse_new(
    name: str,
    modules: Sequence[str],
    available: Available,
    installed: frozenset[str],
    off_path: Collection[str],
) -> None:
    """Refuse modules that would be installed, and their dependencies, if Odoo could not."""
    refuse_uninstallable(available, modules, installed=installed)
    if hidden := [each for each in to_install(available, modules, installed) if each in off_path]:
        raise _not_on_path(name, hidden)


def _refuse_not_installed(
    name: str, modules: Iterable[str], records: Records, available: Available
) -> None:
    installed = installed_names(records)
    missing = [module for module in modules if module not in installed]
    if not missing:
        return
    unknown = [each for each in missing if each not in {*available.modules, *records}]
    if unknown:
        known = {*installed, *available.modules}
        similar = nearest(unknown[0], known)
        raise NotFound(
            f"There is no module {unknown[0]} in {name}."
            + (f" Did you mean {similar}?" if similar else "")
            + also_unknown(unknown[1:], known),
            "",
            Next.of("list_modules", "shows the modules and their states", name=name),
        )
    raise Conflict(
        f"{_are(missing)} not installed in {name}.",
        "",
        Next.of(ModuleAction.INSTALL.operation, "installs", name=name, modules=tuple(missing)),
    )


def _not_on_path(name: str, modules: list[str]) -> Conflict:
    return Conflict(
        f"{_are(modules)} not on Odoo's addons path in {name}: the folder had no module before.",
        "",
        Next.of("rebuild_environment", "puts it on the path", name=name),
    )


def _are(modules: list[str]) -> str:
    return f"{listed(modules)} {'is' if len(modules) == 1 else 'are'}"
