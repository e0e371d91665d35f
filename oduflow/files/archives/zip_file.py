"""Read a zip archive: its list of members is limited before it is read into memory.

Source: PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16 (the records at a zip file's end).
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, cast

from oduflow.domain.errors import Invalid
from oduflow.files.archives.member import (
    MAX_MEMBERS,
    Member,
    MemberContent,
    MemberKind,
    checked,
    plain_name,
)

MAX_DIRECTORY = 256 << 20  # bytes of the list of members
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_HEADER = struct.Struct("<4s24x3H12x")  # of a member in the list
_LONGEST_COMMENT = 65_535
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


class ZipArchive:
    """An opened zip archive.

    Args:
        file: the file, which can seek.

    Raises:
        Invalid: it is damaged, or its list of members is too long.
    """

    def __init__(self, file: BinaryIO) -> None:
        with _damaged():
            _limit_directory(file)
            self._zip = zipfile.ZipFile(file)

    def members(self) -> Iterator[Member]:
        """Yield the members in the archive's order.

        Raises:
            Invalid: a member is a link, a device, encrypted, or leads out of the archive.
        """
        for number, info in enumerate(self._zip.infolist(), 1):
            name = plain_name(info.filename)
            opening = partial(self._open, info)
            packed = info.compress_size
            yield checked(number, Member(name, _kind(info), info.file_size, opening, packed))

    def _open(self, info: zipfile.ZipInfo) -> BinaryIO:
        if info.flag_bits & _ENCRYPTED:
            raise Invalid("The zip archive is encrypted.", "Pack it without a password.")
        if info.compress_type not in _METHODS:
            raise Invalid(
                f"The zip archive uses compression method {info.compress_type}.",
                "Pack it with “deflate”, as Odoo and zip itself do.",
            )
        with _damaged():
            return cast("BinaryIO", MemberContent(cast("BinaryIO", self._zip.open(info)), _damaged))


def _kind(info: zipfile.ZipInfo) -> MemberKind:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return MemberKind.LINK
    if info.is_dir():
        return MemberKind.FOLDER
    return MemberKind.FILE if stat.S_IFMT(mode) in {0, stat.S_IFREG} else MemberKind.SPECIAL


def _limit_directory(file: BinaryIO) -> None:
    """Refuse a list of members that would need more memory than an honest archive's.

    Raises:
        Invalid: it is too long.
    """
    file.seek(0, 2)
    length = file.tell()
    begin = max(0, length - _LONGEST_COMMENT - _END.size - _LOCATOR.size - _END_64.size)
    file.seek(begin)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile
    size, end = _END.unpack_from(tail, at)[5], begin + at
    locator = at - _LOCATOR.size
    if locator >= 0 and tail[locator:].startswith(b"PK\6\7"):
        record = locator - _END_64.size  # zipfile reads it here and ignores the locator
        if _LOCATOR.unpack_from(tail, locator)[2] != begin + record:
            raise zipfile.BadZipFile
        signature, *_rest, size, _offset = _END_64.unpack_from(tail, record)
        if signature != b"PK\6\6":
            raise zipfile.BadZipFile
        end = begin + record
    if size > MAX_DIRECTORY:
        raise _too_many()
    if size > end:
        raise zipfile.BadZipFile
    if _more_members(file, end - size, end):
        raise _too_many()
    file.seek(0)


def _more_members(file: BinaryIO, begin: int, end: int) -> bool:
    """Return whether the list between two positions has more than `MAX_MEMBERS`."""
    file.seek(begin)
    for _number in range(MAX_MEMBERS):
        if begin >= end:
            return False
        signature, *lengths = _HEADER.unpack(file.read(_HEADER.size))
        if signature != b"PK\1\2":
            raise zipfile.BadZipFile
        file.seek(sum(lengths), 1)
        begin += _HEADER.size + sum(lengths)
    return begin < end


def _too_many() -> Invalid:
    return Invalid("The zip archive has too many members.", "Pack fewer files.")


@contextmanager
def _damaged() -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ValueError,
        RuntimeError,
    ) as cause:
        raise Invalid(
            "The zip archive is damaged or ends too early.",
            "Compare its size and checksum with the original's, and copy it again.",
        ) from cause
