"""Prepare what Odoo's containers are made of: the addons path and the packages of new code."""

from collections.abc import Collection

from oduflow.domain.changes.links import is_below
from oduflow.domain.changes.needs import FileVerdict, Need
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.errors import Invalid
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.services.environments import python_deps
from oduflow.services.environments.code_change.facts import CodeFacts
from oduflow.services.environments.container_labels import is_outdated
from oduflow.services.environments.module_change.available import find_available
from oduflow.services.environments.remake import PREPARED, make_again
from oduflow.services.environments.requirement_files import requirement_paths
from oduflow.services.extra_repos.checkouts import checkout_folders
from oduflow.settings import Settings


def with_packages(
    settings: Settings, names: EnvironmentPlan, plan: ApplyPlan, paths: Collection[str]
) -> ApplyPlan:
    """Return the plan that installs packages where a file changed that requirements are read from.

    They may include files of any name, also behind links and in submodules. The files as they are
    tell which: of those that include one another, the first that changed is read before and after.
    """
    index = settings.images.pip_index_url
    try:
        read = requirement_paths(names.checkout, "the repository's", index)
        why = "requirements include it"
    except Invalid:
        read, why = frozenset(paths), "requirements cannot be read as they are now"
    more = (
        FileVerdict(path, "", Need.PACKAGES, why)
        for path in sorted(paths)
        if read and ((names.checkout / path).is_symlink() or any(is_below(e, path) for e in read))
    )
    return ApplyPlan.of((*plan.verdicts, *more))


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
