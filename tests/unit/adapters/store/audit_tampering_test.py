"""Every change of the trail without the key is found, with its first row."""

import hashlib
import shutil
import sqlite3
from contextlib import closing

import pytest

from oduflow.domain.audit.verification import Fault
from tests.support.audit_trails import KEY, NOON, forge, open_log, sealing_with, sql, written
from tests.support.clocks import SteppedClock
from tests.support.store_rows import audit_row

ROWS = 12
EDIT = "UPDATE audit SET canonical = replace(canonical, '192.0.2.1', '192.0.2.9') WHERE number = 5"
SWAP = (
    "UPDATE audit SET (canonical, previous, seal) = (SELECT canonical, previous, seal FROM kept"
    " WHERE kept.number = 11 - audit.number) WHERE number IN (5, 6)"
)
REPEAT = (
    "INSERT INTO audit SELECT 13, time, team, canonical, previous, seal FROM audit"
    " WHERE number = 12"
)
OF_ONE = "SELECT time, canonical, seal FROM audit WHERE number = ?"
RENUMBER = "UPDATE audit SET number = number - 1 WHERE number > 5"


def test_an_untouched_audit_log_is_verified(log):
    verdict = log.verify()

    assert verdict.findings == ()
    assert (verdict.rows, verdict.last) == (ROWS, ROWS)


@pytest.mark.parametrize(
    ("statements", "number", "fault"),
    [
        ([EDIT], 5, Fault.CHANGED),
        (["UPDATE audit SET team = '2' WHERE number = 5"], 5, Fault.CHANGED),
        (["UPDATE audit SET time = '2020-01-01T00:00:00Z' WHERE number = 5"], 5, Fault.CHANGED),
        (["UPDATE audit SET seal = NULL WHERE number = 5"], 5, Fault.CHANGED),
        (["UPDATE audit SET seal = NULL, previous = NULL"], 1, Fault.CHANGED),
        (["DELETE FROM audit WHERE number = 5"], 5, Fault.MISSING),
        (["DELETE FROM audit WHERE number < 4"], 1, Fault.MISSING),
        (["DELETE FROM audit WHERE number = 5", RENUMBER], 5, Fault.CHANGED),
        (
            [
                "UPDATE audit SET number = 99 WHERE number = 5",
                "UPDATE audit SET number = 5 WHERE number = 6",
                "UPDATE audit SET number = 6 WHERE number = 99",
            ],
            5,
            Fault.CHANGED,
        ),
        (
            ["CREATE TABLE kept AS SELECT * FROM audit", SWAP],
            5,
            Fault.CHANGED,
        ),
        (["DELETE FROM audit WHERE number > 9"], 10, Fault.CUT),
        (["DELETE FROM audit WHERE number = 12"], 12, Fault.CUT),
        (["DELETE FROM audit", "DELETE FROM sqlite_sequence"], 1, Fault.CUT),
        (
            [REPEAT],
            13,
            Fault.CHANGED,
        ),
    ],
)
def test_tampering_with_the_audit_is_found_where_it_begins(store, log, statements, number, fault):
    sql(store.path, *statements)

    found = log.verify().findings[0]

    assert (found.number, found.fault) == (number, fault)


@pytest.mark.parametrize(
    "statements",
    [
        [EDIT],
        ["DELETE FROM audit WHERE number = 5"],
        ["DELETE FROM audit WHERE number > 9"],
        ["DELETE FROM audit"],
    ],
)
def test_writing_on_does_not_hide_it(store, log, statements):
    sql(store.path, *statements)
    before = log.verify().findings[0]

    written(log, 3)

    after = log.verify().findings[0]
    assert after.number == before.number
    assert after.fault in {before.fault, Fault.MISSING}


def test_a_cut_tail_is_told_to_the_log_by_the_next_row(store, log, caplog):
    sql(store.path, "DELETE FROM audit WHERE number > 9")

    written(log, 1)

    assert "the audit trail was cut or changed" in caplog.text


@pytest.mark.parametrize(
    "sealed_by",
    [
        sealing_with("a guess"),
        lambda row, previous: hashlib.sha256(f"{row}{previous}".encode()).hexdigest(),
    ],
    ids=["another key", "no key"],
)
def test_a_chain_sealed_anew_without_the_key_is_found(store, log, sealed_by):
    sql(store.path, EDIT)
    forge(store.path, 5, sealed_by)

    findings = log.verify().findings

    assert (findings[0].number, findings[0].fault) == (5, Fault.CHANGED)
    assert len(findings) > ROWS - 5


