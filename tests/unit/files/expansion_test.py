import gzip
import io
import os

import pytest
import zstandard

from oduflow.domain.errors import Invalid, QuotaReached
from oduflow.files import expansion
from oduflow.files.contents import FileKind
from oduflow.files.expansion import Expansion, chunks, said_size, unpacked

TEXT = b"a row of a table\n" * 1000
PACKED = {
    FileKind.GZIP: gzip.compress(TEXT),
    FileKind.ZSTD: zstandard.compress(TEXT),
    FileKind.SQL: TEXT,
}


@pytest.mark.parametrize("content", PACKED)
def test_a_packed_file_is_unpacked(content):
    assert b"".join(_read(PACKED[content], content)) == TEXT


def test_several_packed_parts_are_one_file():
    assert b"".join(_read(PACKED[FileKind.GZIP] * 2, FileKind.GZIP)) == TEXT * 2
    assert b"".join(_read(PACKED[FileKind.ZSTD] * 2, FileKind.ZSTD)) == TEXT * 2


@pytest.mark.parametrize("content", [FileKind.GZIP, FileKind.ZSTD])
def test_a_damaged_file_is_refused(content):
    packed = bytearray(PACKED[content])
    packed[len(packed) // 2] ^= 0xFF
    packed[-5] ^= 0xFF

    with pytest.raises(Invalid, match="damaged or end too early"):
        list(_read(bytes(packed), content))


def test_a_gzip_file_that_ends_too_early_is_refused():
    with pytest.raises(Invalid, match="damaged or end too early"):
        list(_read(PACKED[FileKind.GZIP][:-20], FileKind.GZIP))


@pytest.mark.parametrize("content", [FileKind.GZIP, FileKind.ZSTD])
def test_a_bomb_is_refused_long_before_it_is_unpacked(content, monkeypatch):
    monkeypatch.setattr(expansion, "RATIO_FROM", 4 << 20)
    zeros = bytes(64 << 20)
    packed = gzip.compress(zeros, 9) if content is FileKind.GZIP else zstandard.compress(zeros)
    file = io.BytesIO(packed)
    counted = Expansion(file.tell, 1 << 40)

    with pytest.raises(Invalid, match="250 times its size"):
        sum(map(len, chunks(unpacked(file, content), counted)))

    assert counted.unpacked <= 32 << 20


def test_what_does_not_fit_is_refused_with_the_number():
    with pytest.raises(QuotaReached, match="more than 10 KiB, which do not fit"):
        list(_read(PACKED[FileKind.GZIP], FileKind.GZIP, limit=10 << 10))


def _read(packed, content, limit=1 << 40):
    file = io.BytesIO(packed)
    return chunks(unpacked(file, content), Expansion(file.tell, limit))


@pytest.mark.parametrize(
    ("content", "packed", "expected"),
    [
        (FileKind.SQL, TEXT, len(TEXT)),
        (FileKind.GZIP, gzip.compress(TEXT), len(TEXT)),
        (FileKind.ZSTD, zstandard.compress(TEXT), len(TEXT)),
    ],
    ids=("SQL", "gzip", "zstd"),
)
def test_a_file_says_what_it_unpacks_to(content, packed, expected):
    assert said_size(io.BytesIO(packed), content, len(packed)) == expected


@pytest.mark.parametrize("size", [1, 1000, 3 << 20])
def test_a_gzip_file_of_data_that_cannot_be_compressed_has_their_size(size):
    packed = gzip.compress(os.urandom(size))

    assert len(packed) > size
    assert said_size(io.BytesIO(packed), FileKind.GZIP, len(packed)) == size


def test_a_stream_of_zstd_that_does_not_say_its_size_is_not_guessed():
    made = zstandard.ZstdCompressor(write_content_size=False).compress(TEXT)

    assert said_size(io.BytesIO(made), FileKind.ZSTD, len(made)) == 0


def test_a_gzip_file_unpacks_to_no_less_than_its_size():
    """Its size is said modulo 4 GiB."""
    assert said_size(io.BytesIO(gzip.compress(b"")), FileKind.GZIP, 5 << 30) == 8 << 30
