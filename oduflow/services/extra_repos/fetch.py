"""Fetch a branch of an extra repo into the team's copy, and write the copy's description."""

import json
from collections.abc import Sequence

from oduflow.domain.clock import now, rfc3339
from oduflow.domain.extra_repo import ExtraRepo
from oduflow.domain.plan import ExtraRepoPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.saga import Step


def fetch_branch(
    deps: Deps,
    row: ExtraRepo,
    branch: str,
    monitor: ProgressMonitor,
) -> ExtraRepo:
    """Fetch a branch's newest commit into the team's copy, and record it in the row.

    The caller holds the extra repo's lock.

    Raises:
        Busy: a move of the team's folder is not settled.
        Failure: the fetch failed; for a missing branch, the hint lists similar names.
    """
    refuse_during_move(deps.store.facts, row.team)
    plan = ExtraRepoPlan.of(deps.naming, row)
    make_folder(plan.folder)
    commit = deps.git.repositories.fetch(
        row.repo_url,
        branch,
        team=row.team,
        git_dir=plan.git_dir,
        monitor=ProgressMonitor(
            lambda line: monitor.on_progress(f"{row.name}@{branch}: {line}"), monitor.cancelled
        ),
    )
    return deps.store.extra_repos.update(
        row.id, branches={**row.branches, branch: commit}, fetched_at=now()
    )


def write_description(naming: Naming, row: ExtraRepo) -> None:
    """Write the row beside the copy, so that it can be adopted after the store is lost.

    Contains no secret.
    """
    description = {
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
    write_private(ExtraRepoPlan.of(naming, row).about, json.dumps(description))


def fetch_monitor(call: Call, steps: Sequence[Step]) -> ProgressMonitor:
    """Report git's lines as progress of the step `fetch`."""
    number = [step.name for step in steps].index("fetch") + 1
    return ProgressMonitor(
        lambda line: call.report("fetch", line, number, len(steps)), call.cancelled
    )
