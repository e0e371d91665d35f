"""Where an environment is brought to: a commit that is downloaded, with the edits of before."""

from dataclasses import dataclass

from oduflow.domain.commits import CommitLine
from oduflow.domain.environment import Environment
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.kernel.call import Call
from oduflow.services.environments.states import states_of
from oduflow.services.groups import GitGroup

MOST_COMMITS = 20  # in an answer
_NONE: tuple[CommitLine, ...] | None = ()


@dataclass(frozen=True, slots=True)
class ChangeTarget:
    """Where to go.

    Attributes:
        old: the state of the files now.
        state: the one that they are to have.
        commit: the commit that is to be checked out.
        branch, requested_branch: those that the environment is to follow.
        commits: the newest commits that come; None where they cannot be told.
        follows: whether the commit is the branch's newest one.
        edits: how many files differ from the commit that is checked out.
    """

    old: str
    state: str
    commit: str
    branch: str
    requested_branch: str | None
    commits: tuple[CommitLine, ...] | None = ()
    follows: bool = False
    edits: int = 0


def edits_as_target(naming: Naming, git: GitGroup, call: Call, row: Environment) -> ChangeTarget:
    """Return the files as they are as what Odoo is to have."""
    with git.repositories.place(row.team):
        states = states_of(naming, git, call, row)
        state = states.keep(row.commit)
        edits = len(states.compare(row.commit, state))
    return ChangeTarget(state, state, row.commit, row.branch, row.requested_branch, edits=edits)


def fetch_target(
    naming: Naming,
    git: GitGroup,
    call: Call,
    row: Environment,
    *,
    branch: str | None = None,
    ref: str | None = None,
) -> ChangeTarget:
    """Download a commit, and merge the edits onto it; no file is changed.

    Args:
        naming: the environment's folders.
        git: the repositories.
        call: reports the progress.
        row: the environment.
        branch: the one to follow from now on; None for its own.
        ref: a commit, tag or ref; None for the branch's newest commit.

    Raises:
        Conflict: edits are in the way of the commit.
        Failure: as `GitRepositories.fetch_commit`.
    """
    repositories, followed = git.repositories, branch or row.branch
    monitor = ProgressMonitor(lambda line: call.report("fetch", line), call.cancelled)
    call.report("fetch", f"asking for {ref or followed}")
    head = repositories.resolve_branch(
        row.repo_url, ref or followed, team=row.team, monitor=monitor
    )
    commit, commits = head.commit, _NONE
    if commit != row.commit:
        commit = _download(naming, git, row, head.source, monitor)
        commits = repositories.list_commits(
            row.repo_url, head.source, since=row.commit, team=row.team, most=MOST_COMMITS
        )
    states = states_of(naming, git, call, row)
    with repositories.place(row.team):
        old = states.keep(row.commit)
        state = states.merge(old, row.commit, commit)
        edits = len(states.compare(row.commit, old))
    return ChangeTarget(
        old,
        state,
        commit,
        followed,
        branch or row.requested_branch,
        commits,
        follows=ref is None,
        edits=edits,
    )


def _download(
    naming: Naming, git: GitGroup, row: Environment, source: str, monitor: ProgressMonitor
) -> str:
    plan = EnvironmentPlan.of(naming, row)
    return git.repositories.fetch_commit(
        row.repo_url,
        source,
        team=row.team,
        git_dir=plan.git_dir,
        work_tree=plan.checkout,
        monitor=monitor,
    )
