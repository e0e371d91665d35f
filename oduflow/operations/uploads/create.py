"""create_upload."""

from oduflow.domain.access import Permission
from oduflow.domain.outcome import Outcome
from oduflow.domain.upload import CreateUpload, UploadView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.uploads.create import ensure_upload


@operation(
    permission=Permission.TEMPLATE_WRITE,
    effect=Effect.WRITE,
    idempotent=False,
    audit=("size", "file_name", "sha256"),
    rest="POST /uploads",
)
def create_upload(deps: Deps, call: Call, args: CreateUpload) -> Outcome[UploadView]:
    """Start the upload of a large file, such as a dump, to import it.

    The bytes are sent to `path` with PATCH, not by a tool: `oduflow import FILE --url URL`.
    """
    return ensure_upload(deps, call, args)
