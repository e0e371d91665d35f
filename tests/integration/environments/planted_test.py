"""A tenant plants code in its database, harms itself, and hoards connections.

No operation of the product runs a line of that code as another role than the tenant's, no role
gains a privilege, and the neighbours go on serving.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from oduflow.domain.connections import CONNECTIONS_PER_CONTAINER, ROLE_CONNECTIONS
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.operation import Operation
from tests.support.instances import Instance, world
from tests.support.samples import required_arguments
from tests.support.variants import docker, plan_of, signed_in

pytestmark = pytest.mark.timeout(300)

# A sequence counts for whom it ran, since no rollback undoes that; then it tries to gain by it.
TRAP = """
    CREATE OR REPLACE FUNCTION {name} LANGUAGE plpgsql AS $trap$
    BEGIN
        IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
        THEN PERFORM pg_catalog.nextval('public.ran_as_superuser');
        ELSE PERFORM pg_catalog.nextval('public.ran_as_tenant'); END IF;
        BEGIN
            EXECUTE 'ALTER ROLE ' || current_database() || ' SUPERUSER';
        EXCEPTION WHEN OTHERS THEN NULL; END;
        {result}
    END $trap$
"""
PLANTS = (
    "CREATE SEQUENCE public.ran_as_superuser",
    "CREATE SEQUENCE public.ran_as_tenant",
    TRAP.format(name="public.trap() RETURNS text", result="RETURN 'installed';"),
    TRAP.format(name="public.trip() RETURNS trigger", result="RETURN new;"),
    TRAP.format(name='public."left"(text, int) RETURNS text', result="RETURN 'installed';"),
    TRAP.format(name="public.equal(text, text) RETURNS bool", result="RETURN true;"),
    "CREATE OPERATOR public.= (leftarg = text, rightarg = text, function = public.equal)",
    "CREATE TYPE public.fancy AS (a int)",
    TRAP.format(name="public.fancy_text(public.fancy) RETURNS text", result="RETURN 'x';"),
    "CREATE CAST (public.fancy AS text) WITH FUNCTION public.fancy_text AS IMPLICIT",
    "CREATE TRIGGER t BEFORE UPDATE ON res_users FOR EACH ROW EXECUTE FUNCTION public.trip()",
    "ALTER TABLE public.ir_module_module RENAME TO genuine",
    """CREATE VIEW public.ir_module_module AS
       SELECT name, public.trap() AS state, ROW(1)::public.fancy AS more FROM public.genuine""",
    "ALTER DATABASE {me} SET search_path = public, pg_catalog",
    "ALTER ROLE {me} SET search_path = public, pg_catalog",
    "ALTER ROLE {me} SET statement_timeout = 0",
    "ALTER ROLE {me} IN DATABASE postgres SET search_path = public",
)
FORBIDDEN = (
    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION public.event()",
    "ALTER ROLE {me} SUPERUSER",
    "ALTER ROLE {me} CREATEROLE",
    "ALTER ROLE {me} CONNECTION LIMIT 200",
    "ALTER ROLE oduflow_admin PASSWORD 'mine'",
    "ALTER ROLE {me} SET session_preload_libraries = 'auto_explain'",
    "ALTER DATABASE {me} SET session_preload_libraries = 'auto_explain'",
    "ALTER SYSTEM SET port = 1",
    "SET ROLE oduflow_admin",
    "SET SESSION AUTHORIZATION oduflow_admin",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "SELECT pg_read_file('/etc/passwd')",
    "CREATE EXTENSION plpython3u",
    "CREATE EXTENSION dblink",
    "ALTER FUNCTION public.trap() OWNER TO oduflow_admin",
    "CREATE DATABASE mine",
    "DROP DATABASE oduflow",
)
POWERS = """
    SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
           rolconnlimit, rolcanlogin
    FROM pg_roles WHERE rolname = %s OR rolname !~ '^((ro_)?(env|tpl)_|oduflow_readers$)' ORDER BY 1
