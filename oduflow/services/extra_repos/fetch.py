"""Fetch a branch of an extra repo into the team's copy, and describe the copy."""

import json
from collections.abc import Callable, Sequence

from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import NotFound
from oduflow.domain.extra_repo import ExtraRepo
from oduflow.domain.plan import ExtraRepoPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.saga import Step


def fetch_branch(
    deps: Deps,
    row: ExtraRepo,
    branch: str,
    monitor: ProgressMonitor,
) -> ExtraRepo:
    """Bring a branch's newest commit into the team's copy, and remember it.

    The caller holds the extra repo's lock.

    Raises:
        Failure: why it could not be fetched; with similar names where there is no such branch.
    """
    plan = ExtraRepoPlan.of(deps.naming, row)
    make_folder(plan.folder)
    try:
        commit = deps.git.repositories.fetch(
            row.repo_url,
            branch,
            team=row.team,
            git_dir=plan.git_dir,
            monitor=ProgressMonitor(
                lambda line: monitor.on_progress(f"{row.name}@{branch}: {line}"), monitor.cancelled
            ),
        )
    except NotFound:
        # The remote tells which branches there are, at the price of asking it again.
        deps.git.repositories.resolve_branch(row.repo_url, branch, team=row.team)
        raise
    return deps.store.extra_repos.update(
        row.id, branches={**row.branches, branch: commit}, fetched_at=now()
    )


def write_description(naming: Naming, row: ExtraRepo) -> None:
    """Write what is needed to take an extra repo in again when the store is lost; no secret."""
    told = {
        "id": row.id,
        "team": row.team,
        "name": row.name,
        "repo_url": row.repo_url,
        "branch": row.branch,
        "branches": dict(row.branches),
        "created_by": row.created_by,
        "created_at": rfc3339(row.created_at),
        "fetched_at": rfc3339(row.fetched_at),
    }
    write_private(ExtraRepoPlan.of(naming, row).about, json.dumps(told))


def fetch_monitor(call: Call, steps: Sequence[Step]) -> ProgressMonitor:
    """Report git's lines as progress of the step `fetch`."""
    number = [step.name for step in steps].index("fetch") + 1
    return ProgressMonitor(
        lambda line: call.report("fetch", line, number, len(steps)), call.cancelled
    )


def record_steps(
    deps: Deps, call: Call | None, row: ExtraRepo, *, cancellable: bool = True
) -> Callable[[Step, int, int], None]:
    """Record and report which step begins; the row exists from the second step on."""

    def began(step: Step, number: int, total: int) -> None:
        if step.name != "reserve":
            deps.store.extra_repos.update(row.id, step=step.name)
        if call is not None:
            tell = call.report if cancellable else call.tell
            tell(step.name, step.message, number, total)

    return began
