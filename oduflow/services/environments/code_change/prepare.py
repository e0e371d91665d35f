"""Prepare what Odoo's containers are made of: the addons path and the packages of new code."""

from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.services.environments import python_deps
from oduflow.services.environments.code_change.facts import CodeFacts
from oduflow.services.environments.container_labels import is_outdated
from oduflow.services.environments.module_change.available import find_available
from oduflow.services.environments.remake import PREPARED, make_again
from oduflow.services.extra_repos.checkouts import checkout_folders


def needs_packages(work: CodeFacts) -> bool:
    """Install the packages of changed requirements; return whether they are others than before.

    Raises:
        Failure: as `python_deps.ensure`.
    """
    if not work.plan.packages:
        return False
    deps, call = work.deps, work.call
    monitor = ProgressMonitor(lambda line: call.report("packages", line), call.cancelled)
    key = python_deps.ensure(
        deps,
        work.names,
        work.image,
        deps.limits(work.row.team),
        monitor,
        checkout_folders(deps.naming, work.row),
    )
    return key != work.first.python_deps


def prepare_containers(work: CodeFacts) -> None:
    """Write addons path, packages and configuration; the serving container stays as it is."""
    work.row = make_again(work.deps, work.call, work.row, PREPARED)
    work.found = find_available(work.deps, work.call, work.row, work.image)


def is_replaced(work: CodeFacts) -> bool:
    """Whether the container has to be replaced: by what changes, or by a failure that was kept."""
    return is_outdated(work.deps.naming, work.deps.engine.containers, work.row)
