"""Copy an environment: its data, checkout and facts, under a new name and an id of its own."""

from dataclasses import replace

from oduflow.domain.clock import now
from oduflow.domain.environment import (
    UNFINISHED,
    CopyEnvironment,
    Environment,
    EnvironmentState,
    EnvironmentView,
)
from oduflow.domain.errors import Conflict, Failure, Invalid
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.usage import size_of_copy, size_on_disk
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.checks import refuse_full_team
from oduflow.services.environments.copying import COPY, Copying
from oduflow.services.environments.creation import serve_new
from oduflow.services.environments.delete import remove_environment
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.environments.view import environment_view
from oduflow.services.filestore import is_beside_new, layers_of
from oduflow.services.images import check_user, ensure_image, run_as
from oduflow.services.retry import retry_of, suggesting_retry
from oduflow.services.room import require_infrastructure, require_room
from oduflow.services.saga import Saga
from oduflow.services.snapshots.create import require_layers


def check_names(_deps: Deps, args: CopyEnvironment) -> None:
    """Refuse a copy with the name of its source.

    Raises:
        Invalid: both names are the same.
    """
    if args.new_name == args.name:
        refusal = Invalid(f"The copy of {args.name} needs another name.", "Choose one.")
        refusal.argument = "new_name"
        raise refusal


def make_copy(
    deps: Deps, call: Call, source: Environment, args: CopyEnvironment
) -> Outcome[EnvironmentView]:
    """Copy an environment and serve the copy; the source serves on and stays as it is.

    An environment of the new name whose creation had failed, and which never served, is replaced.

    Args:
        deps: the product's parts.
        call: receives the progress; it holds both environments' locks.
        source: the environment to copy.
        args: the names.

    Raises:
        Busy: the source is never between two transactions.
        Conflict: the new name is taken, or the source cannot be copied.
        QuotaReached: the team has reached max_environments, or there is not enough space.
        OdooFailed: the copy does not serve; it is kept as `failed`.
    """
    with suggesting_retry(retry_of("copy_environment", args)):
        refuse_unfinished(deps, source)
        require_layers(source)
        _refuse_unserved(source)
        failed = _replaced(deps, call, args.new_name)
        try:
            return _copy(deps, call, source, args, failed)
        except Failure as failure:
            if deps.store.environments.get(source.team, args.new_name) is None:
                failure.hint = f"{failure.hint} {args.new_name} was not created.".lstrip()
            raise


def _copy(
    deps: Deps, call: Call, source: Environment, args: CopyEnvironment, failed: Environment | None
) -> Outcome[EnvironmentView]:
    if failed is None:
        refuse_full_team(deps.store.environments, deps.settings, source.team)
    team = source.team
    require_infrastructure(deps, team, lambda line: call.report("database", line))
    found = ensure_image(deps, team, source.odoo_image, lambda line: call.report("image", line))
    image = run_as(found, source.uid)
    check_user(image)
    plan = EnvironmentPlan.of(deps.naming, source)
    files = layers_of(
        deps.engine.volumes, plan
    ).upper  # the snapshot's are moved into the copy where they can be
    moved = is_beside_new(deps.infrastructure, team, files)
    require_room(
        deps,
        team,
        f"A copy of {source.name}",
        filestore=0 if moved else size_on_disk(files),
        staging=size_of_copy(plan.git_dir) + size_of_copy(plan.checkout),
    )
    if failed is not None:
        remove_environment(deps, call, failed)
    work = Copying(deps, call, _row_of(call, source, args), image, source)
    saga = Saga(COPY, work.steps(), work.on_step, deps.work.failpoints)
    shown = environment_view(deps, serve_new(work, saga, retry_of("copy_environment", args)))
    replaced = f"It replaces {shown.name}, whose creation had failed."
    return Outcome(
        shown,
        f"{shown.name} is a copy of {source.name} and serves at {shown.url}",
        warnings=(replaced,) if failed is not None else (),
        next=(
            Next.of("get_environment_login", "shows how to sign in", name=shown.name),
            Next.of("delete_environment", "removes the copy", name=shown.name),
        ),
    )


def _row_of(call: Call, source: Environment, args: CopyEnvironment) -> Environment:
    """Describe the copy: what the source is made of, and an id, name and port of its own."""
    return replace(
        source,
        id=new_id(),
        name=args.new_name,
        state=EnvironmentState.CREATING,
        created_by=str(call.actor),
        created_at=now(),
        step="reserve",
        job=call.job,
        port=None,
        protected=False,
        error=None,
        served=False,
        filestore=FilestoreKind.VOLUME,  # until it has layers of its own
    )


def _refuse_unserved(source: Environment) -> None:
    """Refuse a source whose own creation failed: it holds nothing that was ever used.

    Raises:
        Conflict: it has never served.
    """
    if not source.served:
        raise Conflict(
            f"{source.name} has never served, so there is nothing to copy.",
            "",
            Next.of("get_environment", "says why", name=source.name),
        )


def _replaced(deps: Deps, call: Call, name: str) -> Environment | None:
    """Return the failed creation that the copy replaces; refuse any other of its name.

    Raises:
        Conflict: there is an environment of that name.
    """
    found = deps.store.environments.get(call.actor.team, name)
    if found is not None and found.state in UNFINISHED:
        # This call holds the name's lock, so the process that began the row is dead.
        deps.infrastructure.wake(found.team)
        remove_environment(deps, call, found)
        return None
    if found is None or found.replaceable:
        return found
    raise Conflict(
        f"“{name}” exists already.",
        "Choose another name, or delete the existing one first.",
        Next.of("get_environment", "shows the existing one", name=name),
    )
