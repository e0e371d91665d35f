"""How the trail goes on: past kills, day by day, and pruned."""

from contextlib import ExitStack
from datetime import timedelta

import pytest

from oduflow.adapters.store.audit_files import HeadFile
from oduflow.domain.audit.verification import Fault
from oduflow.domain.errors import Busy
from tests.support.audit_trails import NOON, open_log, rows_of, sql, written
from tests.support.clocks import SteppedClock
from tests.support.programs import finished, go, running, said
from tests.support.store_rows import audit_row

ROWS_EACH = 300
WRITE = f"""
import sys
from pathlib import Path
from oduflow.adapters.store import Store
from tests.support.audit_trails import open_log, written
store = Store(Path(sys.argv[1]))
log = open_log(store)
print("ready", flush=True)
sys.stdin.readline()
written(log, {ROWS_EACH})
store.close()
"""
UNSEALED = (
    "INSERT INTO audit (time, team, canonical) SELECT time, team, canonical FROM audit"
    " WHERE number = 1"
)


@pytest.mark.thorough
def test_two_processes_that_write_at_once_keep_one_chain(store):
    with ExitStack() as stack:
        writers = [stack.enter_context(running(WRITE, store.path)) for _ in range(2)]
        assert [said(writer) for writer in writers] == ["ready"] * 2
        go(*writers)
        for writer in writers:
            finished(writer)

    verdict = open_log(store).verify()

    assert verdict.findings == ()
    assert (verdict.rows, verdict.last) == (2 * ROWS_EACH, 2 * ROWS_EACH)


def test_a_kill_between_the_row_and_the_head_file_leaves_the_trail_in_order(store, log, head):
    written(log, 3)
    before = head.read_text()
    written(log, 2)
    head.write_text(before)  # as if the process had died twice before it wrote the head

    assert log.verify().findings == ()
    written(log, 2)
    verdict = log.verify()
    assert (verdict.findings, verdict.last) == ((), 7)


def test_a_kill_before_the_first_row_leaves_the_trail_in_order(store, log):
    with pytest.raises(KeyboardInterrupt):
        begin_and_die(store, log)

    assert log.verify().findings == ()
    written(log, 1)
    assert log.verify().findings == ()


