import io
import os
from hashlib import sha1

import pytest

from oduflow.adapters.filestore.unpack import unpack_filestore
from oduflow.domain.errors import Invalid, QuotaReached
from oduflow.files.archives.member import Member, MemberKind

CONTENT = b"an attachment"
HASH = sha1(CONTENT).hexdigest()  # noqa: S324 - Odoo's names
PATH = f"{HASH[:2]}/{HASH}"
OWNER = (os.getuid(), os.getgid())


@pytest.mark.parametrize("above", ["", "filestore/", "data/filestore/customer/"])
def test_attachments_are_written_by_their_hash_wherever_the_archive_has_them(tmp_path, above):
    folder = tmp_path / "filestore"
    done = _unpack([above + PATH], folder)

    assert (done.files, done.size, done.skipped) == (1, len(CONTENT), 0)
    assert (folder / HASH[:2] / HASH).read_bytes() == CONTENT
    assert (folder / HASH[:2] / HASH).stat().st_mode & 0o777 == 0o644


def test_everything_else_is_skipped(tmp_path):
    names = ["README", f"filestore/{PATH}x", f"{HASH[:2]}/short", f"zz/{HASH}", ".DS_Store"]

    done = _unpack([*names, f"checklist/{PATH}", PATH], tmp_path / "filestore")

    assert (done.files, done.skipped) == (1, len(names))
    written = [each for each in (tmp_path / "filestore").rglob("*") if each.is_file()]
    assert written == [tmp_path / "filestore" / PATH]


def test_two_databases_in_one_archive_are_refused(tmp_path):
    with pytest.raises(Invalid, match="several databases: 'a' and 'b'"):
        _unpack([f"a/{PATH}", f"b/{HASH[:2]}/{HASH[:-1]}0"], tmp_path / "filestore")


def test_a_name_that_comes_twice_is_refused(tmp_path):
    with pytest.raises(Invalid, match="twice"):
        _unpack([PATH, PATH], tmp_path / "filestore")


def test_what_does_not_fit_is_not_written(tmp_path):
    def refuse(_size):
        raise QuotaReached("It does not fit.")

    with pytest.raises(QuotaReached):
        unpack_filestore([_member(PATH)], tmp_path / "filestore", OWNER, refuse, lambda _done: None)

    assert (tmp_path / "filestore" / PATH).stat().st_size == 0


def _unpack(names, folder):
    return unpack_filestore(
        map(_member, names), folder, OWNER, lambda _size: None, lambda _done: None
    )


def _member(name):
    return Member(name, MemberKind.FILE, len(CONTENT), lambda: io.BytesIO(CONTENT))
