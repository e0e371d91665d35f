"""Recognise what a file holds by its first bytes, not by its name."""

import re
from enum import StrEnum

HEAD_BYTES = 4096


class FileKind(StrEnum):
    """What a file holds, in words that complete “it is …”."""

    BZIP2 = "a bzip2 file"
    CLUSTER = "a dump of a whole PostgreSQL server (pg_dumpall)"
    CUSTOM = "a dump in pg_dump's custom format"
    EMPTY = "empty"
    ENCRYPTED = "an encrypted file"
    GZIP = "a gzip file"
    IMAGE = "a picture"
    JSON = "JSON"
    LFS = "a Git LFS pointer, not the file itself"
    MYSQL = "a dump of MySQL"
    PDF = "a PDF"
    RAR = "a rar archive"
    SEVEN_ZIP = "a 7z archive"
    SQL = "SQL text"
    SQLITE = "an SQLite database"
    TAR = "a tar archive"
    TEXT = "text, but not SQL"
    UTF_16 = "text in UTF-16"
    WEB_PAGE = "a web page (HTML), perhaps a sign-in page that was saved in place of the file"
    XZ = "an xz file"
    ZIP = "a zip archive"
    ZSTD = "a zstd file"
    UNKNOWN = "of an unknown format"


# Atomic: a head made to match in many ways would keep every thread waiting.
_COMMENTS = rb"(?:\xef\xbb\xbf)?(?>\s+|--[^\n]*\n|/\*.*?\*/)*+"
_WORDS = rb"(?:alter|begin|comment|copy|create|drop|insert|select|set|start)\b|\\restrict\s"
# In this order; each pattern matches at the file's beginning.
_PATTERNS: tuple[tuple[FileKind, bytes], ...] = (
    (FileKind.CUSTOM, rb"PGDMP"),
    (FileKind.GZIP, rb"\x1f\x8b"),
    (FileKind.ZSTD, rb"\x28\xb5\x2f\xfd"),
    (FileKind.ZIP, rb"PK(?:\x03\x04|\x05\x06)"),
    (FileKind.TAR, rb".{257}ustar"),
    (FileKind.BZIP2, rb"BZh[1-9]"),
    (FileKind.XZ, rb"\xfd7zXZ\x00"),
    (FileKind.SEVEN_ZIP, rb"7z\xbc\xaf\x27\x1c"),
    (FileKind.RAR, rb"Rar!"),
    (FileKind.SQLITE, rb"SQLite format 3\x00"),
    (FileKind.PDF, rb"%PDF"),
    (FileKind.IMAGE, rb"\x89PNG|\xff\xd8\xff|GIF8"),
    (FileKind.ENCRYPTED, rb"-----BEGIN PGP MESSAGE|age-encryption\.org|Salted__"),
    (FileKind.LFS, rb"version https://git-lfs"),
    (FileKind.UTF_16, rb"\xff\xfe|\xfe\xff"),
    (FileKind.WEB_PAGE, rb"\s*(?i:<!doctype html|<html)"),
    (FileKind.JSON, rb"\s*[\[{]\s*[\"\]}]"),
    (FileKind.MYSQL, rb"-- (?:MySQL|MariaDB) dump|/\*M?!"),
    (FileKind.CLUSTER, rb"(?:\s|--\s)*PostgreSQL database cluster dump"),
    (FileKind.SQL, _COMMENTS + rb"(?i:" + _WORDS + rb")"),
)


def recognise(head: bytes) -> FileKind:
    """Return what a file holds.

    Args:
        head: its first `HEAD_BYTES` bytes, fewer if it is shorter.
    """
    if not head:
        return FileKind.EMPTY
    for content, pattern in _PATTERNS:
        if re.match(pattern, head, re.DOTALL):
            return content
    return FileKind.UNKNOWN if b"\0" in head or not _is_text(head) else FileKind.TEXT


def _is_text(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # the last character may be cut
    return True
