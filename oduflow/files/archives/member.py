"""A member of an archive or folder, and the names that no honest archive has."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Self

from oduflow.domain.errors import Invalid

MAX_MEMBERS = 2_000_000
_SHOWN = 120


class MemberKind(Enum):
    """The kind of a member."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a link"
    SPECIAL = "a device or pipe"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive.

    Attributes:
        name: as the archive has it, without a leading `./`; not to be used as a path.
        size: of the unpacked file in bytes, as the archive says.
        open: opens a file's content; valid until the next member is asked for.
        packed: its bytes in the archive, if it was compressed by itself.
    """

    name: str
    kind: MemberKind
    size: int
    open: Callable[[], BinaryIO]
    packed: int | None = None


def checked(number: int, member: Member) -> Member:
    """Return a member that an honest archive may have.

    Args:
        number: how many members came so far.
        member: the member.

    Raises:
        Invalid: it is a link, a device, or its name leads out of the archive; or there are too
            many.
    """
    if number > MAX_MEMBERS:
        raise Invalid(f"The archive has more than {MAX_MEMBERS} members.", "Pack fewer files.")
    name = member.name
    if name.startswith("/") or ".." in name.split("/") or "\0" in name:
        problem = "has a name that leads out of the archive"
    elif member.kind in {MemberKind.LINK, MemberKind.SPECIAL}:
        problem = f"is {member.kind.value}"
    else:
        return member
    raise Invalid(
        f"The member {name[:_SHOWN]!a} of the archive {problem}.",
        "Pack the files themselves, as Odoo's database manager does.",
    )


def plain_name(name: str) -> str:
    """Return a name without the `./` that tar and zip may put in front."""
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


@dataclass(frozen=True, slots=True)
class MemberContent:
    """A member's content, read and closed.

    Attributes:
        file: the archive library's own object.
        damaged: translates that library's errors.
    """

    file: BinaryIO
    damaged: Callable[[], AbstractContextManager[None]]

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; none at the end.

        Raises:
            Invalid: the archive is damaged.
        """
        with self.damaged():
            return self.file.read(size)

    def close(self) -> None:
        """Close the content, not the archive."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
