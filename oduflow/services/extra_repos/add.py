"""Answer add_extra_repo: the extra repo that exists, or a new one."""

from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict
from oduflow.domain.extra_repo import AddExtraRepo, ExtraRepo, ExtraRepoState, ExtraRepoView
from oduflow.domain.names import new_id
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.extra_repos import update as extra_repos


def add(deps: Deps, call: Call, args: AddExtraRepo) -> Outcome[ExtraRepoView]:
    """Add the extra repo, or answer the one that is there already.

    Raises:
        Conflict: the name is taken by another one.
        Failure: why it could not be fetched; nothing is left of it.
    """
    team = call.actor.team
    repo_url = deps.git.clean_url(args.repo_url)
    existing = deps.extra_repos.get(team, args.name)
    if existing is not None and existing.state is ExtraRepoState.READY:
        refuse_differences(existing, args, repo_url)
        return Outcome(extra_repos.view(deps, existing), f"Extra repo {args.name} exists already.")
    if existing is not None:
        # We hold the name's lock, so whoever began this is dead: finish their undoing first.
        extra_repos.remove(deps, None, existing)
    deps.infrastructure.disk.require()
    branch = args.branch or deps.git.resolve_branch(repo_url, None, team=team).branch
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
    made = extra_repos.add(deps, call, row)
    return Outcome(
        extra_repos.view(deps, made),
        f"Extra repo {made.name} is at {made.branches[branch][:12]} of {branch}.",
        next=(f"create_environment name=… repo_url=… extra_repos={made.name}",),
    )


def refuse_differences(row: ExtraRepo, args: AddExtraRepo, repo_url: str) -> None:
    """Answer `conflict` when the name is taken by another repository or branch.

    Raises:
        Conflict: says what differs.
    """
    asked = {
        "repo_url": (row.repo_url, repo_url),
        "branch": (row.branch, args.branch or row.branch),
    }
    differing = [
        f"{key} is {there}, not {wanted}"
        for key, (there, wanted) in asked.items()
        if there != wanted
    ]
    if differing:
        raise Conflict(
            f"Extra repo “{row.name}” exists already and differs: {'; '.join(differing)}.",
            f"Choose another name, or delete_extra_repo name={row.name} first. Another branch of "
            f"it needs no adding: extra_repos={row.name}@branch.",
        )