def test_the_same_with_the_key_would_not_be_found_but_for_the_head(store, log):
    sql(store.path, EDIT)
    forge(store.path, 5, sealing_with(KEY))

    findings = log.verify().findings

    assert [(found.number, found.fault) for found in findings] == [(ROWS, Fault.CHANGED)]


def test_a_row_of_another_history_is_found(store, log, clock, head):
    """Written and sealed by ourselves, after the same row: then an older copy was put back."""
    store.close()
    for path in (store.path, head):
        shutil.copy(path, path.with_name("copy"))
    log.append(audit_row(operation="delete_environment"))
    with store.read() as connection:
        other = connection.exec_driver_sql(OF_ONE, (ROWS + 1,)).one()
    store.close()
    for path in (store.path, head):
        shutil.copy(path.with_name("copy"), path)
    written(log, 3)
    change = "UPDATE audit SET time = ?, canonical = ?, seal = ? WHERE number = ?"
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(change, (*other, ROWS + 1))

    found = log.verify().findings[0]

    assert (found.number, found.fault) == (ROWS + 2, Fault.DETACHED)


def test_an_older_copy_of_the_store_is_found_by_the_head_file(store, log):
    store.close()
    copy = store.path.with_name("copy")
    shutil.copy(store.path, copy)
    written(log, 5)
    store.close()
    shutil.copy(copy, store.path)

    found = log.verify().findings[0]

    assert (found.number, found.fault) == (ROWS + 1, Fault.CUT)


def test_an_older_copy_of_store_and_head_file_is_found_by_a_checkpoint(store, log, clock, head):
    store.close()
    for path in (store.path, head):
        shutil.copy(path, path.with_name("copy"))
    clock.now = clock.now.replace(day=5)
    written(log, 5)
    clock.now = clock.now.replace(day=6)
    written(log, 1)
    store.close()
    for path in (store.path, head):
        shutil.copy(path.with_name("copy"), path)

    found = log.verify().findings[0]

    assert (found.number, found.fault) == (ROWS + 1, Fault.CUT)


def test_a_cut_tail_with_a_head_file_written_from_the_store_is_found(store, log, head):
    sql(store.path, "DELETE FROM audit WHERE number > 9")
    day, number, _, signature = head.read_text().split()
    seal = open_seal(store, 9)
    head.write_text(f"{day} {int(number) - 3:020} {seal} {signature}\n")

    assert "head file" in log.verify().findings[0].message


def test_a_checkpoint_is_no_head(store, log, clock, head):
    clock.now = clock.now.replace(day=5)
    written(log, 2)
    sql(store.path, "DELETE FROM audit WHERE number > 12")
    head.write_text(head.with_name("checkpoints").read_text())

    assert "head file" in log.verify().findings[0].message


def test_without_its_head_file_a_trail_is_not_in_order_now_or_later(store, log, head):
    sql(store.path, "DELETE FROM audit WHERE number > 9")
    head.unlink()

    assert "head file is missing" in log.verify().findings[0].message

    written(log, 2)
    found = log.verify().findings[0]
    assert (found.number, found.fault) == (10, Fault.DETACHED)
    assert "the head file was missing" in found.message


@pytest.mark.parametrize("text", ["", "nonsense\n", "ünï\n"])
def test_a_damaged_head_file_is_found(log, head, text):
    head.write_text(text)

    assert "head file" in log.verify().findings[0].message


def test_a_forged_checkpoint_is_found(log, clock, head):
    clock.now = clock.now.replace(day=5)
    written(log, 1)
    checkpoints = head.with_name("checkpoints")
    checkpoints.write_text(checkpoints.read_text().replace("2026-03-04", "2026-03-03"))

    assert "Line 1 of the checkpoints" in log.verify().findings[0].message


def test_another_key_fits_nothing(store, log):
    findings = open_log(store, "another key").verify().findings

    assert findings[0].number == 1
    assert "sealed with another key" in findings[0].message


def test_a_later_start_looks_only_at_what_came_after(store, log):
    sql(store.path, EDIT, "DELETE FROM audit WHERE number = 8")

    assert [found.number for found in log.verify(6).findings] == [8]
    assert log.verify(9).findings == ()
    assert [found.number for found in log.verify(8).findings] == [8]


def open_seal(store, number: int) -> str:
    with store.read() as connection:
        return str(
            connection.exec_driver_sql(
                "SELECT seal FROM audit WHERE number = ?", (number,)
            ).scalar_one()
        )


@pytest.fixture
def clock():
    return SteppedClock(NOON)


@pytest.fixture
def log(store, clock):
    made = open_log(store, clock=clock)
    written(made, ROWS)
    return made


@pytest.fixture
def head(store):
    return store.path.parent / "audit" / "head"
