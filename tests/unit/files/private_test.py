import errno
import os

import pytest

from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.files import private
from oduflow.files.private import ensure_secret, make_folder, replace_file, write_private, writing
from tests.support.programs import finished, go, running, said

RACER = """
import sys
from pathlib import Path
from oduflow.files.private import ensure_secret
print("ready", flush=True)
input()
print(ensure_secret(Path(sys.argv[1])))
"""


def test_a_secret_is_made_once_and_stays(tmp_path):
    path = tmp_path / "secrets" / "password"

    secret = ensure_secret(path)

    assert len(secret) == 32
    assert ensure_secret(path) == secret
    assert path.read_text() == secret


def test_two_secrets_differ(tmp_path):
    assert ensure_secret(tmp_path / "one") != ensure_secret(tmp_path / "two")


def test_a_secret_that_is_there_already_is_kept(tmp_path):
    (tmp_path / "password").write_text("chosen-by-hand")

    assert ensure_secret(tmp_path / "password") == "chosen-by-hand"


def test_only_its_owner_can_read_a_secret(tmp_path, free_umask):
    path = tmp_path / "secrets" / "password"

    ensure_secret(path)

    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["password"], "nothing lies beside it"


def test_processes_that_begin_together_agree_on_one_secret(tmp_path):
    path = tmp_path / "secrets" / "password"

    with running(RACER, path) as one, running(RACER, path) as other:
        assert {said(one), said(other)} == {"ready"}
        go(one, other)
        secrets = {*finished(one), *finished(other)}

    assert secrets == {path.read_text()}


def test_who_comes_second_takes_the_secret_of_who_came_first(tmp_path, monkeypatch):
    path = tmp_path / "password"

    def write_while_another_is_faster(aside, content):
        replace_file(aside, content)
        path.write_text("the-others-secret")

    monkeypatch.setattr(private, "replace_file", write_while_another_is_faster)

    assert ensure_secret(path) == path.read_text() == "the-others-secret"
    assert [entry.name for entry in tmp_path.iterdir()] == ["password"]


def test_a_private_file_is_private_from_its_first_byte(tmp_path, free_umask, monkeypatch):
    path = tmp_path / "odoo.conf"
    modes = []
    opened = os.fdopen

    def watched(descriptor, *how, **more):
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        return opened(descriptor, *how, **more)

    monkeypatch.setattr(os, "fdopen", watched)
    write_private(path, "db_password = x\n")

    assert modes == [0o600]
    assert mode(path) == 0o600
    assert path.read_text() == "db_password = x\n"


def test_a_private_file_is_replaced_whole(tmp_path):
    path = tmp_path / "odoo.conf"
    write_private(path, "one")

    with path.open() as reader:
        write_private(path, "two")
        assert reader.read() == "one", "who reads the old file reads all of it"

    assert path.read_text() == "two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["odoo.conf"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "odoo.conf"
    write_private(path, "one")

    with pytest.raises(UnicodeEncodeError):
        write_private(path, "two \udcff")

    assert path.read_text() == "one"


def test_what_a_killed_process_left_beside_it_is_in_nobodys_way(tmp_path):
    (tmp_path / ".odoo.conf.new").write_text("half a fi")

    write_private(tmp_path / "odoo.conf", "whole")

    assert [entry.name for entry in tmp_path.iterdir()] == ["odoo.conf"]
    assert (tmp_path / "odoo.conf").read_text() == "whole"


def test_a_link_put_in_its_place_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / ".odoo.conf.new").symlink_to(target)
    (tmp_path / "odoo.conf").symlink_to(target)

    write_private(tmp_path / "odoo.conf", "secret")

    assert target.read_text() == "precious"
    assert not (tmp_path / "odoo.conf").is_symlink()


def test_a_file_gets_the_owner_that_reads_it(tmp_path):
    path = tmp_path / "odoo.conf"

    write_private(path, "x", uid=os.getuid(), gid=os.getgid())

    assert (path.stat().st_uid, path.stat().st_gid) == (os.getuid(), os.getgid())


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    made = make_folder(tmp_path / "a" / "b")
    (made / "file").touch()

    assert make_folder(made) == made
    assert (made / "file").exists()


def test_every_folder_on_the_way_is_closed_to_others(tmp_path, free_umask):
    make_folder(tmp_path / "one" / "two" / "three")

    assert {mode(tmp_path / place) for place in ("one", "one/two", "one/two/three")} == {0o700}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, QuotaReached),
        (errno.EDQUOT, QuotaReached),
        (errno.EACCES, UpstreamFailed),
        (errno.EROFS, UpstreamFailed),
    ],
)
def test_what_keeps_us_from_writing_is_named(number, kind):
    with pytest.raises(kind), writing():
        raise OSError(number, os.strerror(number))


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.fixture
def free_umask():
    """Set a umask of 0, so that a mode that depends on it is too open."""
    before = os.umask(0)
    yield
    os.umask(before)
