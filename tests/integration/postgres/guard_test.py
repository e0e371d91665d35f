"""A full lock table is emptied by ending the session that fills it, and no other."""

import psycopg
import pytest

from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.errors import Exhausted
from tests.support.hoarder import fill_locks
from tests.support.postgres_container import PostgresContainer, docker
from tests.support.tenants import Tenants


def unguarded(postgres: PostgresContainer) -> Cluster:
    return Cluster(socket_dir=postgres.socket_dir, password=lambda: postgres.password)


@pytest.fixture
def guarded(postgres: PostgresContainer) -> Cluster:
    cluster = unguarded(postgres)
    cluster.keep_guard()
    return cluster


def test_the_hoarder_alone_is_ended(guarded: Cluster, tenants: Tenants) -> None:
    # What others make from now on invalidates the caches of the kept session.
    hoarder, other = tenants.empty(), tenants.empty()
    with tenants.connected(hoarder) as full, tenants.connected(other) as innocent:
        with innocent.transaction():
            innocent.execute("CREATE TABLE kept (a int)")
            fill_locks(full)
            with pytest.raises(Exhausted):
                guarded.ready()
            assert guarded.end_hoarder() > 3000
            guarded.ready()
        with pytest.raises(psycopg.errors.AdminShutdown):
            full.execute("SELECT 1")
    assert tenants.ask(other, "SELECT count(*) FROM kept") == [0]
    with tenants.connected(hoarder) as again:
        fill_locks(again)
        assert guarded.end_hoarder() > 3000
        guarded.ready()


def test_without_a_kept_session_no_hoarder_can_be_ended(postgres: PostgresContainer) -> None:
    assert unguarded(postgres).end_hoarder() == 0


def test_a_kept_session_that_ended_with_the_server_is_opened_again(
    guarded: Cluster, postgres: PostgresContainer, tenants: Tenants
) -> None:
    docker("restart", postgres.name)
    postgres.wait()
    guarded.keep_guard()
    with tenants.connected(tenants.empty()) as holder, holder.transaction(force_rollback=True):
        holder.execute("CREATE TABLE held ()")
        assert guarded.end_hoarder() > 0
