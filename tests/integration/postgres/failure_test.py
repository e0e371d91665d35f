"""What goes wrong with the server itself, named."""

import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from oduflow.adapters.postgres import connection
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.errors import NotRunning, Unresponsive, WrongPassword
from oduflow.domain.errors import Cancelled, QuotaReached
from tests.support.postgres_container import PostgresContainer, docker
from tests.support.tenants import MadeTenant, Tenants
from tests.support.variants import pause

READY_LIMIT = 3.5
ROWS = "INSERT INTO t SELECT repeat(md5(random()::text), 30) FROM generate_series(1, 20000)"


@pytest.fixture
def paused(postgres: PostgresContainer) -> Iterator[PostgresContainer]:
    pause(postgres.name)
    yield postgres
    docker("unpause", postgres.name)


def test_a_paused_server_is_noticed_in_time(paused) -> None:
    started = time.monotonic()
    with pytest.raises(Unresponsive, match="did not answer in time"):
        paused.cluster.ready()
    assert time.monotonic() - started < READY_LIMIT


def test_a_server_paused_in_the_middle_of_a_call_is_noticed_in_time(postgres, tenants) -> None:
    made = tenants.empty()
    tenants.run(made, "CREATE VIEW ir_module_module AS SELECT pg_sleep(60)::text AS name, '' state")
    pausing = subprocess.Popen(("sh", "-c", f"sleep 0.5; docker pause {postgres.name}"))
    try:
        started = time.monotonic()
        with pytest.raises(Unresponsive):
            tenants.tenant(made, seconds=2).module_states(["base"])
        assert 1.5 < time.monotonic() - started < 5
    finally:
        pausing.wait()
        docker("unpause", postgres.name)


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_copy_that_hangs_in_a_paused_server_can_be_cancelled(
    postgres, cluster, tenants, snapshot, monkeypatch
) -> None:
    monkeypatch.setattr(connection, "_POLL_SECONDS", 0)
    source, copy = tenants.empty(), tenants.role("snap" if snapshot else "tpl")
    make = partial(cluster.clone_database, source.name, copy.name, copy.name)
    if snapshot:
        make = partial(cluster.take_snapshot, source.name, copy.name)
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        if len(asked) == 1:
            pause(postgres.name)
        return asked[-1] - asked[0] > 1

    try:
        with pytest.raises(Cancelled):
            make(strategy="wal_log", cancelled=cancelled)
        assert asked[-1] - asked[0] < 20
    finally:
        docker("unpause", postgres.name)
    cluster.drop_database(copy.name)
    assert copy.name not in cluster.databases()


def test_a_cancelled_hand_over_takes_back_what_was_lent(cluster, tenants, monkeypatch) -> None:
    monkeypatch.setattr(connection, "_POLL_SECONDS", 0)
    source, copy = tenants.template(), tenants.role()
    cluster.clone_database(source.name, copy.name, copy.name, strategy="wal_log")
    reassigning = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND query LIKE 'REASSIGN%%'"
    lent = "SELECT 1 FROM pg_auth_members WHERE member = %s::regrole AND roleid = %s::regrole"
    with pytest.raises(Cancelled):
        cluster.hand_over(
            copy.name,
            from_role=source.name,
            to_role=copy.name,
            password=copy.password,
            cancelled=lambda: bool(tenants.look(reassigning, copy.name)),
        )
    assert tenants.look(lent, copy.name, source.name) == []


def test_a_wrong_password_is_named(postgres) -> None:
    stranger = Cluster(socket_dir=postgres.socket_dir, password=lambda: "wrong")
    with pytest.raises(WrongPassword, match="password is wrong"):
        stranger.ready()


def test_a_server_that_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="not running"):
        Cluster(socket_dir=tmp_path, password=lambda: "x").ready()


def test_a_stopped_server_is_named_and_comes_back(postgres, cluster) -> None:
    before = cluster.system_identifier()
    docker("stop", postgres.name)
    try:
        with pytest.raises(NotRunning):
            cluster.ready()
    finally:
        docker("start", postgres.name)
        postgres.wait()
    assert cluster.system_identifier() == before


def test_a_full_disk_is_named_and_leaves_nothing_behind() -> None:
    small = PostgresContainer()
    limits = ("type=tmpfs", "device=tmpfs", "o=size=150m,uid=999,gid=999")
    docker("volume", "create", *(f"--opt={limit}" for limit in limits), small.name)
    holder = f"{small.name}-holder"  # a tmpfs lasts while a container holds it
    sleep = ("--entrypoint", "sleep", "postgres:18", "600")
    docker("run", "--detach", "--init", "--name", holder, *small.volume, *sleep)
    try:
        small.start().cluster.prepare()
        tenants = Tenants(small)
        source = tenants.empty("tpl", "CREATE TABLE t (a text)", ROWS)
        small.cluster.seal_template(source.name, source.name)
        copies = [tenants.role() for _ in range(6)]
        with pytest.raises(QuotaReached, match="the disk is full"):
            copy_until_full(small, source, copies)
        made = sorted(small.cluster.databases() - {source.name})
        assert 0 < len(made) < len(copies)
        small.cluster.drop_database(made[0])
        copy_until_full(small, source, [copy for copy in copies if copy.name == made[0]])
    finally:
        small.remove()


def copy_until_full(
    postgres: PostgresContainer, source: MadeTenant, copies: list[MadeTenant]
) -> None:
    for copy in copies:
        postgres.cluster.clone_database(source.name, copy.name, copy.name, strategy="file_copy")
