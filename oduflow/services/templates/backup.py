"""A backup: its database dump, and perhaps a filestore and a manifest; recognised by content.

Odoo's database manager makes a zip of `dump.sql`, `manifest.json` and `filestore/`
(`service/db.py`, `dump_db`); pg_dump makes a dump alone.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from oduflow.domain.errors import Invalid
from oduflow.files.archives.folder import folder_members
from oduflow.files.archives.member import Member, MemberKind
from oduflow.files.archives.tar_stream import tar_members
from oduflow.files.archives.zip_file import ZipArchive
from oduflow.files.contents import HEAD_BYTES, FileKind, recognise
from oduflow.files.expansion import (
    Expansion,
    chunks,
    damaged,
    refuse_bomb,
    said_size,
    unpacked,
)

_COMPRESSED = {FileKind.GZIP, FileKind.ZSTD}
_DUMPS = {FileKind.CUSTOM, FileKind.SQL}
_INDEXED = 150  # percent of a dump's SQL that its database takes, with indexes
_PACKED_FACTOR = 4  # what a compressed dump unpacks to, where it does not say it
_HEX_DIGITS = 2  # of a byte in SQL, where it is of a column of bytea
_NAMES = ("dump.sql", "dump.dump")
_MANIFEST_BYTES = 4 << 20
_ACCEPTED = (
    "A backup is a zip of Odoo's database manager, a dump in pg_dump's custom format, or a plain "
    "one, also compressed by gzip or zstd."
)
_FILESTORES = "A filestore is a folder, a zip, or a tar, also compressed by gzip or zstd."


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a filestore, which can be read more than once.

    Attributes:
        size: the bytes of their files, as the source says; of a tar its packed bytes.
    """

    size: int
    _read: Callable[[int], Iterator[Member]]

    def __call__(self, limit: int) -> Iterator[Member]:
        """Yield the members, which may unpack to so many bytes."""
        return self._read(limit)


@dataclass(slots=True)
class Dump:
    """A database dump, which can be read more than once.

    Attributes:
        content: `FileKind.CUSTOM` or `FileKind.SQL`.
        size: the bytes that `position` reaches in the end.
        packed: the bytes that it takes in the source.
        said: the bytes that it unpacks to, as the source says; 0 where it does not.
        position: how far the last reading has come.
    """

    content: FileKind
    size: int
    packed: int
    said: int
    _open: Callable[[], AbstractContextManager["DumpStream"]]
    position: int = 0

    @property
    def least(self) -> int:
        """The bytes that its database takes at least, if what the source says is right."""
        return max(self.said, self.packed) // _HEX_DIGITS

    @property
    def expected(self) -> int:
        """About how many bytes its database takes; pg_dump's archive may be compressed itself."""
        sql = self.said or self.packed
        if self.content is FileKind.CUSTOM or not self.said:
            sql *= _PACKED_FACTOR
        return sql * _INDEXED // 100

    def chunks(self, limit: int) -> Iterator[bytes]:
        """Yield the unpacked dump.

        Args:
            limit: how many bytes its database may take.

        Raises:
            Invalid: it is damaged, or a decompression bomb.
            QuotaReached: it unpacks to more than a database of `limit` bytes can come from.
        """
        with self._open() as opened:
            expansion = Expansion(opened.packed, _HEX_DIGITS * limit)
            for chunk in chunks(opened.stream, expansion):
                self.position = opened.position() if opened.position else expansion.unpacked
                yield chunk


@dataclass(frozen=True, slots=True)
class DumpStream:
    """A dump that is being read.

    Attributes:
        stream: yields the unpacked bytes.
        packed: returns how many packed bytes they come from.
        position: returns how far it was read; None for the count of unpacked bytes.
    """

    stream: BinaryIO
    packed: Callable[[], int]
    position: Callable[[], int] | None = None


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What Odoo's `manifest.json` says; empty where it does not."""

    odoo: str = ""
    server: str = ""
    modules: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backup:
    """An opened backup.

    Attributes:
        size: of its file in bytes.
        filestore: the members of its filestore; None if it has none.
    """

    size: int
    dump: Dump
    manifest: BackupManifest = field(default_factory=BackupManifest)
    filestore: Members | None = None


def open_backup(path: Path, shown: str) -> Backup:
    """Recognise a backup by its content.

    Args:
        path: the file.
        shown: its name in messages.

    Raises:
        Invalid: it is something else; the message says what.
    """
    if path.is_dir():
        raise Invalid(f"{shown} is a folder.", _ACCEPTED)
    size = path.stat().st_size
    content, inner = _contents(path, shown, _ACCEPTED)
    if content is FileKind.ZIP:
        return _odoo_zip(path, size, shown)
    if inner in _DUMPS:
        with _opened(path) as file:
            said = said_size(file, content, size)
        return Backup(size, Dump(inner, size, size, said, partial(_open_file, path, content)))
    raise _refused(shown, content, inner, _ACCEPTED)


