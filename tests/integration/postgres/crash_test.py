"""The server is killed without warning: what was committed is whole afterwards."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from oduflow.adapters.postgres.connection import Endpoint, open_admin
from oduflow.adapters.postgres.databases import Strategy
from tests.support.postgres_container import PostgresContainer, docker
from tests.support.tenants import Tenants

# Without it the log's writer may save in time what no session waited for.
LATE = ("-c", "wal_writer_delay=10s")
UNLOGGED = "CREATE UNLOGGED TABLE u (id serial PRIMARY KEY)"
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


@pytest.mark.parametrize("strategy", ["wal_log", "file_copy"])
def test_after_a_crash_a_copy_with_unlogged_tables_is_still_proven(
    mortal: PostgresContainer, strategy: Strategy
) -> None:
    tenants, cluster = Tenants(mortal), mortal.cluster
    made = tenants.empty("env", UNLOGGED, "INSERT INTO u SELECT generate_series(1, 1000)")
    one, new, old = (tenants.new(kind).name for kind in ("snap", "new", "snap"))
    cluster.take_snapshot(made.name, one, strategy=strategy)
    cluster.prepare_rollback(one, new, made.name, strategy=strategy)
    cluster.exchange_database(made.name, new, old)
    crash(mortal)
    assert cluster.is_copy(made.name, one)
    cluster.admit(made.name)
    assert tenants.ask(made, "SELECT count(*) FROM u") == [0]


def test_what_a_crash_leaves_of_copies_and_removals_is_removed(mortal: PostgresContainer) -> None:
    tenants, cluster = Tenants(mortal), mortal.cluster
    source, base, cut = tenants.template("CREATE TABLE a (id int)"), base_of(mortal), 0
    for number in range(10):
        made = None if number % 2 else tenants.clone(source)
        with ThreadPoolExecutor(1) as background:
            work = (
                partial(cluster.drop_database, made.name)
                if made
                else partial(tenants.clone, source)
            )
            working = background.submit(work)
            time.sleep(0.015 * (number // 2))
            crash(mortal)
            cut += working.exception(60) is not None
        cluster.drop_interrupted()
        cluster.remove_orphans(folders(base), lambda name: shutil.rmtree(base / name))
        assert folders(base) == oids(mortal)
    assert cut > 1


def test_a_folder_is_kept_while_a_database_is_being_made(mortal: PostgresContainer) -> None:
    base, removed = base_of(mortal), list[str]()
    (base / "99999").mkdir()
    endpoint = Endpoint(mortal.socket_dir)
    with open_admin(endpoint, mortal.password, "hold") as admin, admin.transaction():
        admin.run("LOCK TABLE pg_database IN ROW EXCLUSIVE MODE")  # as CREATE DATABASE does
        assert mortal.cluster.remove_orphans({"99999"}, removed.append) == ()
    assert mortal.cluster.remove_orphans({"99999", "5"}, removed.append) == ("99999",)
    assert removed == ["99999"]
    (base / "99999").rmdir()


def base_of(server: PostgresContainer) -> Path:
    root = docker("volume", "inspect", "--format", "{{.Mountpoint}}", server.name)
    return Path(root) / "cluster" / "base"


def folders(base: Path) -> set[str]:
    return {each.name for each in base.iterdir() if each.name.isdecimal()}


def oids(server: PostgresContainer) -> set[str]:
    with open_admin(Endpoint(server.socket_dir), server.password, "look") as admin:
        return {str(oid) for (oid,) in admin.run("SELECT oid FROM pg_database")}


def crash(server: PostgresContainer) -> None:
    docker("kill", server.name)
    docker("start", server.name)
    server.wait()
