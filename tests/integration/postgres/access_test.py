"""Who may enter what, and what a tenant can do where it may enter."""

import contextlib
import socket
import struct
import time

import psycopg
import pytest
from psycopg import errors as pg

from oduflow.adapters.postgres import config
from oduflow.adapters.postgres.errors import Crowded
from tests.support.tenants import LIMIT

NO_ENTRY = r"no pg_hba\.conf entry"
ATTRIBUTES = """
    SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolconnlimit
    FROM pg_roles WHERE rolname = %s
"""


def test_a_role_has_no_privilege_and_a_connection_limit(tenants) -> None:
    made = tenants.role()
    assert tenants.look(ATTRIBUTES, made.name) == [(False, False, False, False, False, LIMIT)]


@pytest.mark.parametrize("database", ["oduflow", "template1", "template0"])
def test_a_tenant_cannot_enter_our_databases(tenants, database) -> None:
    made = tenants.empty()
    with (
        pytest.raises(psycopg.OperationalError, match=NO_ENTRY),
        tenants.connected(made, database),
    ):
        pass


def test_a_tenant_cannot_enter_anothers_database_nor_a_template(tenants) -> None:
    one, other, template = tenants.empty(), tenants.empty(), tenants.template()
    tenants.run(other, f"GRANT CONNECT ON DATABASE {other.name} TO PUBLIC")
    for database in (other.name, template.name):
        with (
            pytest.raises(psycopg.OperationalError, match=NO_ENTRY),
            tenants.connected(one, database),
        ):
            pass


def test_no_database_is_open_to_public(tenants) -> None:
    tenants.clone(tenants.template())
    open_to_public = """
        SELECT datname FROM pg_database WHERE datacl IS NULL OR EXISTS (
            SELECT FROM aclexplode(datacl) WHERE grantee = 0)
    """
    assert tenants.look(open_to_public) == []


def test_the_bus_of_odoo_works_in_the_database_postgres(tenants) -> None:
    one, other = tenants.empty(), tenants.empty()
    with tenants.connected(one, "postgres") as here, tenants.connected(other, "postgres") as there:
        here.execute("LISTEN imbus")
        there.execute("NOTIFY imbus, 'hello'")
        assert [note.payload for note in here.notifies(timeout=5, stop_after=1)] == ["hello"]


@pytest.mark.parametrize(
    "statement",
    [
        *("CREATE TABLE t (a int)", "CREATE TEMP TABLE t (a int)", "CREATE SCHEMA s"),
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        *("CREATE EXTENSION hstore", "CREATE PUBLICATION p", "CREATE TYPE e AS ENUM ('a')"),
        *("SELECT lo_create(0)", "SELECT lo_creat(-1)", "SELECT lo_from_bytea(0, 'x')"),
        "SELECT lo_import('/etc/passwd')",
        *("CREATE DATABASE x", "CREATE ROLE x", "SET ROLE oduflow_bus", "SET ROLE oduflow_admin"),
        *("ALTER DATABASE postgres SET search_path = x", "ALTER SYSTEM SET fsync = off"),
        "CREATE EVENT TRIGGER e ON login EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        *("COPY (SELECT 1) TO PROGRAM 'id'", "COPY (SELECT 1) TO '/tmp/x'", "CHECKPOINT"),
        "GRANT oduflow_bus TO oduflow_admin",
    ],
)
def test_a_tenant_can_make_nothing_in_the_database_postgres(tenants, statement) -> None:
    made = tenants.role()
    with tenants.connected(made, "postgres") as connection:
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement)
        assert refused.value.sqlstate in {"42501", "3F000", "0A000"}


def test_default_privileges_in_postgres_do_not_keep_a_role_alive(cluster, tenants) -> None:
    made = tenants.role()
    with tenants.connected(made, "postgres") as connection:
        connection.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
    cluster.drop_role(made.name)
    assert not tenants.look("SELECT 1 FROM pg_roles WHERE rolname ~ %s", made.name)