def test_a_kill_right_after_the_first_row_leaves_the_trail_in_order(log, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(log, "_write_head", die)
        with pytest.raises(KeyboardInterrupt):
            written(log, 1)

    assert (log.verify().findings, log.verify().rows) == ((), 1)
    written(log, 1)
    assert (log.verify().findings, log.verify().rows) == ((), 2)


def test_a_row_that_cannot_be_written_leaves_no_gap(store, log):
    written(log, 1)
    sql(store.path, "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(Exception, match="store"):
        written(log, 1)
    sql(store.path, "DROP TRIGGER no")

    written(log, 1)

    assert (log.verify().findings, log.verify().last) == ((), 2)


def test_rows_without_seals_are_found_at_the_beginning_too(store, log, head):
    written(log, 2)
    sql(store.path, "UPDATE audit SET previous = NULL, seal = NULL")
    head.unlink()
    written(log, 1)

    faults = [(found.number, found.fault) for found in log.verify().findings]

    assert faults[:2] == [(1, Fault.CHANGED), (1, Fault.DETACHED)]
    assert (2, Fault.CHANGED) in faults


def test_a_row_without_a_seal_among_sealed_ones_is_found(store, log):
    written(log, 3)
    sql(store.path, UNSEALED)

    found = log.verify().findings[0]

    assert (found.number, found.fault) == (4, Fault.CHANGED)


def test_a_new_day_begins_with_a_checkpoint_of_the_last(store, log, clock, head):
    checkpoints = head.with_name("checkpoints")
    written(log, 2)
    assert not checkpoints.exists()

    clock.now += timedelta(days=1)
    written(log, 3)
    clock.now += timedelta(days=5)
    written(log, 1)

    lines = checkpoints.read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["2026-03-04", f"{2:020}"],
        ["2026-03-05", f"{5:020}"],
    ]
    assert log.verify().checkpoints == 2
    assert [oct(path.stat().st_mode & 0o777) for path in (head, checkpoints)] == ["0o600"] * 2


def test_a_kill_after_a_checkpoint_does_not_write_it_twice(log, clock, head):
    written(log, 2)
    before = head.read_text()
    clock.now += timedelta(days=1)
    written(log, 1)
    sql(log._store.path, "DELETE FROM audit WHERE number = 3")
    head.write_text(before)

    written(log, 1)

    assert len(head.with_name("checkpoints").read_text().splitlines()) == 1


def test_half_a_line_of_a_power_cut_spoils_no_other(log, clock, head):
    checkpoints = head.with_name("checkpoints")
    written(log, 1)
    clock.now += timedelta(days=1)
    checkpoints.write_text("2026-03-0")
    written(log, 1)

    assert log.verify().checkpoints == 2
    assert "Line 1 of the checkpoints" in log.verify().findings[0].message
    assert len(log.verify().findings) == 1


def test_pruning_takes_what_is_below_a_checkpoint_and_says_so(store, log, clock):
    many_days(log, clock)

    assert log.prune(clock.now - timedelta(days=2)) == 6

    verdict = log.verify()
    assert (verdict.findings, verdict.rows) == ((), 7)
    assert [row.operation for row in rows_of(log, team="")] == ["prune_audit"]
    clock.now += timedelta(days=10)
    written(log, 1)
    assert log.prune(clock.now) > 0
    assert log.verify().findings == ()


def test_pruning_keeps_what_no_checkpoint_covers(log, clock):
    written(log, 3)

    assert log.prune(clock.now + timedelta(days=1)) == 0
    assert log.verify().rows == 3


def test_pruning_does_not_take_what_does_not_check_out(store, log, clock, caplog):
    many_days(log, clock)
    sql(store.path, "UPDATE audit SET team = '2' WHERE number = 2")

    assert log.prune(clock.now) == 0

    assert "not pruned: Row 2" in caplog.text
    assert log.verify().findings[0].number == 2


def test_deleted_rows_are_found_even_at_a_checkpoint(store, log, clock):
    many_days(log, clock)
    sql(store.path, "DELETE FROM audit WHERE number <= 6")

    found = log.verify().findings[0]

    assert (found.number, found.fault) == (1, Fault.MISSING)


def test_a_caller_cannot_say_that_rows_were_pruned(store, log, clock):
    many_days(log, clock)
    with store.read() as connection:
        query = "SELECT seal FROM audit WHERE number = 6"
        seal = connection.exec_driver_sql(query).scalar_one()
    fields = {"through": 6, "seal": seal}
    log.append(audit_row(operation="prune_audit", fields=fields))
    log.append(audit_row(operation="create_prune_audit", face="server", fields=fields))
    sql(store.path, "DELETE FROM audit WHERE number <= 6")

    assert log.verify().findings[0].number == 1


def test_a_stopped_writer_makes_others_busy(tmp_path):
    first, second = (HeadFile(tmp_path / "head", patience=0.05) for _ in range(2))

    with first.locked():
        with pytest.raises(Busy, match="another process"), second.locked():
            pass
        with pytest.raises(Busy), first.locked():
            pass
    with second.locked():
        pass


def begin_and_die(store, log):
    with log._head.locked() as opened, store.write() as connection:
        log._end(connection, opened)
        raise KeyboardInterrupt


def many_days(log, clock):
    for _ in range(4):
        written(log, 3)
        clock.now += timedelta(days=1)


@pytest.fixture
def clock():
    return SteppedClock(NOON)


@pytest.fixture
def log(store, clock):
    return open_log(store, clock=clock)


@pytest.fixture
def head(store):
    return store.path.parent / "audit" / "head"
