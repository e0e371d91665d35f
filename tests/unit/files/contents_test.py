import subprocess
import sys

import pytest

from oduflow.files.contents import FileKind, recognise


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"", FileKind.EMPTY),
        (b"PGDMP\x01\x0f", FileKind.CUSTOM),
        (b"\x1f\x8b\x08\x00", FileKind.GZIP),
        (b"\x28\xb5\x2f\xfd\x04", FileKind.ZSTD),
        (b"PK\x03\x04rest", FileKind.ZIP),
        (b"x" * 257 + b"ustar\x0000", FileKind.TAR),
        (b"--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET x = 0;", FileKind.SQL),
        (b"\n\n--\n-- PostgreSQL database dump\n--\n\nSET x = 0;", FileKind.SQL),
        (b"/* made by hand */\ncreate table a ();", FileKind.SQL),
        (b"\xef\xbb\xbfSET x = 0;", FileKind.SQL),
        (b"--\n-- PostgreSQL database cluster dump\n--\n\nSET x = 0;", FileKind.CLUSTER),
        (b"-- MySQL dump 10.13\nDROP TABLE a;", FileKind.MYSQL),
        (b"\n<!DOCTYPE html><html>", FileKind.WEB_PAGE),
        (b'{"error": "no"}', FileKind.JSON),
        (b"version https://git-lfs.github.com/spec/v1\n", FileKind.LFS),
        (b"SQLite format 3\x00", FileKind.SQLITE),
        (b"\xff\xfeS\x00E\x00T\x00", FileKind.UTF_16),
        (b"Dear colleague, the dump is attached.", FileKind.TEXT),
        (b"\x00\x01\x02\x03", FileKind.UNKNOWN),
    ],
)
def test_a_file_is_recognised_by_its_first_bytes(head, content):
    assert recognise(head) is content


@pytest.mark.parametrize("head", [b" " * 4000 + b"x", b"/**/" * 1000 + b"x"])
def test_a_head_of_blanks_and_comments_is_recognised_at_once(head):
    program = f"from oduflow.files.contents import recognise; print(recognise({head!r}).name)"

    # In a process of its own: a match that takes for ever cannot be stopped in this one.
    found = subprocess.check_output([sys.executable, "-c", program], timeout=10)

    assert found == b"TEXT\n"


def test_a_character_that_is_cut_at_the_end_is_still_text():
    assert recognise("é".encode() * 10 + b"\xc3") is FileKind.TEXT
