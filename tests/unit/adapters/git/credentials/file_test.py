import multiprocessing
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from oduflow.adapters.git.credentials.entries import Entry, format_line
from oduflow.adapters.git.credentials.file import CredentialFile
from oduflow.adapters.locks import FileLocks
from oduflow.domain.errors import UpstreamFailed
from oduflow.kernel.locks import LockKey

PASSWORD = "secret"
FOREIGN = b"# mine\n\nhttps://old:one@git.example\r\nnot a line of git's\xff\n"
EACH = 200


def entry(user: str = "me", password: str = PASSWORD, path: str = "/") -> Entry:
    return Entry("https", "github.com", 443, path, user, password)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "team_1" / ".git-credentials"


@pytest.fixture
def file(path: Path) -> CredentialFile:
    return CredentialFile(path, nullcontext)


def test_a_credential_is_kept_for_its_owner_alone(file, path):
    file.keep(entry())

    assert path.read_bytes() == b"https://me:secret@github.com\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert file.entries() == (entry(),)


def test_a_file_that_others_could_read_is_closed_by_the_next_change(file, path):
    path.parent.mkdir()
    path.write_bytes(FOREIGN)
    path.chmod(0o644)

    file.keep(entry())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_foreign_lines_are_kept_byte_for_byte_and_in_their_order(file, path):
    path.parent.mkdir()
    path.write_bytes(FOREIGN)

    file.keep(entry())
    file.keep(entry(user="other"))
    file.remove(entry())
    file.remove(entry(user="other"))

    assert path.read_bytes() == FOREIGN


def test_a_last_line_without_an_end_is_not_glued_to_ours(file, path):
    path.parent.mkdir()
    path.write_bytes(b"https://a:b@git.example")

    file.keep(entry())

    assert path.read_bytes() == b"https://a:b@git.example\nhttps://me:secret@github.com\n"


def test_a_new_token_takes_the_old_ones_place_and_other_paths_stay(file):
    file.keep(entry())
    file.keep(entry(path="/acme"))
    file.keep(entry(password="new"))

    assert file.entries() == (entry(path="/acme"), entry(password="new"))


def test_removing_what_is_not_there_changes_nothing(file, path):
    file.keep(entry())
    before = path.stat()

    file.remove(entry(user="unknown"))

    assert path.stat().st_ino == before.st_ino


def test_what_a_killed_process_left_beside_it_is_replaced(file, path):
    path.parent.mkdir()
    aside = path.with_name(".git-credentials.new")
    aside.write_bytes(b"half a li")

    file.keep(entry())

    assert not aside.exists()
    assert file.entries() == (entry(),)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(file, path, monkeypatch):
    file.keep(entry())

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Exception, match="disk of the data folder is full"):
        file.keep(entry(user="other"))

    assert path.read_bytes() == format_line(entry()) + b"\n"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_link_in_its_place_is_not_followed(file, path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(format_line(entry()))

    with pytest.raises(UpstreamFailed):
        file.entries()


@pytest.mark.thorough
def test_two_processes_adding_and_deleting_200_credentials_at_once_lose_none(path, tmp_path):
    start = multiprocessing.get_context("spawn")
    workers = [
        start.Process(target=add_and_delete, args=(path, tmp_path / "locks", name))
        for name in ("a", "b")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)

    assert [worker.exitcode for worker in workers] == [0, 0]
    kept = {each.username for each in CredentialFile(path, nullcontext).entries()}
    assert kept == {f"{name}{number}" for name in "ab" for number in range(1, EACH, 2)}


def add_and_delete(path: Path, locks: Path, name: str) -> None:
    """Add 200; delete every other one right after the next was added."""
    taken = FileLocks(locks)
    file = CredentialFile(path, lambda: taken.acquire(LockKey.credentials("1"), "a test", wait=60))
    for number in range(EACH):
        file.keep(entry(user=f"{name}{number}"))
        if number % 2:
            file.remove(entry(user=f"{name}{number - 1}"))
