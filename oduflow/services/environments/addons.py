"""Read the modules of an environment's checkouts, and put them on Odoo's addons path.

A folder that holds something Odoo would trip over is not put on the path itself: a folder of links
to its modules is, below `links` in the environment's folder.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from oduflow.adapters.odoo.addons.checkout import CheckoutAddons, read_checkout
from oduflow.adapters.odoo.addons.links import put_on_path
from oduflow.adapters.odoo.addons_path import (
    LINKS_ROOT,
    below,
    extra_target,
    repository_target,
)
from oduflow.domain.addons import (
    REPOSITORY,
    CheckoutReport,
    CheckoutWarning,
    ImageInventory,
    Module,
)
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Invalid
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.files.private import write_private, writing
from oduflow.files.regular import read_regular
from oduflow.kernel.call import Call
from oduflow.services.environments.container import PYTHON_TARGET
from oduflow.services.environments.python_deps import requirements_of
from oduflow.services.environments.python_packages import may_install_addons
from oduflow.services.extra_repos.checkouts import checkout_folders
from oduflow.settings import Settings

MAX_REPORT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class _Source:
    """One checkout: the repository's own, or an extra repo's."""

    name: str
    branch: str
    repo_url: str
    checkout: Path
    target: str

    @property
    def is_extra(self) -> bool:
        return self.name != REPOSITORY


def read_addons(
    naming: Naming, settings: Settings, call: Call, row: Environment, inventory: ImageInventory
) -> tuple[CheckoutReport, tuple[str, ...]]:
    """Read every checkout of an environment, the repository's own first.

    Returns:
        The report, and the folders of the addons path inside the container.

    Raises:
        Invalid: a checkout holds no module that Odoo lists. The repository's own may hold none
            when its requirements may install some.
    """
    collected = _Collected()
    path: list[str] = []
    plan = EnvironmentPlan.of(naming, row)
    links = plan.links
    with writing():  # the folder itself stays: the container that serves has it mounted
        for each in links.iterdir() if links.is_dir() else ():
            shutil.rmtree(each)
    for source, found in _checkouts(naming, call, row, inventory):
        if not found.folders and (
            source.is_extra or not may_install_addons(requirements_of(settings, plan), inventory)
        ):
            raise _no_module(source, found.warnings)
        for folder in found.folders:
            number = len(path)
            path.append(
                put_on_path(
                    folder,
                    checkout_target=source.target,
                    links=links / str(number),
                    links_target=f"{LINKS_ROOT}/{number}",
                )
            )
        collected.add(source, found)
    return collected.report(), tuple(path)


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The checkouts as they are now, beside an addons path that stays as it is.

    Attributes:
        report: what they hold.
        off_path: the modules in it that are not on the path, because they were added in a folder
            that had none.
        is_on_path: whether the path is the one that would be made now.
    """

    report: CheckoutReport
    off_path: frozenset[str]
    is_on_path: bool


def reread_addons(
    naming: Naming, call: Call, row: Environment, inventory: ImageInventory
) -> ReadAgain:
    """Read every checkout as it is now, and leave the addons path as it is.

    Raises:
        Invalid: a checkout has too many modules, or too long manifests.
    """
    collected, number = _Collected(), 0
    links = EnvironmentPlan.of(naming, row).links
    there: set[str] = set()
    path, linked_right = list[str](), True
    for source, found in _checkouts(naming, call, row, inventory):
        names = {module.name: str(PurePosixPath(module.path).parent) for module in found.modules}
        for folder in found.folders:
            if folder.links is None:
                path.append(below(source.target, folder.path))
                if path[-1] in row.addons:
                    there |= {name for name, parent in names.items() if parent == folder.path}
            else:
                path.append(f"{LINKS_ROOT}/{number}")
                linked = links / str(number)
                if path[-1] in row.addons:
                    there |= {name for name, _ in folder.links if (linked / name).is_symlink()}
                wanted = {name: below(source.target, place) for name, place in folder.links}
                linked_right = linked_right and _links_in(linked) == wanted
            number += 1
        collected.add(source, found)
    report = collected.report()
    return ReadAgain(
        report,
        frozenset(module.name for module in report.modules) - there,
        linked_right and path == [each for each in row.addons if not _is_packaged(each)],
    )


