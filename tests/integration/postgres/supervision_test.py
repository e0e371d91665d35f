"""Sessions that hold up the whole cluster are ended; those of an ordinary Odoo stay."""

from dataclasses import replace

import psycopg
import pytest

from oduflow.adapters.postgres.supervision import LIMITS, EndedSession
from tests.support.tenants import MadeTenant, Tenants

MANY_NOTIFICATIONS = """
    DO $$ BEGIN
        FOR each IN 1..3000 LOOP
            PERFORM pg_notify('imbus', each || repeat('x', 7900));
        END LOOP;
    END $$
"""


def ended(tenants: Tenants, made: MadeTenant, **limits: int) -> list[str]:
    """Return why sessions of the role were ended."""
    found = tenants.postgres.cluster.end_excessive(replace(LIMITS, **limits))
    return [each.reason for each in found if each.role == made.name]


def flood(session: psycopg.Connection) -> None:
    for _ in range(20):
        session.execute(MANY_NOTIFICATIONS)


def alive(session: psycopg.Connection) -> bool:
    try:
        session.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def test_a_listener_in_a_transaction_cannot_stop_the_bus_for_long(tenants) -> None:
    greedy, other = tenants.role(), tenants.role()
    with tenants.connected(greedy, "postgres") as listener:
        assert listener.execute("SHOW transaction_timeout").fetchone() == ("1min",)
        for statement in ("LISTEN imbus", "SET transaction_timeout = 0", "BEGIN", "SELECT 1"):
            listener.execute(statement)
        with (
            tenants.connected(other, "postgres") as bus,
            pytest.raises(psycopg.Error, match="too many notifications"),
        ):
            flood(bus)
        assert ended(tenants, greedy) == []
        assert ended(tenants, greedy, bus_seconds=0) == [
            "a long transaction in the database of the bus"
        ]
        assert not alive(listener)
    with tenants.connected(other, "postgres") as bus:
        bus.execute("LISTEN imbus")
        bus.execute("NOTIFY imbus, 'again'")
        assert [each.payload for each in bus.notifies(timeout=5, stop_after=1)] == ["again"]


def test_a_transaction_that_does_nothing_is_ended_unless_it_is_odoos(tenants) -> None:
    made = tenants.empty()
    with (
        tenants.connected(made, application_name="psql") as forgotten,
        tenants.connected(made, application_name="psql") as waiting,
        tenants.connected(made, application_name="odoo-42") as odoo,
        tenants.connected(made) as old_odoo,
    ):
        for session in (forgotten, odoo, old_odoo):
            session.execute("BEGIN")
        assert ended(tenants, made) == []
        assert ended(tenants, made, idle_seconds=0) == [
            "a transaction of another program than Odoo that does nothing"
        ]
        assert not alive(forgotten)
        assert all(map(alive, (waiting, odoo, old_odoo)))


def test_a_transaction_that_keeps_old_ids_is_ended_and_their_age_is_told(tenants) -> None:
    made, other = tenants.empty(), tenants.empty()
    before = tenants.postgres.cluster.oldest_id()
    with (
        tenants.connected(made) as keeper,
        tenants.connected(made) as writer,
        tenants.connected(other) as neighbour,
    ):
        keeper.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        keeper.execute("SELECT 1")
        for _ in range(50):
            writer.execute("SELECT txid_current()")
        neighbour.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        neighbour.execute("SELECT 1")
        assert ended(tenants, made) == []
        found = tenants.postgres.cluster.end_excessive(replace(LIMITS, transaction_age=20))
        reason = "a transaction that keeps too many transaction ids"
        assert found == (EndedSession(made.name, reason),)
        assert (alive(keeper), alive(writer), alive(neighbour)) == (False, True, True)
    assert tenants.postgres.cluster.oldest_id().age >= before.age + 50


def test_a_database_with_too_old_ids_loses_its_sessions(tenants) -> None:
    made = tenants.empty()
    with tenants.connected(made) as idle:
        assert ended(tenants, made, database_age=0) == ["its database has too old transaction ids"]
        assert not alive(idle)
