"""Prepare what Odoo's containers are made of: the addons path and the packages of new code."""

from oduflow.domain.changes.needs import FileVerdict, Need
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.services.environments import python_deps
from oduflow.services.environments.code_change.facts import CodeFacts
from oduflow.services.environments.container_labels import is_outdated
from oduflow.services.environments.module_change.available import find_available
from oduflow.services.environments.remake import PREPARED, make_again
from oduflow.services.extra_repos.checkouts import checkout_folders


def needs_packages(work: CodeFacts) -> bool:
    """Install the packages of the requirements; return whether they are others than before.

    It is compared what they ask for: they may include files of any name, also behind links and in
    submodules.

    Raises:
        Failure: as `python_deps.ensure`.
    """
    deps, call = work.deps, work.call
    extra = checkout_folders(deps.naming, work.row)
    files = python_deps.requirements_of(deps.settings, work.names, extra)
    wanted = python_deps.key_of(work.image, files)
    if not work.plan.packages and wanted == work.first.python_deps:
        return False
    monitor = ProgressMonitor(lambda line: call.report("packages", line), call.cancelled)
    key = python_deps.ensure(
        deps,
        work.names,
        work.image,
        deps.limits(work.row.team),
        monitor,
        extra,
    )
    if key == work.first.python_deps:
        return False
    if not work.plan.packages:
        why = "the requirements ask for other packages"
        more = FileVerdict("", "", Need.PACKAGES, why)
        work.plan = ApplyPlan.of((*work.plan.verdicts, more))
    return True


def prepare_containers(work: CodeFacts) -> None:
    """Write addons path, packages and configuration; the serving container stays as it is."""
    work.row = make_again(work.deps, work.call, work.row, PREPARED)
    work.found = find_available(work.deps, work.call, work.row, work.image)


def is_replaced(work: CodeFacts) -> bool:
    """Whether the container has to be replaced: by what changes, or by a failure that was kept."""
    return is_outdated(work.deps.naming, work.deps.engine.containers, work.row)
