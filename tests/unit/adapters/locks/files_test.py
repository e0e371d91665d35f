import fcntl
import json
import os
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from oduflow.adapters.locks import FileLocks, HeldLock, files
from oduflow.adapters.locks.flock import take
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import Busy, QuotaReached, UpstreamFailed
from oduflow.kernel.locks import LockKey, Locks
from tests.support.programs import eventually, finished, go, running, said

KEY = LockKey.environment("1", "sale")
HOLD = """
import sys
from pathlib import Path
from oduflow.adapters.locks import FileLocks
from oduflow.kernel.locks import LockKey
key = LockKey.environment("1", "sale")
held = FileLocks(Path(sys.argv[1])).acquire(key, "create_environment by ada")
print("held", flush=True)
sys.stdin.readline()
"""
HOLD_WITH_A_CHILD = """
import subprocess, sys
from pathlib import Path
from oduflow.adapters.locks import FileLocks
from oduflow.kernel.locks import LockKey
key = LockKey.environment("1", "sale")
held = FileLocks(Path(sys.argv[1])).acquire(key, "parent")
child = subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.readline()
"""
COUNT = """
import sys
from pathlib import Path
from oduflow.adapters.locks import FileLocks
from oduflow.kernel.locks import LockKey
locks, counter = FileLocks(Path(sys.argv[1])), Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(50):
    with locks.acquire(LockKey("counter"), "counting", wait=30):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def test_a_lock_is_taken_once_in_a_process(locks):
    held = locks.acquire(KEY, "first")
    with pytest.raises(Busy):
        locks.acquire(KEY, "second")

    held.release()

    locks.acquire(KEY, "second").release()


def test_locks_of_other_keys_are_free(locks):
    with locks.acquire(KEY, "first"):
        locks.acquire(LockKey.environment("2", "sale"), "second").release()
        locks.acquire(LockKey.template("1", "sale"), "third").release()


def test_a_busy_answer_names_what_who_and_for_how_long(locks, folder):
    with locks.acquire(KEY, "create_environment by ada"):
        sign(folder, since=rfc3339(now() - timedelta(minutes=4, seconds=10)))

        with pytest.raises(Busy) as caught:
            locks.acquire(KEY, "second")

    assert caught.value.message == "“sale” is busy: create_environment by ada, for 4 min."
    assert caught.value.hint


def test_a_lock_without_a_name_is_called_by_its_noun(locks):
    with (
        locks.acquire(LockKey.credentials("1"), "ada"),
        pytest.raises(Busy, match="“credentials” is busy"),
    ):
        locks.acquire(LockKey.credentials("1"), "second")


@pytest.mark.parametrize(
    "torn",
    [
        b"",
        b'{"holder": "ada", "since": "2026-01-01T00:00:00.000Z"}',
        b'{"holder": "ad\n',
        b"[]\n",
        b'{"holder": "ada", "since": "yesterday"}\n',
        b'{"holder": "ada"}\n',
        b"\xff\xfe\x00\n",
    ],
)
def test_a_lock_with_an_unreadable_holder_is_busy(locks, folder, torn):
    with locks.acquire(KEY, "ada"):
        lock_file(folder).write_bytes(torn)

        with pytest.raises(Busy, match="“sale” is busy: another call"):
            locks.acquire(KEY, "second")


def test_a_holder_that_has_not_signed_yet_is_given_a_moment(locks, folder):
    with locks.acquire(KEY, "x"):
        path = lock_file(folder)
    with path.open("wb", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        line = json.dumps({"holder": "ada", "since": rfc3339(now())}).encode() + b"\n"
        threading.Timer(0.005, file.write, (line,)).start()

        with pytest.raises(Busy, match="busy: ada"):
            locks.acquire(KEY, "second")


def test_a_short_signature_over_a_long_one_is_read_alone(locks, folder):
    with locks.acquire(KEY, "x"):
        path = lock_file(folder)
    path.write_bytes(b"#" * 1000)

    with locks.acquire(KEY, "ada"), pytest.raises(Busy, match="busy: ada, for 0 s"):
        locks.acquire(KEY, "second")


def test_a_released_lock_leaves_no_file(locks, folder):
    for number in range(20):
        locks.acquire(LockKey.template("1", str(number)), "ada").release()

    assert list(folder.iterdir()) == []


def test_who_waited_for_a_file_that_was_removed_holds_the_one_that_counts(locks, folder):
    first = locks.acquire(KEY, "first")
    taken: list[HeldLock] = []
    waiting = threading.Thread(target=lambda: taken.append(locks.acquire(KEY, "second", wait=30)))
    waiting.start()
    assert eventually(lambda: openers(folder) == 2)

    first.release()
    waiting.join(30)

    with pytest.raises(Busy, match="busy: second"):
        locks.acquire(KEY, "third")
    taken[0].release()
    assert locks.is_free(KEY)


def test_releasing_leaves_a_file_that_another_program_put_there(locks, folder):
    held = locks.acquire(KEY, "first")
    lock_file(folder).unlink()
    second = locks.acquire(KEY, "second")

    held.release()

    assert not locks.is_free(KEY)
    second.release()


def test_releasing_twice_does_not_free_the_next_holder(locks):
    first = locks.acquire(KEY, "first")
    first.release()
    second = locks.acquire(KEY, "second")

    first.release()

    assert not locks.is_free(KEY)
    second.release()


def test_an_exception_in_the_block_releases_the_lock(locks):
    with pytest.raises(ZeroDivisionError), locks.acquire(KEY, "first"):
        raise ZeroDivisionError

    assert locks.is_free(KEY)


def test_asking_whether_it_is_free_makes_no_file_and_takes_nothing(locks, folder):
    assert locks.is_free(KEY)
    assert not folder.exists()

    held = locks.acquire(KEY, "first")
    assert not locks.is_free(KEY)
    held.release()
    assert locks.is_free(KEY)


def test_asking_whether_a_lock_is_free_does_not_make_it_busy(locks, folder):
    with locks.acquire(KEY, "killed"):
        path = lock_file(folder)
    path.touch()
    with path.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.2, fcntl.flock, (looking, fcntl.LOCK_UN)).start()

        locks.acquire(KEY, "worker").release()


def test_waiting_takes_it_when_it_comes_free(locks):
    held = locks.acquire(KEY, "first")
    threading.Timer(0.15, held.release).start()
    began = time.monotonic()

    locks.acquire(KEY, "second", wait=5).release()

    assert 0.1 < time.monotonic() - began < 2


def test_waiting_ends(locks):
    with locks.acquire(KEY, "first"):
        began = time.monotonic()
        with pytest.raises(Busy):
            locks.acquire(KEY, "second", wait=0.2)

    assert 0.2 <= time.monotonic() - began < 2


def test_not_waiting_answers_at_once(locks):
    with locks.acquire(KEY, "first"):
        began = time.monotonic()
        with pytest.raises(Busy):
            locks.acquire(KEY, "second")

    assert time.monotonic() - began < 0.2


def test_files_are_private_and_say_nothing_of_the_key_in_their_name(locks, folder):
    before = os.umask(0)
    try:
        held = locks.acquire(LockKey.environment("1", "../../etc/passwd"), "ada")
    finally:
        os.umask(before)

    with held:
        assert lock_file(folder).stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(lock_file(folder).name) == len(".lock") + 32


def test_a_link_in_the_place_of_a_lock_is_not_followed(locks, folder, tmp_path):
    with locks.acquire(KEY, "ada"):
        path = lock_file(folder)
    (tmp_path / "precious").write_text("kept")
    path.symlink_to(tmp_path / "precious")

    with pytest.raises(UpstreamFailed):
        locks.acquire(KEY, "ada")

    assert (tmp_path / "precious").read_text() == "kept"


def test_a_folder_that_cannot_be_made_is_named_without_its_path(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(UpstreamFailed) as caught:
        FileLocks(tmp_path / "file" / "locks").acquire(KEY, "ada")

    assert isinstance(caught.value.__cause__, OSError)
    assert str(tmp_path) not in caught.value.message + caught.value.hint


def test_a_lock_of_another_process_is_busy_and_free_after_its_kill(locks, folder):
    with running(HOLD, folder, KEY) as process:
        assert said(process) == "held"
        assert not locks.is_free(KEY)
        with pytest.raises(Busy, match="create_environment by ada"):
            locks.acquire(KEY, "second")

        process.kill()
        process.wait()

        locks.acquire(KEY, "second").release()
        assert list(folder.iterdir()) == []


def test_a_child_does_not_inherit_the_lock_of_its_killed_parent(locks, folder):
    with running(HOLD_WITH_A_CHILD, folder, KEY) as process:
        child = int(said(process))
        try:
            process.kill()
            process.wait()

            os.kill(child, 0)
            assert locks.is_free(KEY)
        finally:
            os.kill(child, 9)


def test_a_release_counts_even_while_another_process_shares_the_open_file(locks, folder):
    held = locks.acquire(KEY, "first")
    inherited = [int(fd.name) for fd in Path("/proc/self/fd").iterdir() if opens(fd, folder)]
    with subprocess.Popen(["sleep", "60"], pass_fds=inherited) as child:
        try:
            held.release()

            assert len(inherited) == 1
            assert locks.is_free(KEY)
        finally:
            child.kill()


def test_processes_exclude_each_other(folder, tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")
    with running(COUNT, folder, counter) as one, running(COUNT, folder, counter) as two:
        assert (said(one), said(two)) == ("ready", "ready")
        go(one, two)
        finished(one)
        finished(two)

    assert counter.read_text() == "100"


def test_a_lock_may_be_released_by_another_thread(locks):
    held = locks.acquire(KEY, "request")

    threading.Thread(target=held.release).start()

    assert eventually(lambda: locks.is_free(KEY))


def test_file_locks_implement_the_kernels_port(locks):
    port: Locks = locks

    port.acquire(KEY, "ada").release()


def lock_file(folder):
    (found,) = folder.iterdir()
    return found


def sign(folder, **changed):
    path = lock_file(folder)
    path.write_text(json.dumps(json.loads(path.read_text()) | changed) + "\n")


def openers(folder):
    return sum(opens(fd, folder) for fd in Path("/proc/self/fd").iterdir())


def opens(descriptor, folder):
    try:
        return descriptor.readlink().is_relative_to(folder)
    except FileNotFoundError:
        return False


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "locks"


@pytest.fixture
def locks(folder):
    return FileLocks(folder)


def test_a_lock_that_a_full_disk_refuses_is_made_when_the_reserve_is_given_up(
    tmp_path, monkeypatch
):
    freed: list[str] = []

    def take_or_refuse(path, holder, *, wait):
        if not freed:
            raise QuotaReached("The disk is full: no lock can be made.", "")
        return take(path, holder, wait=wait)

    monkeypatch.setattr(files, "take", take_or_refuse)

    with FileLocks(tmp_path, on_full=lambda: freed.append("reserve")).acquire(KEY, "delete"):
        assert freed == ["reserve"]
