"""`/uploads/<name>`: ask for the offset of an upload, and append a part to it.

As in tus 1.0 and the IETF's draft of resumable uploads, HEAD answers `Upload-Offset` and PATCH
appends a part that begins there. Everything else about uploads are operations.
"""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, LengthRequired, UnsupportedMediaType

from oduflow.blueprints.audit import audited_refusals, record
from oduflow.blueprints.auth import authenticate_upload
from oduflow.blueprints.context import context
from oduflow.blueprints.wait_limits import WaitKind
from oduflow.domain.errors import Invalid, RateLimited
from oduflow.domain.outcome import Status
from oduflow.domain.upload import Upload, UploadView

APPEND = "append_upload"
OFFSET, LENGTH = "Upload-Offset", "Upload-Length"
# tus 1.0, the IETF's draft, and what curl and fetch are told most easily.
MEDIA_TYPES = frozenset(
    {
        "application/octet-stream",
        "application/offset+octet-stream",
        "application/partial-upload",
    }
)
_MAX_DIGITS = 15

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")


class PartStream:
    """The body of a request; one that breaks off ends like a short one: what arrived counts.

    It is never read past its length, because werkzeug refuses that of a body that has exactly the
    largest size.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        if not self._left:
            return b""
        try:
            part = bytes(self._stream.read(min(size, self._left)))
        except (ClientDisconnected, OSError):
            return b""
        self._left -= len(part)
        return part


@blueprint.route("/<name>", methods=["GET"], provide_automatic_options=False)
def show(name: str) -> Response:
    """Answer how much of an upload has arrived, also to HEAD."""
    actor = authenticate_upload()
    context().begin_call(actor.team)
    with audited_refusals(APPEND, actor):
        context().runner.authorize("list_uploads", actor)
        row = context().uploads.find(actor.team, name)
    body = UploadView.of(row).model_dump_json()
    return _with_offset(Response(body, mimetype="application/json"), row)


@blueprint.route("/<name>", methods=["PATCH"], provide_automatic_options=False)
def append(name: str) -> Response:
    """Append the body to an upload; answer 204 with the next offset.

    Raises:
        RateLimited: the team sends as many parts at once as it may.
    """
    actor = authenticate_upload()
    context().begin_call(actor.team)
    with (
        context().wait_limiter.permit(actor, WaitKind.CALL) as permit,
        audited_refusals(APPEND, actor),
    ):
        permit.begin()
        if not permit.take():  # some servers read the body from the network in this thread
            raise RateLimited(
                "Too many calls of this team are waiting already.",
                "Send one part after the other.",
                retry_after=1,
            )
        context().runner.authorize("create_upload", actor)
        offset, length = _described_part()
        part = PartStream(request.stream, length)
        row = context().uploads.append(actor.team, name, offset, part, length)
    if row.complete:
        record(APPEND, actor, Status.OK, {"name": row.name, "size": row.size})
    return _with_offset(Response(status=204), row)


def _described_part() -> tuple[int, int]:
    """Return the offset and the length that a request's headers name."""
    if request.mimetype not in MEDIA_TYPES:
        raise UnsupportedMediaType("A part is application/offset+octet-stream.")
    if request.content_length is None:
        raise LengthRequired("A part needs Content-Length.")
    offset = request.headers.get(OFFSET, "")
    if not (offset.isascii() and offset.isdigit() and len(offset) <= _MAX_DIGITS):
        raise Invalid(
            f"The header {OFFSET} is not a number of bytes.",
            f"Ask with HEAD where the next part begins; the answer has {OFFSET}, too.",
        )
    return int(offset), request.content_length


def _with_offset(response: Response, row: Upload) -> Response:
    response.headers[OFFSET] = str(row.received)
    response.headers[LENGTH] = str(row.size)
    return response