def _links_in(folder: Path) -> dict[str, str]:
    """Return where the links of a folder lead; none without the folder."""
    try:
        return {each.name: str(each.readlink()) for each in folder.iterdir()}
    except OSError:
        return {}


def _is_packaged(folder: str) -> bool:
    """Whether a folder of the addons path holds addons that pip installed."""
    return folder.startswith(f"{PYTHON_TARGET}/")


@dataclass(slots=True)
class _Collected:
    """The modules of several checkouts; of two with one name the first is loaded."""

    modules: dict[str, Module] = field(default_factory=dict)
    warnings: list[CheckoutWarning] = field(default_factory=list)

    def add(self, source: _Source, found: CheckoutAddons) -> None:
        for module in found.modules:
            if module.name in self.modules:
                self.warnings.append(_twice(source, module, self.modules[module.name]))
            else:
                self.modules[module.name] = module.model_copy(update={"source": source.name})
        self.warnings += (
            warning.of_source(source.name) if source.is_extra else warning
            for warning in found.warnings
        )

    def report(self) -> CheckoutReport:
        modules, warnings = tuple(self.modules.values()), tuple(self.warnings)
        return CheckoutReport(modules=modules, warnings=warnings)


def _checkouts(
    naming: Naming, call: Call, row: Environment, inventory: ImageInventory
) -> Iterator[tuple[_Source, CheckoutAddons]]:
    """Read the checkouts, the repository's own first."""
    known = [module.name for module in inventory.modules]
    for source in _sources(naming, row):
        yield (
            source,
            read_checkout(
                source.checkout,
                inventory.rules,
                repo_url=source.repo_url,
                known=known,
                on_folder=call.raise_if_cancelled,
            ),
        )


def no_module(naming: Naming, row: Environment, report: CheckoutReport) -> Invalid:
    """Make the error for a repository of which Odoo loads nothing, and of its requirements too."""
    return _no_module(next(_sources(naming, row)), report.warnings)


def write_report(plan: EnvironmentPlan, report: CheckoutReport) -> None:
    """Keep the report, so that a read of it walks no checkout."""
    write_private(plan.report, report.model_dump_json())


def load_report(plan: EnvironmentPlan) -> CheckoutReport | None:
    """Return the report; None for an environment that an older version made."""
    text = read_regular(plan.report, MAX_REPORT_BYTES)
    try:
        return None if text is None else CheckoutReport.model_validate_json(text)
    except ValueError:
        return None


def _sources(naming: Naming, row: Environment) -> Iterator[_Source]:
    plan = EnvironmentPlan.of(naming, row)
    target = repository_target(row.repo_url)
    yield _Source(REPOSITORY, row.branch, row.repo_url, plan.checkout, target)
    for pin, checkout in zip(row.extra_repos, checkout_folders(naming, row).values(), strict=True):
        yield _Source(pin.name, pin.branch, pin.repo_url, checkout, extra_target(pin))


def _no_module(source: _Source, warnings: tuple[CheckoutWarning, ...]) -> Invalid:
    what = f"Extra repo {source.name}" if source.is_extra else source.repo_url
    message = f"{what} holds no Odoo module on branch {source.branch}"
    if not warnings:
        other = "as name@branch" if source.is_extra else "with branch"
        return Invalid(
            f"{message}.",
            "A module is a folder with an installable __manifest__.py, at most four deep. "
            f"Ask for another branch, {other}.",
        )
    first = warnings[0]
    return Invalid(
        f"{message}: {first.sentence}",
        first.next,
        *first.steps,
        output="\n".join(f"{each.sentence} {each.next}" for each in warnings),
    )


def _twice(source: _Source, module: Module, used: Module) -> CheckoutWarning:
    where = "the repository" if used.source == REPOSITORY else f"extra repo {used.source}"
    return CheckoutWarning.of(
        f"{source.name}: {module.path}/",
        f"Module {module.name} is in {where} too, which comes first.",
        "Remove one of them, or give extra_repos in another order.",
    )
