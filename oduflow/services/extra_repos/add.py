"""Add an extra repo: return the one that exists, or fetch a new one."""

from dataclasses import dataclass, replace

from oduflow.adapters.git.urls import without_user
from oduflow.domain.clock import now
from oduflow.domain.differences import differences_between
from oduflow.domain.errors import Conflict
from oduflow.domain.extra_repo import AddExtraRepo, ExtraRepo, ExtraRepoState, ExtraRepoView
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.services.branches import default_head
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.delete import ExtraRepoCleanup, remove_extra_repo
from oduflow.services.extra_repos.fetch import (
    fetch_branch,
    fetch_monitor,
    write_description,
)
from oduflow.services.extra_repos.view import extra_repo_view
from oduflow.services.move_journal import holding_off_moves
from oduflow.services.retry import retry_of, suggesting_retry
from oduflow.services.room import require_disk, require_room_of_team
from oduflow.services.saga import RESERVE, Saga, Step, record_steps

_LEAST_BYTES = 1 << 20  # of a repository, whose size only its fetch tells


def ensure_extra_repo(deps: Deps, call: Call, args: AddExtraRepo) -> Outcome[ExtraRepoView]:
    """Return the extra repo if it exists, else add it.

    Raises:
        Conflict: an extra repo of that name exists with another URL or branch.
        Failure: it could not be fetched, and everything created for it was removed; the failure
            suggests the call again.
    """
    repo_url = deps.git.repositories.clean_url(args.repo_url)
    with suggesting_retry(retry_of("add_extra_repo", args, repo_url=repo_url)):
        return _ensure(deps, call, args, repo_url)


def _ensure(deps: Deps, call: Call, args: AddExtraRepo, repo_url: str) -> Outcome[ExtraRepoView]:
    team = call.actor.team
    existing = deps.store.extra_repos.get(team, args.name)
    if existing is not None and existing.state is ExtraRepoState.READY:
        refuse_differences(existing, args, repo_url)
        return Outcome(
            extra_repo_view(deps.store.environments, existing),
            f"Extra repo {args.name} exists already.",
        )
    if existing is not None:
        # This call holds the name's lock, so the process that began the row is dead.
        remove_extra_repo(deps, None, existing)
    require_disk(deps, team)
    require_room_of_team(deps, team, f"Extra repo {args.name}", _LEAST_BYTES)
    branch = args.branch or default_head(deps.git.repositories, call, repo_url).branch
    moment = now()
    row = ExtraRepo(
        id=new_id(),
        team=team,
        name=args.name,
        repo_url=repo_url,
        branch=branch,
        branches={},
        state=ExtraRepoState.CREATING,
        created_by=str(call.actor),
        created_at=moment,
        fetched_at=moment,
        step="reserve",
        job=call.job,
    )
    made = _fetch(deps, call, row)
    return Outcome(
        extra_repo_view(deps.store.environments, made),
        f"Extra repo {made.name} is at {made.branches[branch][:12]} of {branch}.",
        next=(Next.of("create_environment", "uses it", extra_repos=(made.name,)),),
    )


def refuse_differences(row: ExtraRepo, args: AddExtraRepo, repo_url: str) -> None:
    """Refuse to add another repository or branch under an existing name.

    Raises:
        Conflict: names each difference.
    """
    same = without_user(row.repo_url) == without_user(repo_url)
    differing = differences_between(
        {
            "repo_url": (row.repo_url, row.repo_url if same else repo_url),
            "branch": (row.branch, args.branch or row.branch),
        }
    )
    if differing:
        raise Conflict(
            f"Extra repo “{row.name}” exists already and differs: {'; '.join(differing)}.",
            "Choose another name. Another branch of the same repository needs no adding: write "
            f"{row.name}@BRANCH.",
            Next.of("list_extra_repos", "shows the existing ones"),
        )


def _fetch(deps: Deps, call: Call, row: ExtraRepo) -> ExtraRepo:
    """Run the steps; when one fails, remove everything that was created."""
    work = ExtraRepoAddition(deps, call, row)
    on_step = record_steps(
        lambda step: deps.store.extra_repos.update(row.id, step=step), call.report
    )
    Saga("add_extra", work.steps(), on_step, deps.work.failpoints).run()
    return deps.store.extra_repos.update(row.id, state=ExtraRepoState.READY, step="", job="")


@dataclass(slots=True)
class ExtraRepoAddition:
    """The steps that add one extra repo."""

    deps: Deps
    call: Call
    row: ExtraRepo

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        parts = ExtraRepoCleanup(self.deps.naming, self.deps.store.extra_repos, self.row)
        return (
            Step(RESERVE, "reserving the name", self.reserve, parts.remove_row),
            Step("fetch", "fetching the branch", self.fetch, parts.remove_folder),
            Step("describe", "describing it", self.describe),
        )

    def reserve(self) -> None:
        """Write the row before the first side effect: recovery finds the rest through it."""
        limit = self.deps.settings.teams[self.row.team].max_extra_repos
        store, locks = self.deps.store, self.deps.work.locks
        with holding_off_moves(locks, store.facts, self.row.team):
            store.extra_repos.add(self.row, limit=limit)

    def fetch(self) -> None:
        """Fetch the newest commit of the configured branch."""
        self.row = fetch_branch(
            self.deps, self.row, self.row.branch, fetch_monitor(self.call, self.steps())
        )

    def describe(self) -> None:
        """Write the description, so that the copy can be adopted after the store is lost."""
        write_description(self.deps.naming, replace(self.row, state=ExtraRepoState.READY))
