"""The checkout of a warm slot: made ahead, and used when the branch is still at its commit.

Nothing changes its files between: the slot's container has them mounted read-only and has imported
nothing of them, and no operation reaches a slot.
"""

import logging
import os
import shutil
import time
from dataclasses import replace

from oduflow.adapters.git.git_folder import finished_commit
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.git.submodule_places import DECLARATION
from oduflow.domain.errors import Cancelled, Failure
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import make_folder

AHEAD_SECONDS = 60.0  # one thread makes the slots of all teams

log = logging.getLogger(__name__)


def check_out_ahead(
    repositories: GitRepositories,
    plan: EnvironmentPlan,
    repo_url: str,
    branch: str,
    monitor: ProgressMonitor,
) -> None:
    """Check a branch out into a slot's folder, which its container has not mounted yet.

    When git fails or takes longer than `AHEAD_SECONDS`, the checkout stays empty and the creation
    fills it: a branch that was deleted since the last creation is no reason to have no slot.

    Raises:
        Cancelled: the monitor says so.
    """
    deadline = time.monotonic() + AHEAD_SECONDS

    def late() -> bool:
        return time.monotonic() > deadline

    def ended() -> bool:
        return late() or monitor.cancelled()

    try:
        repositories.checkout(
            repo_url,
            branch,
            team=plan.team,
            git_dir=plan.git_dir,
            work_tree=plan.checkout,
            monitor=replace(monitor, cancelled=ended),
        )
    except Failure as failure:
        if isinstance(failure, Cancelled) and (monitor.cancelled() or not late()):
            raise
        log.info("warm slot %s has no checkout: %s", plan.id, failure.message)
        for folder in (plan.git_dir, plan.checkout):
            shutil.rmtree(folder, ignore_errors=True)
        make_folder(plan.checkout)


def commit_ahead(plan: EnvironmentPlan) -> str:
    """Return the commit that a slot's checkout holds; empty when a creation has to check it out.

    With submodules it has to: whether their server gives them away can have changed since.
    """
    if os.path.lexists(plan.checkout / DECLARATION):
        return ""
    return finished_commit(plan.git_dir)
