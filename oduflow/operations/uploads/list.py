"""list_uploads."""

from oduflow.domain.access import Permission
from oduflow.domain.counting import counted
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.upload import UploadList, UploadView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps


@operation(permission=Permission.TEMPLATE_READ, effect=Effect.READ, rest="GET /uploads")
def list_uploads(deps: Deps, call: Call, args: Nothing) -> Outcome[UploadList]:
    """List the team's uploaded files: how much has arrived, and when each is removed."""
    found = tuple(map(UploadView.of, deps.store.uploads.list(call.actor.team)))
    return Outcome(UploadList(uploads=found), f"{counted(len(found), 'upload')}.")
