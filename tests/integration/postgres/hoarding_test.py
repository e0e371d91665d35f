"""One environment cannot take what all environments of its team share: locks, memory, disk."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from oduflow.adapters.postgres.functions import LOCKS_PER_SESSION

CALLABLE = """
    SELECT DISTINCT proname FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
    AND (proname ~ 'advisory.*lock' AND proname !~ 'unlock' OR proname ~ '^lo_(creat|from)')
    AND has_function_privilege(oid, 'EXECUTE')
"""
LIMITED = {"pg_advisory_xact_lock", "pg_try_advisory_xact_lock"}
MANY = "SELECT count({}) FROM generate_series(1, {}) AS g"
HOARD = 100_000
STARTED = "SELECT pg_postmaster_start_time()"
GIGABYTES = """
    DO $$
    DECLARE one text := repeat('x', 1000000000); other text := repeat('y', 1000000000);
    BEGIN PERFORM pg_sleep(5); END $$
"""


def test_every_new_database_withholds_the_functions_that_hoard(tenants) -> None:
    template = tenants.template()
    for made in (tenants.empty(), tenants.clone(template), tenants.clone(template, "tpl")):
        assert set(tenants.ask(made, CALLABLE)) == LIMITED
        for refused in ("pg_advisory_lock(g)", "pg_try_advisory_lock_shared(1, g)", "lo_create(0)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                tenants.run(made, MANY.format(refused, HOARD))


def test_the_bus_withholds_all_of_them(tenants) -> None:
    with tenants.connected(tenants.role(), "postgres") as bus:
        assert bus.execute(CALLABLE).fetchall() == []


@pytest.mark.parametrize("call", ["pg_advisory_xact_lock(g)", "pg_try_advisory_xact_lock(7, g)"])
def test_a_lock_that_addons_use_is_limited_for_each_session(tenants, call) -> None:
    made = tenants.empty()
    enough = MANY.format(call, LOCKS_PER_SESSION)
    with tenants.connected(made) as session, session.transaction():
        assert session.execute(enough).fetchone() == (LOCKS_PER_SESSION,)
    with pytest.raises(psycopg.errors.ConfigurationLimitExceeded, match="at most 200 advisory"):
        tenants.run(made, MANY.format(call, HOARD))


def test_a_limited_lock_excludes_as_the_original_does_until_its_transaction_ends(tenants) -> None:
    made = tenants.empty()
    attempt = "SELECT pg_try_advisory_xact_lock(1), pg_try_advisory_xact_lock(1, 1)"
    with tenants.connected(made) as holder:
        with holder.transaction():
            holder.execute("SELECT pg_advisory_xact_lock(1), pg_advisory_xact_lock(1, 1)")
            with tenants.connected(made) as other:
                assert other.execute(attempt).fetchone() == (False, False)
        with tenants.connected(made) as other:
            assert other.execute(attempt).fetchone() == (True, True)


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT oduflow_original_pg_advisory_xact_lock(1)",
        "DROP FUNCTION pg_catalog.pg_advisory_xact_lock(bigint)",
        "ALTER FUNCTION pg_catalog.pg_advisory_xact_lock(bigint) RENAME TO mine",
        "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC",
        "CREATE FUNCTION mine(bigint) RETURNS void LANGUAGE internal AS 'pg_advisory_lock_int8'",
        "SET ROLE oduflow_locks",
    ],
)
def test_a_tenant_cannot_get_around_the_limit(tenants, attempt) -> None:
    made = tenants.empty()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tenants.run(made, attempt)


def test_a_dump_of_a_database_does_not_mention_the_limits(postgres, tenants) -> None:
    made = tenants.empty("env", "CREATE TABLE kept (a int)")
    dumped = subprocess.run(
        (
            *("docker", "exec", "--env", "PGPASSWORD", postgres.name),
            *("pg_dump", "--host=/run/oduflow", f"--username={made.name}", made.name),
        ),
        env={"PGPASSWORD": made.password},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "CREATE TABLE public.kept" in dumped
    assert "advisory" not in dumped
    assert "lo_create" not in dumped


def test_sessions_that_want_gigabytes_are_refused_and_the_server_goes_on(postgres, tenants) -> None:
    started, made = tenants.look(STARTED), [tenants.empty(), tenants.empty()]
    with ExitStack() as held:
        sessions = [held.enter_context(tenants.connected(each)) for each in made * 3]
        with ThreadPoolExecutor(len(sessions)) as pool:
            refused = list(pool.map(two_gigabytes, sessions))
        assert refused == ["53200"] * 6
        assert [session.execute("SELECT 1").fetchone() for session in sessions] == [(1,)] * 6
    assert tenants.look(STARTED) == started


def test_a_temporary_file_is_limited(postgres, tenants) -> None:
    made = tenants.empty()
    with pytest.raises(psycopg.errors.ConfigurationLimitExceeded, match="temp_file_limit"):
        tenants.run(made, "SELECT count(*) FROM generate_series(1, 1000000000)")
    for setting in ("temp_file_limit = -1", "max_notify_queue_pages = 1000000", "jit_provider = x"):
        with pytest.raises(psycopg.Error, match=r"permission denied|cannot be changed"):
            tenants.run(made, f"SET {setting}")


def two_gigabytes(session: psycopg.Connection) -> str | None:
    try:
        session.execute(GIGABYTES)
    except psycopg.Error as refused:
        return refused.sqlstate
    return None
