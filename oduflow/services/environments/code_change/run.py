"""Pull commits, switch the branch, or apply edits, for the operations that do."""

from oduflow.domain.changes.inputs import ApplyChanges, PullAndApply, SwitchBranch
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.changes.view import CodeChanged
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.code_change.change import CodeChange
from oduflow.services.environments.code_change.checks import refuse_removed
from oduflow.services.environments.code_change.in_place import only_proven
from oduflow.services.environments.code_change.look import DatabaseFacts, Look, look
from oduflow.services.environments.code_change.outcome import told_change
from oduflow.services.environments.code_change.prepare import with_packages
from oduflow.services.environments.code_change.target import (
    ChangeTarget,
    edits_as_target,
    fetch_target,
)
from oduflow.services.environments.code_change.touched import touched
from oduflow.services.environments.module_change.available import FoundModules, find_available
from oduflow.services.environments.module_change.checks import installed_names
from oduflow.services.environments.module_change.settle import tenant_of
from oduflow.services.environments.module_change.take_over import process_start, serving_log
from oduflow.services.environments.states import states_of
from oduflow.services.environments.stop import no_container
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.images import run_as
from oduflow.services.room import require_disk, require_room_of_team

_TOUCHED = "code was edited and changed back since Odoo started"


def pull(deps: Deps, call: Call, row: Environment, args: PullAndApply) -> Outcome[CodeChanged]:
    """Bring an environment to its branch's newest commit, or another one, with its edits.

    Raises:
        Conflict: edits are in the way, or modules are gone that are installed; nothing changed.
        Failure: as `CodeChange.run` lists them, and those of the git server.
    """
    _refuse(deps, row)
    _refuse_full(deps, row)
    target = fetch_target(deps.naming, deps.git, call, row, ref=args.ref)
    return _done(_work(deps, call, row, "pull_and_apply", args, target))


def switch(deps: Deps, call: Call, row: Environment, args: SwitchBranch) -> Outcome[CodeChanged]:
    """Bring an environment to the newest commit of another branch, which it follows from then on.

    Raises:
        Failure: as `pull`.
    """
    _refuse(deps, row)
    _refuse_full(deps, row)
    target = fetch_target(deps.naming, deps.git, call, row, branch=args.branch)
    return _done(_work(deps, call, row, "switch_branch", args, target))


def apply(deps: Deps, call: Call, row: Environment, args: ApplyChanges) -> Outcome[CodeChanged]:
    """Bring an environment's Odoo up to date with its files as they are.

    Raises:
        Failure: as `CodeChange.run`; the files stay.
    """
    _refuse(deps, row)
    target = edits_as_target(deps.naming, deps.git, call, row)
    return _done(_work(deps, call, row, "apply_changes", args, target))


def _refuse_full(deps: Deps, row: Environment) -> None:
    """Refuse to download what no room is left for.

    Raises:
        QuotaReached: too little of the disk is free, or the team fills what it may.
    """
    require_disk(deps, row.team)
    require_room_of_team(deps, row.team, f"A download for {row.name}", 0)


def _refuse(deps: Deps, row: Environment) -> None:
    """Refuse an environment that cannot be changed, before anything is asked."""
    refuse_unfinished(deps, row)
    if row.state is EnvironmentState.FAILED and not row.served:
        raise Conflict(
            f"The creation of {row.name} failed, and it never served.",
            "Create it again.",
            Next.of("get_environment", "says why", name=row.name),
        )
    if deps.engine.containers.facts(EnvironmentPlan.of(deps.naming, row).container) is None:
        raise no_container(row)


def _work(
    deps: Deps,
    call: Call,
    row: Environment,
    operation: str,
    args: ApplyChanges,
    target: ChangeTarget,
) -> CodeChange:
    """Compare, and plan what is to be done; nothing is changed.

    Raises:
        Conflict: modules are gone that are installed.
    """
    deps.infrastructure.wake(row.team, lambda line: call.report("compare", line))
    call.report("compare", "comparing the files")
    image = run_as(deps.engine.images.facts(row.odoo_image), row.uid)
    found = find_available(deps, call, row, image)
    database = DatabaseFacts.of(tenant_of(deps.naming, deps.postgres, row))
    seen, plan = _plan(deps, call, row, target, found, database)
    work = CodeChange(
        deps=deps,
        call=call,
        operation=operation,
        args=args,
        first=row,
        row=row,
        image=image,
        target=target,
        found=found,
        last=seen.last,
        folders=seen.folders,
        plan=plan,
        before=database.records,
        languages=database.languages,
    )
    refuse_removed(work)
    return work


def _plan(
    deps: Deps,
    call: Call,
    row: Environment,
    target: ChangeTarget,
    found: FoundModules,
    database: DatabaseFacts,
) -> tuple[Look, ApplyPlan]:
    states = states_of(deps.naming, deps.git, call, row)
    with deps.git.repositories.place(row.team):
        seen = look(states, row.applied_states, target.state, database, found.available)
        installed = installed_names(database.records)
        folders = {folder: name for folder, name in seen.folders.items() if name in installed}
        tenant = tenant_of(deps.naming, deps.postgres, row)
        dependents = tenant.installed_dependents
        plan = only_proven(states, target.state, seen.plan, seen.folders, dependents)
        applied = states.made_at(row.applied[0]) + 1 if row.applied else 0.0
    names = EnvironmentPlan.of(deps.naming, row)
    plan = with_packages(deps.settings, names, plan, seen.paths)
    facts = deps.engine.containers.facts(names.container)
    if facts is not None and facts.status == "running":
        started = process_start(facts, serving_log(deps.engine.containers, names)).timestamp()
        since = max(started, applied)
        if next(touched(names.checkout, folders, since, seen.paths), None) is not None:
            plan = plan.restarting(_TOUCHED)
    return seen, plan


def _done(work: CodeChange) -> Outcome[CodeChanged]:
    work.run()
    return told_change(work)
