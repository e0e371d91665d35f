import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text

from oduflow.adapters.store import Facts, Store
from oduflow.adapters.store.tables import facts
from oduflow.domain.errors import Busy, Conflict, Failure, QuotaReached, UpstreamFailed


def test_nothing_is_touched_before_the_store_is_needed(tmp_path):
    Store(tmp_path / "folder" / "store.sqlite")

    assert list(tmp_path.iterdir()) == []


def test_every_file_of_it_belongs_to_the_server_alone(tmp_path):
    before = os.umask(0)
    try:
        store = Store(tmp_path / "folder" / "store.sqlite")
        store.migrate()
        Facts(store).set("key", "value")
        modes = {file.name: file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()}
        folder = store.path.parent.stat().st_mode & 0o777
        store.close()
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(("store.sqlite", "store.sqlite-wal", "store.sqlite-shm"), 0o600)
    assert folder == 0o700


def test_a_file_that_others_may_read_is_made_private(store):
    store.close()
    store.path.chmod(0o644)

    store.check()

    assert store.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("setting", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 2000)],
)
def test_every_connection_is_set_up(store, setting, value):
    with store.read() as first, store.read() as second:
        for connection in (first, second):
            assert connection.scalar(text(f"PRAGMA {setting}")) == value


def test_a_write_waits_for_the_disk_unless_a_power_cut_may_lose_it(store):
    full, normal = 2, 1  # https://sqlite.org/pragma.html#pragma_synchronous
    for lasting, mode in ((True, full), (False, normal), (True, full)):
        with store.write(lasting=lasting) as connection:
            assert connection.scalar(text("PRAGMA synchronous")) == mode


def test_a_query_alone_sees_what_is_written_and_waits_for_no_write(store):
    Facts(store).set("key", "before")
    query = select(facts.c.value).where(facts.c.key == bindparam("key"))

    with store.write() as connection:
        connection.execute(text("UPDATE facts SET value = 'after'"))
        during = store.rows(query, {"key": "key"})

    assert [tuple(row) for row in during] == [("before",)]
    assert [tuple(row) for row in store.rows(query, {"key": "key"})] == [("after",)]
    assert store.rows(query, {"key": "other"}) == []


def test_a_query_alone_leaves_no_transaction_behind(store):
    store.rows(select(facts.c.value))

    with store.read() as connection:  # the same connection, which begins with its first statement
        used = connection.connection.driver_connection
        assert not used.in_transaction
        connection.execute(select(facts.c.value))
        assert used.in_transaction
    assert not used.in_transaction


def test_a_write_that_fails_leaves_nothing(store):
    def write_the_same_twice():
        with store.write() as connection:
            for _ in range(2):
                connection.execute(text("INSERT INTO facts VALUES ('half', 'done')"))

    with pytest.raises(Conflict):
        write_the_same_twice()

    assert Facts(store).get("half") is None


def test_a_write_holds_the_lock_from_its_first_read(store):
    with store.write() as connection:
        connection.execute(text("SELECT * FROM facts"))

        with pytest.raises(Busy), quick(store).write() as other:
            other.execute(text("SELECT * FROM facts"))


def test_a_read_sees_one_moment_and_blocks_no_write(store):
    facts = Facts(store)
    facts.set("key", "before")

    with store.read() as connection:
        value = text("SELECT value FROM facts WHERE key = 'key'")
        assert connection.scalar(value) == "before"
        facts.set("key", "after")
        assert connection.scalar(value) == "before"

    assert facts.get("key") == "after"


def test_closing_leaves_no_descriptor_and_one_file(store):
    with store.read() as one, store.read() as two:
        one.execute(text("SELECT 1"))
        two.execute(text("SELECT 1"))
    assert open_files(store.path)

    store.close()

    assert open_files(store.path) == []
    assert [file.name for file in store.path.parent.iterdir()] == [store.path.name]


def test_closing_twice_is_no_error_and_a_later_use_opens_again(store):
    Facts(store).set("key", "value")
    store.close()
    store.close()

    assert Facts(store).get("key") == "value"


def test_a_check_passes_on_a_store_that_can_be_written(store):
    store.check()


def test_a_store_that_another_process_writes_for_too_long_is_busy_and_works_afterwards(store):
    impatient = quick(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            impatient.check()
        other.execute("ROLLBACK")

    impatient.check()
    impatient.close()


def test_a_file_that_another_writes_while_it_turns_to_wal_is_waited_for(tmp_path):
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.2, other.execute, ("ROLLBACK",))
        release.start()
        store = Store(path)

        with store.read() as connection:
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"

        release.join()
        store.close()


def test_a_full_disk_is_called_a_quota_and_the_store_works_once_there_is_room(store):
    with store.read() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(QuotaReached, match="disk is full"):
        Facts(store).set("long", "x" * 100_000)

    with store.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    Facts(store).set("long", "x" * 100_000)


def test_a_read_only_store_fails_the_check(store):
    with store.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")

    with pytest.raises(UpstreamFailed, match="cannot be opened or written"):
        store.check()


def test_a_file_that_is_no_database_is_damaged_and_is_left_as_it_is(tmp_path):
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"certainly not a database\n" * 400)
    before = path.read_bytes()
    store = Store(path)

    with pytest.raises(UpstreamFailed, match="damaged"):
        store.migrate()

    store.close()
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named_without_its_path(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(UpstreamFailed) as caught:
        Store(tmp_path / "file" / "store.sqlite").check()

    assert isinstance(caught.value.__cause__, OSError)
    assert str(tmp_path) not in caught.value.message + caught.value.hint


def test_a_file_removed_under_the_server_fails_the_check(store):
    store.path.unlink()

    with pytest.raises(UpstreamFailed, match="removed"):
        store.check()


def test_a_failure_does_not_log_what_was_to_be_written(store):
    with pytest.raises(Failure) as caught, store.write() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:value)"), {"value": "confidential"})

    assert "confidential" not in str(caught.value.__cause__)


def quick(store: Store) -> Store:
    return Store(store.path, patience=0.05)


def open_files(path: Path) -> list[str]:
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue  # the descriptor that listed the folder
    return [target for target in targets if target.startswith(str(path))]


def test_a_full_disk_calls_on_full_and_a_callers_quota_does_not(tmp_path):
    told = []
    store = Store(tmp_path / "store.sqlite", on_full=lambda: told.append("full"))

    with pytest.raises(QuotaReached, match="team's own"), store.write():
        raise QuotaReached("This is the team's own limit.")
    assert told == []
    with pytest.raises(QuotaReached, match="disk is full"):
        overfill(store)
    assert told == ["full"]
    store.close()


def overfill(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("PRAGMA max_page_count = 2"))
        connection.execute(text("CREATE TABLE large (content BLOB)"))
        connection.execute(text("INSERT INTO large VALUES (zeroblob(1000000))"))
