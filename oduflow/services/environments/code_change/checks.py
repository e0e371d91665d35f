"""Refuse what could not succeed: before anything is changed, and when the files are there."""

from collections.abc import Iterable

from oduflow.domain.addons import REPOSITORY, CheckoutWarning
from oduflow.domain.changes.facts import joined
from oduflow.domain.changes.needs import Need
from oduflow.domain.errors import Conflict, Failure, Invalid
from oduflow.domain.module_failure import listed
from oduflow.domain.next_call import Next
from oduflow.services.environments.addons import load_report
from oduflow.services.environments.code_change.facts import CodeFacts
from oduflow.services.environments.module_change.checks import (
    installed_names,
    refuse_install,
    refuse_upgrade,
)
from oduflow.services.environments.module_change.settle import tenant_of


def refuse_removed(work: CodeFacts) -> None:
    """Refuse to go on without modules that are installed, unless they are to be uninstalled.

    Raises:
        Conflict: names them, or those that depend on them.
    """
    gone = work.plan.uninstall
    if not gone:
        return
    name, deps = work.row.name, work.deps
    if not work.args.uninstall_removed:
        again = work.args.model_dump(mode="json", exclude_defaults=True)
        raise Conflict(
            f"{listed(gone)} {_is(gone)} gone from the repository, and installed in {name}. "
            "Nothing was changed.",
            "Without its code Odoo cannot load a module; uninstalling it removes its data.",
            Next.of(work.operation, "uninstalls them, too", **again | {"uninstall_removed": True}),
        )
    others = sorted(
        tenant_of(deps.naming, deps.postgres, work.row).installed_dependents(gone) - {*gone}
    )
    if others:
        raise Conflict(
            f"{listed(others)} {'needs' if len(others) == 1 else 'need'} {listed(gone)}, which "
            f"{_is(gone)} gone from the repository. Nothing was changed.",
            "Uninstall all of them first, or bring the environment to a commit in between, in "
            "which they do not need it any more.",
            Next.of(
                "uninstall_modules",
                "removes all, with their data",
                name=name,
                modules=(*gone, *others),
            ),
        )


def refuse_without_code(work: CodeFacts, modules: Iterable[str]) -> None:
    """Refuse to uninstall modules without their code: their hooks would not run.

    Raises:
        Conflict: names one that Odoo does not find.
    """
    there = frozenset(work.found.available.modules) - work.found.off_path
    if missing := [each for each in modules if each not in there]:
        raise Conflict(
            f"{listed(missing)} cannot be uninstalled: Odoo does not find the code that it loaded "
            "before.",
            "Bring the environment to a commit that has the code, and uninstall it there.",
            Next.of("uninstall_modules", "removes it", name=work.row.name, modules=tuple(missing)),
        )


def refuse_unreadable(work: CodeFacts) -> None:
    """Refuse a manifest that Odoo cannot read, of a module to upgrade.

    Raises:
        Invalid: says what is wrong with it, and where.
    """
    for module in work.plan.upgrade:
        there = module in work.found.available.modules
        if not there and (told := _warning_about(work, module)):
            raise Invalid(f"The changes were not applied: {told.sentence}", told.next)


def refuse_unusable(work: CodeFacts) -> None:
    """Refuse modules that Odoo could not upgrade, now that the files are there.

    Raises:
        Conflict, Invalid, NotFound: why Odoo could not do it.
    """
    available, modules = work.found.available, work.plan.upgrade
    refuse_upgrade(work.row.name, modules, available, work.before, work.found.off_path)


def leave_out_unusable(work: CodeFacts) -> None:
    """Leave new modules out of the plan that Odoo could not install, with a warning for each."""
    for module in work.plan.install:
        try:
            refuse_install(
                work.row.name, (module,), work.found.available, work.before, work.found.off_path
            )
        except Failure as failure:
            told = _warning_about(work, module)
            why = told.sentence if told else failure.message
            work.warnings.append(f"The new module {module} was not installed: {why}")
            work.left_out.append(module)
            work.plan = work.plan.without(Need.INSTALL, [module])


def refuse_changed_database(work: CodeFacts) -> None:
    """Refuse to go on with a plan for other modules or languages than the database has now.

    Users may install modules while the change waits for its turn.

    Raises:
        Conflict: what is different.
    """
    tenant = tenant_of(work.deps.naming, work.deps.postgres, work.row)
    known, now = (
        installed_names(work.after or work.before),
        installed_names(tenant.module_records()),
    )
    if others := sorted((known ^ now) | (work.languages ^ tenant.active_languages())):
        raise Conflict(
            f"{listed(others)} {_is(tuple(others))} installed, or not any more, in {work.row.name} "
            "since the files were compared.",
            "Call again: the comparison is made anew.",
        )


def warn_of_linked(work: CodeFacts, before: Iterable[str]) -> None:
    """Tell of modules that came with a submodule or a link, which are known only now."""
    known = {*before, *work.before, *work.folders.values()}
    modules = work.found.available.modules.items()
    came = sorted(name for name, each in modules if each.source == REPOSITORY and name not in known)
    if came:
        work.warnings.append(
            f"{listed(came)} came with a submodule or a link, and {_is(tuple(came))} not "
            "installed yet."
        )


def _warning_about(work: CodeFacts, module: str) -> CheckoutWarning | None:
    """Return what is wrong with a module's manifest, if Odoo cannot read it."""
    report = load_report(work.names)
    folder = next((folder for folder, name in work.folders.items() if name == module), "")
    manifest = joined(folder, "__manifest__.py")
    found = () if report is None else report.warnings
    return next((each for each in found if each.file == manifest), None)


def _is(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