"""
NAMED = "/environments/{name}"
LAST = "delete_environment"
# Arguments that are about this environment; every other call is the example of its declaration.
GIVEN: dict[str, dict[str, Any]] = {
    "copy_environment": {"new_name": "planted-copy"},
    "create_snapshot": {"snapshot": "kept"},
    "delete_snapshot": {"snapshot": "kept"},
    "install_modules": {"modules": ["field_notes"]},
    "run_tests": {"modules": ["field_notes"]},
    "uninstall_modules": {"modules": ["field_notes"]},
    "upgrade_modules": {"modules": ["base"]},
    "write_file": {"content": "planted"},
}


@pytest.fixture
def planted(instance: Instance, sample_repository: str) -> Iterator[EnvironmentPlan]:
    instance.ok(
        "create_environment", name="planted", repo_url=sample_repository, modules=["field_notes"]
    )
    plan = plan_of(instance, "planted")
    with signed_in(plan) as session:
        for statement in PLANTS:
            session.execute(statement.replace("{me}", plan.database))
    yield plan
    with contextlib.suppress(NotFound):
        instance.call("protect_environment", name="planted", protected=False)
        instance.call("delete_environment", name="planted")


def powers(plan: EnvironmentPlan) -> list[Any]:
    """Return the privileges of the tenant and of all other roles."""
    with signed_in(plan, "postgres") as session:
        return session.execute(POWERS, [plan.database]).fetchall()


def fired(plan: EnvironmentPlan, sequence: str) -> bool:
    with signed_in(plan) as session:
        row = session.execute(f"SELECT is_called FROM public.{sequence}").fetchone()  # noqa: S608
    assert row is not None
    return bool(row[0])


def operations_on_an_environment(instance: Instance) -> list[Operation]:
    """Return those that take an environment: first what keeps it, then what destroys, then LAST."""
    found = [each for each in instance.services.registry if each.path.startswith(NAMED)]
    return sorted(found, key=lambda each: (each.name == LAST, each.effect == "destroy"))


def arguments_of(operation: Operation) -> dict[str, Any]:
    """Return the arguments of a call about the planted environment."""
    given = GIVEN.get(operation.name, {})
    return required_arguments(operation.arguments, name="planted", **given) | given


def test_planted_code_runs_as_the_tenant_alone_in_every_operation(
    instance: Instance, sample_repository: str, planted: EnvironmentPlan
) -> None:
    before = powers(planted)
    assert [row[0] for row in before if row[1]] == ["oduflow_admin"]
    *called, last = operations_on_an_environment(instance)
    assert last.name == LAST
    assert {
        "copy_environment",
        "rebuild_environment",
        "rollback_environment",
        "diff_environment",
    } <= {each.name for each in called}
    for operation in called:
        tool = operation.name
        with contextlib.suppress(Failure):  # Odoo may break over a view in a table's place
            instance.call(tool, **arguments_of(operation))
        assert powers(planted) == before, tool
        assert not fired(planted, "ran_as_superuser"), tool
        if tool == "copy_environment":
            copy = plan_of(instance, "planted-copy")
            assert fired(copy, "ran_as_tenant")
            assert not fired(copy, "ran_as_superuser")
            instance.ok(LAST, name="planted-copy")
    assert fired(planted, "ran_as_tenant"), "no trap was triggered"
    instance.ok("create_environment", name="neighbour", repo_url=sample_repository)
    assert powers(planted) == before
    assert not fired(planted, "ran_as_superuser")
    instance.ok("protect_environment", name="planted", protected=False)
    instance.ok(LAST, name="planted")
    observer = plan_of(instance, "neighbour")
    after = [row for row in powers(observer) if row[0] != observer.database]
    assert after == [row for row in before if row[0] != planted.database]
    instance.ok("delete_environment", name="neighbour")


def test_a_tenant_cannot_give_itself_a_power(planted: EnvironmentPlan) -> None:
    before = powers(planted)
    with signed_in(planted) as session:
        session.execute(
            "CREATE FUNCTION public.event() RETURNS event_trigger LANGUAGE plpgsql AS "
            "$e$ BEGIN PERFORM public.trap(); END $e$"
        )
        for statement in FORBIDDEN:
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)
            ):
                session.execute(statement.replace("{me}", planted.database))
    assert powers(planted) == before


@pytest.mark.parametrize(
    "harm",
    [
        ["DROP DATABASE {me}"],
        [
            "ALTER DATABASE {me} CONNECTION LIMIT 0",
            "ALTER DATABASE {me} IS_TEMPLATE true",
            "REVOKE ALL ON DATABASE {me} FROM {me}",
            "ALTER DATABASE {me} ALLOW_CONNECTIONS false",
            "ALTER ROLE {me} PASSWORD 'another'",
        ],
    ],
    ids=["drops", "locks"],
)
def test_a_tenant_that_harms_itself_can_still_be_deleted(
    instance: Instance, sample_repository: str, harm: list[str]
) -> None:
    before = world(instance)
    instance.ok("create_environment", name="harmed", repo_url=sample_repository)
    plan = plan_of(instance, "harmed")
    instance.ok("stop_environment", name="harmed")
    with signed_in(plan, "postgres") as session:
        for statement in harm:
            session.execute(statement.replace("{me}", plan.database))
    assert instance.ok("get_environment", name="harmed")["state"] == "stopped"
    instance.ok("delete_environment", name="harmed")
    assert world(instance) == before


HOARD_SESSIONS = """
import configparser, psycopg2, time
conf = configparser.RawConfigParser()
conf.read("/etc/odoo/odoo.conf")
where = {name: conf["options"]["db_" + name] for name in ("host", "user", "password")}
kept, reason = [], ""
for _ in range(200):
    try:
        kept.append(psycopg2.connect(dbname=conf["options"]["db_name"], connect_timeout=2, **where))
    except psycopg2.OperationalError as error:
        reason = str(error).strip()
print(len(kept), reason, flush=True)
time.sleep(60)
"""
HOARD_SOCKETS = """
import configparser, socket, time
conf = configparser.RawConfigParser()
conf.read("/etc/odoo/odoo.conf")
kept = []
for _ in range(250):
    try:
        kept.append(socket.create_connection((conf["options"]["db_host"], 5432), timeout=0.03))
    except OSError:
        pass
print(len(kept), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("program", "most"),
    [(HOARD_SESSIONS, ROLE_CONNECTIONS), (HOARD_SOCKETS, CONNECTIONS_PER_CONTAINER)],
)
def test_one_environment_that_hoards_connections_leaves_the_others_serving(
    instance: Instance, sample_repository: str, program: str, most: int
) -> None:
    for name in ("hoarder", "other"):
        instance.ok("create_environment", name=name, repo_url=sample_repository)
    container = plan_of(instance, "hoarder").container
    with subprocess.Popen(
        ["docker", "exec", container, "python3", "-c", program], stdout=subprocess.PIPE, text=True
    ) as hoarding:
        assert hoarding.stdout is not None
        held = int(hoarding.stdout.readline().split()[0])
        assert 0 < held <= most
        assert instance.ok("restart_environment", name="other")["state"] == "running"
        made = instance.ok("create_environment", name="newcomer", repo_url=sample_repository)
        assert made["state"] == "running"
        assert hoarding.poll() is None
        docker("kill", container)
    for name in ("hoarder", "other", "newcomer"):
        instance.ok("delete_environment", name=name)