def test_grants_from_another_tenant_do_not_keep_a_role_listed(cluster, tenants) -> None:
    one, victim = tenants.empty(), tenants.role()
    tenants.run(
        one,
        "CREATE TABLE t (a int)",
        f"GRANT SELECT ON t TO {victim.name}",
        f"GRANT ALL ON DATABASE {one.name} TO {victim.name}",
        f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {victim.name}",
    )
    cluster.drop_role(victim.name)
    assert victim.name not in cluster.roles()
    left = "SELECT rolcanlogin FROM pg_roles WHERE rolname ~ %s"
    assert tenants.look(left, victim.name) == [(False,)]
    cluster.drop_database(one.name)
    assert tenants.look(left, victim.name) == []


def test_a_tenant_cannot_give_its_database_powers(tenants) -> None:
    made = tenants.empty()
    for statement in (
        f"ALTER DATABASE {made.name} RENAME TO other",
        f"ALTER DATABASE {made.name} OWNER TO oduflow_admin",
        "CREATE EVENT TRIGGER e ON login EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION postgres_fdw",
        "CREATE EXTENSION file_fdw",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        f"ALTER ROLE {made.name} CONNECTION LIMIT 100",
        f"ALTER ROLE {made.name} SUPERUSER",
    ):
        with pytest.raises(pg.InsufficientPrivilege):
            tenants.run(made, statement)


def test_the_network_is_closed_until_a_team_is_let_in(postgres, tenants) -> None:
    made, other = tenants.empty(), tenants.empty()
    address, source = postgres.address, postgres.address.rsplit(".", 1)[0] + ".0/24"
    postgres.allow()
    with (
        pytest.raises(psycopg.OperationalError, match=NO_ENTRY),
        tenants.connected(made, host=address),
    ):
        pass
    postgres.allow(source)
    with tenants.connected(made, host=address) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (made.name,)
    with (
        pytest.raises(psycopg.OperationalError, match=NO_ENTRY),
        tenants.connected(made, other.name, host=address),
    ):
        pass


@pytest.mark.parametrize("database", ["oduflow", "postgres"])
def test_the_admin_cannot_enter_over_the_network(postgres, database) -> None:
    postgres.allow("0.0.0.0/0")
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
        admin(postgres, database, host=postgres.address)


def test_the_admin_cannot_enter_a_tenants_database_by_socket_either(postgres, tenants) -> None:
    made, template = tenants.empty(), tenants.template()
    for database in (made.name, template.name, "template1"):
        with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
            admin(postgres, database, host=str(postgres.socket_dir))


def test_the_sockets_folder_is_closed_to_others(postgres) -> None:
    assert postgres.root.stat().st_mode & 0o077 == 0
    assert postgres.socket_dir.stat().st_mode & 0o077 == 0
    assert (postgres.socket_dir / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0


def test_200_connections_of_one_role_leave_the_others_serving(cluster, tenants) -> None:
    greedy, other = tenants.empty(), tenants.empty()
    refused = 0
    with contextlib.ExitStack() as held:
        for _ in range(200):
            try:
                held.enter_context(tenants.connected(greedy))
            except psycopg.OperationalError:
                refused += 1
        assert refused == 200 - LIMIT
        assert tenants.ask(other, "SELECT 1") == [1]
        cluster.ready()
        with pytest.raises(Crowded, match="no database connection is free"):
            tenants.tenant(greedy).module_states(["base"])


def test_strangers_who_never_sign_in_are_gone_within_seconds(postgres, cluster) -> None:
    hello = struct.pack("!I", 196608) + b"user\0env_x\0database\0env_x\0\0"
    limit = server_options(postgres)["authentication_timeout"].rstrip("s")
    with contextlib.ExitStack() as held:
        for _ in range(2 * postgres.settings.max_connections):
            stranger = held.enter_context(socket.create_connection((postgres.address, 5432)))
            stranger.sendall(struct.pack("!I", len(hello) + 4) + hello)
        end = time.monotonic() + int(limit) + 5
        while True:
            try:
                cluster.ready()
                break
            except Crowded:
                assert time.monotonic() < end
                time.sleep(0.2)


def server_options(postgres) -> dict[str, str]:
    words = config.server_command(postgres.settings)
    return dict(word.split("=", 1) for word in words if "=" in word)


def admin(postgres, database: str, *, host: str) -> None:
    psycopg.connect(
        host=host,
        dbname=database,
        user="oduflow_admin",
        password=postgres.password,
        connect_timeout=10,
    ).close()
