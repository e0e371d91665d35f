"""delete_upload."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.upload import UploadName, no_upload
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.uploads.delete import remove_upload


@operation(
    permission=Permission.TEMPLATE_DESTROY,
    effect=Effect.DESTROY,
    scope=Scope.UPLOAD,
    audit=("name",),
    rest="DELETE /uploads/{name}",
)
def delete_upload(deps: Deps, call: Call, args: UploadName) -> Outcome[Nothing]:
    """Delete an uploaded file; templates imported from it stay."""
    row = deps.store.uploads.get(call.actor.team, args.name)
    if row is None:
        raise no_upload(args.name)
    remove_upload(deps.store.uploads, deps.work, row)
    return Outcome(Nothing(), f"Upload {row.name} is deleted.")
