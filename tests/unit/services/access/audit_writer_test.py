"""Repeated reads of an actor and repeated anonymous refusals are counted."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit.view import ReadAudit
from oduflow.domain.errors import Busy
from oduflow.services.access.audit_writer import (
    MAX_ADDRESSES,
    MAX_COUNTERS,
    MAX_REFUSALS,
    AuditWriter,
)
from tests.support.audit_trails import open_log
from tests.support.empty_store import open_empty_store
from tests.support.programs import eventually
from tests.support.store_rows import MOMENT, audit_row

STRANGER = Actor("1", ActorKind.ANONYMOUS, "anonymous", frozenset())
FLOOD = 100_000
MEGABYTE = 1_000_000


class FailingLog:
    """Rows in a list; appending fails on request."""

    def __init__(self):
        self.rows = []
        self.fails = False

    def append(self, *rows):
        if self.fails:
            raise Busy("The store is being written by another process.")
        self.rows.extend(rows)

    @property
    def counts(self):
        return [(row.operation, row.address, row.count) for row in self.rows]


def test_the_first_read_is_a_row_at_once_and_the_repeats_are_one_more(trail, log):
    for second in range(60):
        trail.count(read(time=MOMENT + timedelta(seconds=second), duration_ms=second % 7))
    assert log.counts == [("list_jobs", "192.0.2.1", 1)]

    trail.flush()

    assert log.counts[1:] == [("list_jobs", "192.0.2.1", 59)]
    assert (log.rows[1].time, log.rows[1].duration_ms) == (MOMENT + timedelta(seconds=59), 6)


def test_a_read_that_was_not_repeated_is_one_row(trail, log):
    trail.count(read())
    trail.flush()
    trail.flush()

    assert log.counts == [("list_jobs", "192.0.2.1", 1)]


@pytest.mark.parametrize(
    "other",
    [
        {"actor": Actor("1", ActorKind.BASIC, "admin", subject_id="7")},
        {"face": "mcp"},
        {"address": "192.0.2.2"},
        {"operation": "get_job"},
        {"fields": {"name": "sale"}},
        {"outcome": "not_found"},
    ],
)
def test_only_what_is_alike_is_counted_together(trail, log, other):
    trail.count(read())
    trail.count(read(**other))

    assert len(log.rows) == 2


def test_what_changes_something_is_never_counted(trail, log):
    trail.append(audit_row())
    trail.append(audit_row())

    assert len(log.rows) == 2


def test_a_minute_ends_by_the_clock(log):
    trail = AuditWriter(log, minute=0.02)
    for _ in range(3):
        trail.count(refusal())

    assert eventually(lambda: log.counts == [("sign_in", "192.0.2.1", 3)])
    trail.count(refusal())
    assert eventually(lambda: len(log.rows) == 2)


def test_closing_writes_what_was_counted_and_leaves_no_clock(trail, log):
    trail.count(refusal())

    trail.close()
    trail.close()

    assert log.counts == [("sign_in", "192.0.2.1", 1)]
    assert trail._timer is None


def test_closing_leaves_no_clock_where_nothing_can_be_written(trail, log):
    trail.count(refusal())
    log.fails = True

    trail.close()

    assert trail._timer is None


def test_what_cannot_be_written_is_counted_on(trail, log, caplog):
    trail.count(refusal())
    trail.count(read())
    trail.count(read())
    log.fails = True
    trail.flush()
    assert "not in the audit trail yet" in caplog.text
    log.fails = False
    trail.count(refusal())
    trail.count(read())

    trail.flush()

    assert sorted(log.counts[1:]) == [("list_jobs", "192.0.2.1", 2), ("sign_in", "192.0.2.1", 2)]


def test_many_threads_lose_no_call(trail, log):
    def knock():
        for _ in range(500):
            trail.count(refusal())

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    trail.flush()

    assert log.counts == [("sign_in", "192.0.2.1", 4000)]


def test_refusals_of_endless_variety_share_a_row(trail, log):
    ada, eve = (Actor("1", ActorKind.OAUTH, name) for name in ("ada", "eve"))
    for number in range(MAX_REFUSALS + 50):
        trail.count(absent(ada, str(number)))
    trail.count(absent(eve, "own"))
    trail.count(absent(ada, "0"))
    trail.flush()

    told = [(row.actor, row.address, dict(row.fields), row.count) for row in log.rows]
    assert len(told) == MAX_REFUSALS + 4
    assert told[MAX_REFUSALS] == (ada, "others", {}, 1)
    assert told[MAX_REFUSALS + 1] == (eve, "192.0.2.1", {"name": "own"}, 1)
    assert told[-2:] == [
        (ada, "192.0.2.1", {"name": "0"}, 1),
        (ada, "others", {}, 49),
    ]


def test_a_new_minute_distinguishes_refusals_again(trail, log):
    ada = Actor("1", ActorKind.OAUTH, "ada")
    for number in range(MAX_REFUSALS + 1):
        trail.count(absent(ada, str(number)))
    trail.flush()

    trail.count(absent(ada, "later"))

    assert log.rows[-1].fields == {"name": "later"}


def test_strangers_are_told_apart_by_address_up_to_a_number(trail, log):
    for number in range(MAX_ADDRESSES + 50):
        trail.count(refusal(address=f"198.51.{number // 250}.{number % 250}"))
    trail.flush()

    assert len(log.rows) == MAX_ADDRESSES + 1
    assert log.counts[-1] == ("sign_in", "others", 50)


def test_an_ipv6_network_of_one_site_is_one_address(trail, log):
    trail.count(refusal(address="2001:db8:1:2::1"))
    trail.count(refusal(address="2001:db8:1:2:ffff::9"))
    trail.count(refusal(address="2001:db8:1:3::1"))
    trail.count(refusal(address="::ffff:192.0.2.1"))
    trail.count(refusal(address="192.0.2.1"))
    trail.flush()

    assert [(address, count) for _, address, count in log.counts] == [
        ("2001:db8:1:2::/64", 2),
        ("2001:db8:1:3::/64", 1),
        ("192.0.2.1", 2),
    ]


def test_reads_of_endless_variety_take_no_endless_memory(trail, log):
    for number in range(MAX_COUNTERS + 10):
        trail.count(read(fields={"name": str(number)}))

    assert len(trail._known) == MAX_COUNTERS
    assert len(log.rows) == MAX_COUNTERS + 10


@pytest.mark.thorough
@pytest.mark.parametrize("addresses", [1, FLOOD])
def test_a_hundred_thousand_refusals_grow_the_store_by_less_than_a_megabyte(tmp_path, addresses):
    store = open_empty_store(tmp_path / "store.sqlite")
    audit_log = open_log(store)
    audit_log.append(audit_row())
    before = size(tmp_path)
    trail = AuditWriter(audit_log)

    for number in range(FLOOD):
        place = number % addresses
        trail.count(refusal(address=f"10.{place >> 16}.{place >> 8 & 255}.{place & 255}"))
        if number % (FLOOD // 5) == 0:  # five minutes of 333 a second
            trail.flush()
    trail.close()

    assert size(tmp_path) - before < MEGABYTE
    strangers = [row for row in pages(audit_log) if row.operation == "sign_in"]
    assert sum(row.count for row in strangers) == FLOOD
    assert audit_log.verify().findings == ()
    store.close()
    assert size(tmp_path) - before < MEGABYTE


def read(**given):
    values = {"operation": "list_jobs", "actor": Actor("1", ActorKind.BASIC, "admin")}
    return audit_row(**{**values, **given})


def refusal(address="192.0.2.1"):
    return replace(REFUSAL, address=address)


def absent(actor, name):
    return audit_row(
        actor=actor, operation="delete_template", fields={"name": name}, outcome="not_found"
    )


def pages(log):
    rows, before = [], None
    while found := log.find("1", ReadAudit(limit=200, before=before)):
        rows += [each.row for each in found]
        before = found[-1].number
    return rows


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


REFUSAL = audit_row(operation="sign_in", actor=STRANGER, outcome="unauthenticated")


@pytest.fixture
def log():
    return FailingLog()


@pytest.fixture
def trail(log):
    made = AuditWriter(log)
    yield made
    log.fails = False
    made.close()
