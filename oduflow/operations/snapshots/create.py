"""create_snapshot."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.snapshot import CreateSnapshot, SnapshotView, team_has_all
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.snapshots.create import make_snapshot, new_snapshot


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    audit=("name", "snapshot"),
    rest="POST /environments/{name}/snapshots",
)
def create_snapshot(
    deps: Deps, call: Call, args: CreateSnapshot, environment: Environment
) -> Outcome[SnapshotView]:
    """Keep an environment's database, filestore, commit and edits of this moment.

    Odoo pauses meanwhile; no request fails.
    """
    refuse_unfinished(deps, environment)
    count, limit = (
        deps.store.snapshots.asked_for(environment.team),
        deps.settings.teams[environment.team].max_snapshots,
    )
    if count >= limit:  # said before anything is counted for the disk
        raise team_has_all(count, limit)
    new = new_snapshot(deps.store.snapshots, call, environment, args.snapshot)
    row = make_snapshot(deps, call, environment, new, limit=limit)
    name = environment.name
    return Outcome(
        SnapshotView.of(row, environment),
        f"Snapshot {row.name} of {name} is taken.",
        next=(Next.of("rollback_environment", "goes back to it", name=name, snapshot=row.name),),
    )
