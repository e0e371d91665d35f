"""The server is killed without warning: what was committed is whole afterwards."""

from collections.abc import Iterator

import pytest

from tests.support.postgres_container import PostgresContainer, docker
from tests.support.tenants import Tenants

# Without it the log's writer may save in time what no session waited for.
LATE = ("-c", "wal_writer_delay=10s")
GROW = "INSERT INTO grown DEFAULT VALUES"


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresContainer]:
    """A server of these tests' own."""
    server = PostgresContainer()
    try:
        server.start(*LATE).cluster.prepare()
        yield server
    finally:
        server.remove()


def test_after_a_crash_no_sequence_is_behind_its_table(mortal: PostgresContainer) -> None:
    tenants = Tenants(mortal)
    made = tenants.empty()
    with tenants.connected(made) as session:
        with session.transaction():  # as Odoo does it: a module's tables and rows at once
            session.execute("CREATE TABLE grown (id serial PRIMARY KEY)")
            session.execute(GROW)
        for _ in range(5):
            session.execute(GROW)
        session.execute("SET synchronous_commit = on")
        session.execute("CREATE TABLE flushed ()")
    crash(mortal)
    tenants.run(made, GROW)
    assert tenants.ask(made, "SELECT count(*) FROM grown") == [7]


def test_after_a_crash_no_sequence_of_a_copy_is_behind_its_table(mortal: PostgresContainer) -> None:
    tenants = Tenants(mortal)
    source = tenants.template("CREATE TABLE grown (id serial PRIMARY KEY)", GROW, GROW)
    copy = tenants.clone(source)
    tenants.run(copy, GROW, "SET synchronous_commit = on", "CREATE TABLE flushed ()")
    assert tenants.ask(copy, "SELECT id FROM grown ORDER BY id") == [1, 2, 3]
    crash(mortal)
    tenants.run(copy, GROW)
    assert tenants.ask(copy, "SELECT count(*) FROM grown") == [4]


def test_after_a_crash_a_template_that_was_sealed_is_sealed(mortal: PostgresContainer) -> None:
    tenants = Tenants(mortal)
    template = tenants.template("CREATE TABLE kept ()")
    crash(mortal)
    assert mortal.cluster.sealed() >= {template.name}


def test_after_a_crash_everything_that_a_tenant_committed_is_there(
    mortal: PostgresContainer,
) -> None:
    tenants = Tenants(mortal)
    made = tenants.empty("env", "CREATE TABLE grown (id serial PRIMARY KEY)")
    tenants.run(made, *[GROW] * 9)
    crash(mortal)
    assert tenants.ask(made, "SELECT count(*) FROM grown") == [9]


def crash(server: PostgresContainer) -> None:
    docker("kill", server.name)
    docker("start", server.name)
    server.wait()
