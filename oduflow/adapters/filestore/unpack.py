"""Write the attachments of a backup into a filestore: by their hashes, never by other names.

Odoo keeps each file at `<first characters of its SHA-1>/<SHA-1>` (`ir_attachment._get_path`). Only
members of such a name are written, so no name of an archive becomes a path.
"""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.domain.errors import Invalid
from oduflow.files.archives.member import Member, MemberKind
from oduflow.files.expansion import CHUNK
from oduflow.files.private import writing

_PATH = re.compile(r"(?:(?P<above>.*)/)?(?P<folder>[0-9a-f]{2,3})/(?P<hash>(?P=folder)[0-9a-f]+)")
_HASH_LENGTH = 40
_CHECKLIST = "checklist"
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Unpacked:
    """What was written.

    Attributes:
        files: attachments that were written.
        size: their bytes.
        skipped: members that are no attachments.
    """

    files: int = 0
    size: int = 0
    skipped: int = 0
    _above: set[str] = field(default_factory=set)


@writing()
def unpack_filestore(
    members: Iterable[Member],
    folder: Path,
    owner: tuple[int, int],
    write_allowed: Callable[[int], None],
    on_file: Callable[[Unpacked], None],
) -> Unpacked:
    """Write the attachments among the members.

    Args:
        members: of an archive or a folder.
        folder: the database's new filestore, which no container has yet.
        owner: user and group of the files.
        write_allowed: called with a number of bytes before they are written; raises when they
            do not fit.
        on_file: called after each file; may raise, which ends the work.

    Raises:
        Invalid: the members are damaged, or hold the filestores of several databases.
        QuotaReached: the disk is full.
    """
    done = Unpacked()
    made: set[str] = set()
    _make(folder, owner)
    for member in members:
        if member.kind is not MemberKind.FILE:
            continue
        found = _PATH.fullmatch(member.name)
        if found is None or len(found["hash"]) != _HASH_LENGTH:
            done.skipped += 1
            continue
        above = found["above"] or ""
        if above.rpartition("/")[2] == _CHECKLIST:
            continue  # empty files: what Odoo's garbage collector looks at next
        _refuse_several(done, above)
        if found["folder"] not in made:
            _make(folder / found["folder"], owner)
            made.add(found["folder"])
        done.size += _write(member, folder / found["folder"] / found["hash"], owner, write_allowed)
        done.files += 1
        on_file(done)
    return done


def _refuse_several(done: Unpacked, above: str) -> None:
    done._above.add(above)  # noqa: SLF001 - of this module
    if len(done._above) > 1:  # noqa: SLF001
        names = " and ".join(ascii(each or ".") for each in sorted(done._above))  # noqa: SLF001
        raise Invalid(
            f"The filestore holds the files of several databases: {names}.",
            "Name the folder of one database, or pack that one alone.",
        )


def _make(folder: Path, owner: tuple[int, int]) -> None:
    folder.mkdir(mode=0o755)
    os.chown(folder, *owner)


def _write(
    member: Member, path: Path, owner: tuple[int, int], write_allowed: Callable[[int], None]
) -> int:
    try:
        target = os.open(path, _WRITE, 0o644)
    except FileExistsError as cause:
        raise Invalid(f"The filestore holds {member.name!a} twice.", "Pack it again.") from cause
    size = 0
    with os.fdopen(target, "wb") as file, member.open() as content:
        os.fchown(file.fileno(), *owner)
        while chunk := content.read(CHUNK):
            write_allowed(len(chunk))
            file.write(chunk)
            size += len(chunk)
    return size
