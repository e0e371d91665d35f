import io
import os
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from oduflow.domain.errors import Invalid
from oduflow.files.archives import zip_file
from oduflow.files.archives.folder import folder_members
from oduflow.files.archives.member import MemberKind
from oduflow.files.archives.tar_stream import tar_members
from oduflow.files.archives.zip_file import ZipArchive
from oduflow.files.expansion import Expansion

OUTSIDE = ("/etc/passwd", "../x", "a/../../x", "./../x", "a/..")


def test_a_zip_and_a_tar_yield_their_files():
    files = {"a": b"one", "b/c": b"two" * 500_000}

    for members in (zipped(files), tarred(files), tarred({f"./{n}": c for n, c in files.items()})):
        found = {}
        for member in members:
            with member.open() as content:
                found[member.name] = b"".join(iter(lambda: content.read(1 << 20), b""))
        assert found == files


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_refused(name):
    for members in (zipped({name: b""}), tarred({name: b""})):
        with pytest.raises(Invalid, match="leads out of the archive"):
            list(members)


def test_links_and_devices_are_refused():
    info = zipfile.ZipInfo("ab/link")
    info.external_attr = 0o120777 << 16
    archives = [zipped({info: b"/etc/passwd"})]
    for kind in (
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
    ):
        special = tarfile.TarInfo("ab/link")
        special.type, special.linkname = kind, "/etc/passwd"
        archives.append(tarred({special: b""}))

    for members in archives:
        with pytest.raises(Invalid, match=r"is a (link|device)"):
            list(members)


def test_a_name_that_is_not_utf_8_is_shown_escaped():
    file = io.BytesIO()
    with tarfile.open(
        fileobj=file, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1"
    ) as made:
        made.addfile(tarfile.TarInfo("../caf\xe9"))
    file.seek(0)

    with pytest.raises(Invalid) as refused:
        list(tar_members(file, Expansion(file.tell, 1 << 40)))

    assert refused.value.message.isascii()


def test_a_tar_header_of_a_gigabyte_is_not_read_into_memory():
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    file = io.BytesIO(header.tobuf() + bytes(4 << 20))

    with pytest.raises(Invalid, match="headers of more than 1 MiB, or too many"):
        list(tar_members(file, Expansion(file.tell, 1 << 40)))


@pytest.mark.thorough
@pytest.mark.parametrize(("headers", "size"), [(300, 1_000_000), (900, 20)])
@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_many_headers_of_one_member_are_not_kept_in_memory(headers, size, kind):
    info = tarfile.TarInfo("pax")
    info.type, info.size = kind, size
    record = f"{size} comment=".ljust(size - 1, "x") + "\n"
    header = info.tobuf() + record.encode() + bytes(-size % tarfile.BLOCKSIZE)
    first = tarfile.TarInfo("a").tobuf()
    for before in (b"", first):  # tarfile reads the first member's headers when it opens
        file = io.BytesIO(before + header * headers + first + bytes(1024))
        tracemalloc.start()
        try:
            with pytest.raises(Invalid, match="headers of more than 1 MiB, or too many"):
                list(tar_members(file, Expansion(file.tell, 1 << 40)))
            _now, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 10 << 20


def test_a_member_of_many_mebibytes_is_read_despite_the_limit_of_headers():
    content = bytes(5 << 20)

    assert [_all(member) for member in tarred({"a": content, "b": content})] == [content] * 2


def test_a_list_of_members_that_needs_too_much_memory_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a", b"x")
    content = bytearray(file.getvalue())
    struct.pack_into("<L", content, content.rfind(b"PK\5\6") + 12, 1 << 30)

    with pytest.raises(Invalid, match="too many members"):
        ZipArchive(io.BytesIO(bytes(content)))


def test_damaged_archives_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", os.urandom(100_000))
    content = bytearray(file.getvalue())
    content[50_000] ^= 0xFF
    with pytest.raises(Invalid, match="damaged"):
        [_all(member) for member in ZipArchive(io.BytesIO(bytes(content))).members()]
    for rest in (content[:70_000], b"PK\3\4" + bytes(100)):
        with pytest.raises(Invalid, match="damaged"):
            ZipArchive(io.BytesIO(bytes(rest)))
    cut = io.BytesIO(io.BytesIO(tar({"a": bytes(100_000)})).read()[:50_000])
    with pytest.raises(Invalid, match="damaged"):
        [_all(member) for member in tar_members(cut, Expansion(cut.tell, 1 << 40))]


