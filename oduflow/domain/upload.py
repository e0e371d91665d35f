"""An upload: a large file that a client sends in parts, to be imported as a template."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from oduflow.domain.clock import rfc3339
from oduflow.domain.environment import Name, Text
from oduflow.domain.errors import Failure, Invalid, NotFound
from oduflow.domain.names import MAX_NAME, new_id, slug
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model

PART_BYTES = 4 << 20  # the largest body that the server reads, and that proxies are told to pass
KEPT = timedelta(days=1)  # since the last part
MAX_BYTES = 1 << 42
SOURCE = "upload:"  # how import_template names one
_SUFFIX = 4
SHA256 = r"^[0-9a-f]{64}$"

Sha256 = Annotated[str, StringConstraints(to_lower=True, pattern=SHA256)]


def upload_of(source: str | None) -> str:
    """Return the name of the upload that a source names; empty if it names none."""
    return source.removeprefix(SOURCE) if source and source.startswith(SOURCE) else ""


class CreateUpload(Model):
    """The file that will be sent."""

    size: Annotated[int, Field(ge=1, le=MAX_BYTES, description="Size of the file in bytes.")]
    file_name: Annotated[
        Text | None, Field(description="Its name, such as shop.zip: the kind follows from it.")
    ] = None
    sha256: Annotated[
        Sha256 | None,
        Field(description="Its SHA-256 in hex, proven at the end; finds an earlier upload again."),
    ] = None


class UploadName(Model):
    """One upload, by name."""

    name: Annotated[Name, Field(description="Name of the upload.")]


@dataclass(frozen=True, slots=True)
class Upload:
    """One row of the store.

    Attributes:
        file_name: the name of the client's file, without folders; empty when it has none.
        sha256: the digest that the client named; empty when it named none.
        received: how many bytes are durably on disk: the offset of the next part.
        verified: whether the content has the digest `sha256`.
        progressed_at: when the last part arrived.
    """

    id: str
    team: str
    name: str
    file_name: str
    size: int
    sha256: str
    received: int
    verified: bool
    created_by: str
    created_at: datetime
    progressed_at: datetime

    @property
    def complete(self) -> bool:
        """Whether every byte has arrived."""
        return self.received == self.size

    @property
    def expires_at(self) -> datetime:
        """When it is removed unless another part arrives."""
        return self.progressed_at + KEPT


class UploadView(Model):
    """An upload as callers see it. Times are RFC 3339 in UTC.

    `received` is the offset of the next part, `path` where to send it, `source` the argument of
    import_template.
    """

    name: str
    team: str
    file_name: str
    size: int
    received: int
    complete: bool
    verified: bool
    sha256: str
    path: str
    source: str
    created_by: str
    created_at: str
    expires_at: str

    @classmethod
    def of(cls, row: Upload) -> Self:
        """Make the view of a row."""
        return cls.from_row(
            row,
            path=path_of(row.name),
            source=f"{SOURCE}{row.name}",
            expires_at=rfc3339(row.expires_at),
        )


class UploadList(Model):
    """The team's uploads, by name."""

    uploads: tuple[UploadView, ...]


def path_of(name: str) -> str:
    """Return the path of the server to which the parts of an upload are sent."""
    return f"/uploads/{name}"


def base_name(file_name: str) -> str:
    """Return a client's file name without its folders; browsers and programs may send them."""
    return re.split(r"[/\\]", file_name)[-1].strip()


def upload_name(file_name: str) -> str:
    """Make a name for an upload that shows the file's: `shop-zip-k3q7`."""
    suffix = f"-{new_id()[:_SUFFIX]}"
    try:
        stem = slug(file_name)
    except Invalid:
        stem = "upload"
    return stem[: MAX_NAME - len(suffix)].rstrip("-") + suffix


def no_upload(name: str) -> Failure:
    """Return the error for an upload that the team does not have."""
    return NotFound(
        f"There is no upload “{name}”.",
        f"An upload is removed {KEPT.total_seconds() / 3600:.0f} hours after its last part, and "
        "once it is imported; begin another one.",
        Next.of("list_uploads", "shows the existing ones"),
    )