def open_filestore(path: Path, shown: str) -> Members:
    """Recognise a filestore by its content.

    Raises:
        Invalid: it is something else; the message says what.
    """
    if path.is_dir():
        held = sum(each.size for each in folder_members(path))
        return Members(held, lambda _limit: folder_members(path))
    content, inner = _contents(path, shown, _FILESTORES)
    if content is FileKind.ZIP:
        return _zip_filestore(path, "")
    if inner is FileKind.TAR:
        return Members(path.stat().st_size, partial(_tar_members, path, content))
    raise _refused(shown, content, inner, _FILESTORES)


def _contents(path: Path, shown: str, accepted: str) -> tuple[FileKind, FileKind]:
    """Return what a file is, and what it holds once unpacked."""
    with _opened(path, shown, accepted) as file:
        content = recognise(file.read(HEAD_BYTES))
        if content not in _COMPRESSED:
            return content, content
        file.seek(0)
        with damaged():
            return content, recognise(unpacked(file, content).read(HEAD_BYTES))


def _opened(path: Path, shown: str = "The source", accepted: str = _ACCEPTED) -> BinaryIO:
    """Open a file for reading.

    Raises:
        Invalid: it is a folder, or a pipe or device, which could be waited for without end.
    """
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)  # neither waits nor reaches a device
    try:
        mode = os.fstat(place).st_mode
        if stat.S_ISREG(mode):
            return Path(f"/proc/self/fd/{place}").open("rb")
    finally:
        os.close(place)
    found = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
    raise Invalid(f"{shown} is {found}.", accepted)


def _refused(shown: str, content: FileKind, inner: FileKind, accepted: str) -> Invalid:
    held = "" if inner is content else f" that holds {inner.value}"
    return Invalid(f"{shown} is {content.value}{held}.", accepted)


@contextmanager
def _open_file(path: Path, content: FileKind) -> Iterator[DumpStream]:
    with _opened(path) as file, closing(unpacked(file, content)) as stream:
        yield DumpStream(stream, file.tell, file.tell)


@contextmanager
def _open_member(path: Path, name: str) -> Iterator[DumpStream]:
    with _opened(path) as file:
        found = next(each for each in ZipArchive(file).members() if each.name == name)
        with found.open() as stream:
            yield DumpStream(stream, partial(_packed, found, path.stat().st_size))


def _packed(member: Member, most: int) -> int:
    """Return a member's packed bytes, which the archive only claims: no more than it has."""
    return min(member.size if member.packed is None else member.packed, most)


def _odoo_zip(path: Path, size: int, shown: str) -> Backup:
    with _opened(path) as file:
        members = [
            each
            for each in ZipArchive(file).members()
            if each.kind is MemberKind.FILE and "filestore/" not in each.name
        ]
        dumps = [each for each in members if each.name.rpartition("/")[2] in _NAMES]
        if len(dumps) != 1:
            found = "no dump.sql" if not dumps else "several dumps"
            raise Invalid(f"{shown} is a zip archive with {found}.", _ACCEPTED)
        [dump] = dumps
        packed = _packed(dump, size)
        refuse_bomb(dump.size, packed)
        with dump.open() as stream:
            content = recognise(stream.read(HEAD_BYTES))
        if content not in _DUMPS:
            raise Invalid(f"{dump.name} of {shown} is {content.value}.", _ACCEPTED)
        folder = dump.name.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        manifest = next((each for each in members if each.name == f"{prefix}manifest.json"), None)
        return Backup(
            size,
            Dump(content, dump.size, packed, dump.size, partial(_open_member, path, dump.name)),
            BackupManifest() if manifest is None else _read_manifest(manifest, shown),
            _zip_filestore(path, f"{prefix}filestore/"),
        )


def _zip_filestore(path: Path, prefix: str) -> Members:
    with _opened(path) as file:
        members = ZipArchive(file).members()
        held = sum(each.size for each in members if each.name.startswith(prefix))
    return Members(held, partial(_zip_members, path, prefix))


def _zip_members(path: Path, prefix: str, limit: int) -> Iterator[Member]:
    with _opened(path) as file:
        packed, most = 0, path.stat().st_size
        expansion = Expansion(lambda: packed, limit)
        for member in ZipArchive(file).members():
            if member.name.startswith(prefix):
                packed = min(packed + _packed(member, most), most)
                expansion.add(member.size)  # a member yields no more than it says
                yield member


def _tar_members(path: Path, content: FileKind, limit: int) -> Iterator[Member]:
    with _opened(path) as file:
        yield from tar_members(unpacked(file, content), Expansion(file.tell, limit))


def _read_manifest(member: Member, shown: str) -> BackupManifest:
    with member.open() as file:
        text = file.read(_MANIFEST_BYTES)
    try:
        said: dict[str, Any] = dict(json.loads(text))
        modules = {str(name): str(version) for name, version in dict(said["modules"]).items()}
        return BackupManifest(_text(said, "version"), _text(said, "pg_version"), modules)
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise Invalid(
            f"manifest.json of {shown} is not Odoo's.", "Make the backup again with Odoo."
        ) from cause


def _text(said: dict[str, Any], key: str) -> str:
    return str(said.get(key, ""))[:64]