def test_a_zip_of_more_members_than_are_allowed_is_refused_before_they_are_kept(monkeypatch):
    monkeypatch.setattr(zip_file, "MAX_MEMBERS", 3)
    assert len(list(zipped(dict.fromkeys("abc", b"")))) == 3
    too_many = io.BytesIO(packed(dict.fromkeys("abcd", b"")))

    monkeypatch.setattr(zipfile, "ZipInfo", None)  # what zipfile keeps of each
    with pytest.raises(Invalid, match="too many members"):
        ZipArchive(too_many)


def test_a_zip_whose_second_end_record_is_elsewhere_than_zipfile_reads_it_is_refused():
    assert [each.name for each in ZipArchive(io.BytesIO(zip_64())).members()] == ["a"]

    harmless = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 47, 0)
    with pytest.raises(Invalid, match="damaged"):
        ZipArchive(io.BytesIO(zip_64(before=harmless, leads_to=0)))
    with pytest.raises(Invalid, match="damaged"):
        ZipArchive(io.BytesIO(zip_64(signature=b"PK\6\0")))


def test_a_zip_whose_list_would_begin_before_the_file_is_refused(tmp_path):
    content = bytearray(packed({"a": b"x"}))
    struct.pack_into("<L", content, content.rfind(b"PK\5\6") + 12, 1 << 20)
    (tmp_path / "zip").write_bytes(content)

    with (tmp_path / "zip").open("rb") as file, pytest.raises(Invalid, match="damaged"):
        ZipArchive(file)


def test_a_tar_that_was_cut_between_or_inside_headers_is_refused():
    whole = tar({"a": b"x" * 512, "b": b"y" * 512})

    for size in (1024, 1500, 2048, 2048 + 512):
        cut = io.BytesIO(whole[:size])
        with pytest.raises(Invalid, match="ends too early"):
            [_all(member) for member in tar_members(cut, Expansion(cut.tell, 1 << 40))]
    least = io.BytesIO(whole[: 2048 + 1024])
    assert len(list(tar_members(least, Expansion(least.tell, 1 << 40)))) == 2


def test_global_headers_of_a_tar_are_not_kept():
    file = io.BytesIO()
    for number in range(40):
        file.write(tarfile.TarInfo.create_pax_global_header({f"key{number}": "x" * 500_000}))
        file.write(tarfile.TarInfo(f"{number}").tobuf())
    file.write(bytes(1024))
    file.seek(0)

    tracemalloc.start()
    try:
        found = sum(1 for _ in tar_members(file, Expansion(file.tell, 1 << 40)))
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found == 40
    assert most < 10 << 20


def test_an_encrypted_zip_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a", b"x")
    content = bytearray(file.getvalue())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.find(mark) + offset] |= 1

    with pytest.raises(Invalid, match="encrypted"):
        [_all(member) for member in ZipArchive(io.BytesIO(bytes(content))).members()]


def test_a_folder_yields_its_files_and_refuses_links(tmp_path):
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "abc").write_text("one")
    assert [(each.name, each.kind) for each in folder_members(tmp_path)] == [
        ("ab/abc", MemberKind.FILE)
    ]

    opened = os.open(tmp_path, os.O_RDONLY)
    assert [_all(each) for each in folder_members(Path(f"/proc/self/fd/{opened}"))] == [b"one"]
    os.close(opened)

    (tmp_path / "ab" / "link").symlink_to("/etc/passwd")
    with pytest.raises(Invalid, match="is a link"):
        list(folder_members(tmp_path))


def _all(member):
    with member.open() as content:
        return b"".join(iter(lambda: content.read(1 << 20), b""))


def zipped(files):
    return ZipArchive(io.BytesIO(packed(files))).members()


def packed(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


def zip_64(*, before=b"", leads_to=None, signature=b"PK\6\6"):
    """Return a zip with the records of a large one, behind some bytes."""
    plain = packed({"a": b"x"})
    end = plain.rfind(b"PK\5\6")
    _signature, *_counts, size, begin, _comment = struct.unpack("<4s4H2LH", plain[end:])
    record = struct.pack("<4sQ2H2L4Q", signature, 44, 45, 45, 0, 0, 1, 1, size, begin)
    leads_to = end + len(before) if leads_to is None else leads_to
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, leads_to, 1)
    return before + plain[:end] + record + locator + plain[end:]


def tar(files):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, content in files.items():
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return file.getvalue()


def tarred(files):
    file = io.BytesIO(tar(files))
    return tar_members(file, Expansion(file.tell, 1 << 40))
