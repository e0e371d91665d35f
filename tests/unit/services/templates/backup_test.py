import io
import os
import struct
import zipfile

import pytest
import zstandard

from oduflow.domain.errors import Invalid
from oduflow.files import expansion
from oduflow.services.templates.backup import open_backup, open_filestore


def test_a_large_file_among_small_ones_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(expansion, "RATIO_FROM", 1 << 20)
    files = {"aa/": b"", "aa/aab": os.urandom(2 << 20), "aa/aac": b"small", "ab/": b""}

    members = open_filestore(packed(tmp_path, files), "files.zip")(1 << 40)

    assert [each.name for each in members] == list(files)


def test_files_that_unpack_to_far_more_than_all_of_them_packed_are_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(expansion, "RATIO_FROM", 1 << 20)
    path = packed(tmp_path, {f"aa/aa{number}": bytes(1 << 20) for number in range(3)})

    with pytest.raises(Invalid, match="250 times"):
        list(open_filestore(path, "files.zip")(1 << 40))


def test_a_dump_that_claims_far_more_than_the_archive_can_hold_is_a_bomb(tmp_path):
    path = packed(tmp_path, {"dump.sql": b"-- PostgreSQL database dump\nCREATE TABLE a ();\n"})

    claim(path, unpacked=(1 << 32) - 2, packed=(1 << 32) - 2)

    with pytest.raises(Invalid, match="250 times"):
        open_backup(path, "files.zip")


def test_files_that_claim_to_be_packed_into_more_than_the_archive_has_are_a_bomb(tmp_path):
    path = packed(tmp_path, {"aa/aab": b"small"})

    claim(path, unpacked=(1 << 32) - 2, packed=(1 << 32) - 2)

    with pytest.raises(Invalid, match="250 times"):
        list(open_filestore(path, "files.zip")(1 << 40))


@pytest.mark.parametrize("kind", ["a folder", "a pipe or a device"])
def test_a_backup_that_is_no_file_is_refused_with_what_is_accepted(tmp_path, kind):
    path = tmp_path / "source"
    path.mkdir() if kind == "a folder" else os.mkfifo(path)

    with pytest.raises(Invalid, match=f"prod is {kind}") as refused:
        open_backup(path, "prod")
    assert "pg_dump" in (refused.value.hint or "")


def test_a_filestore_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(Invalid, match="files is a pipe"):
        open_filestore(tmp_path / "pipe", "files")


ARCHIVE = b"PGDMP" + bytes(995)


@pytest.mark.parametrize(
    ("content", "sql"),
    [
        (b"SET x = 0;\n" + b"-- a\n" * 100, 511),
        (ARCHIVE, 4 * 1000),
        (zstandard.compress(ARCHIVE), 4 * 1000),
    ],
    ids=("SQL", "custom", "custom in zstd"),
)
def test_the_size_of_a_database_is_estimated_alike_however_its_dump_is_packed(
    tmp_path, content, sql
):
    (tmp_path / "dump").write_bytes(content)

    dump = open_backup(tmp_path / "dump", "dump").dump

    assert dump.expected == sql * 3 // 2
    assert dump.least <= 1000 // 2, "hexadecimal data take half of their SQL"


def test_a_packed_dump_that_does_not_say_its_size_is_taken_for_four_times_as_much(tmp_path):
    made = zstandard.ZstdCompressor(write_content_size=False).compress(b"SET x = 0;\n" * 100)
    (tmp_path / "dump").write_bytes(made)

    dump = open_backup(tmp_path / "dump", "dump").dump

    assert (dump.least, dump.expected) == (len(made) // 2, 4 * len(made) * 3 // 2)


def claim(path, *, unpacked, packed):
    """Change the sizes that the archive's list says of its only member (APPNOTE.TXT, 4.3.12)."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<LL", content, content.rindex(b"PK\1\2") + 20, packed, unpacked)
    path.write_bytes(content)


def packed(folder, files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    (folder / "files.zip").write_bytes(content.getvalue())
    return folder / "files.zip"
