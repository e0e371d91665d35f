"""Dumps that attack: as STORAGE's experiments did, through the product's own restore."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from oduflow.adapters.postgres.dump_scan import MAX_OBJECTS
from oduflow.domain.errors import Cancelled, Failure, Invalid, Kind, QuotaReached, UpstreamFailed
from oduflow.files import expansion
from oduflow.services.templates import restore
from tests.support.custom_dump import dump_of, dump_of_tables
from tests.support.restoring import PASSWORD
from tests.support.server import eventually

HEADER = """--
-- PostgreSQL database dump
--

\\restrict own123

-- Dumped from database version 17.6

SET statement_timeout = 0;
CREATE TABLE public.notes (id integer PRIMARY KEY, text text);
"""
FOOTER = """
--
-- PostgreSQL database dump complete
--

\\unrestrict own123

"""
ROWS = "COPY public.notes (id, text) FROM stdin;\n1\tone\n\\.\n"
PROOF = "/tmp/proof"  # noqa: S108 - inside a container

COMMANDS = {
    "shell": f"\\! touch {PROOF}",
    "copy from program": f"\\copy public.notes from program 'touch {PROOF}'",
    "output to a program": f"\\o |touch {PROOF}",
    "result to a program": f"SELECT 1 \\g |touch {PROOF}",
    "backticks": f"\\set x `touch {PROOF}`",
    "other file": "\\i /etc/passwd",
    "other database": "\\connect postgres",
    "environment": "\\setenv PATH /tmp",
    "behind a carriage return in a comment": f"-- harmless\r\\! touch {PROOF}",
    "behind its own end": f"\\unrestrict own123\n\\! touch {PROOF}",
    "executed result": "SELECT 'SELECT 1' \\gexec",
}
SUPERUSER = {
    "copy to program": f"COPY public.notes TO PROGRAM 'cat >{PROOF}';",
    "copy from file": "COPY public.notes FROM '/etc/passwd';",
    "read a file": "SELECT pg_read_file('/etc/passwd');",
    "import a large object": "SELECT lo_import('/etc/passwd');",
    "another role": "CREATE ROLE evil SUPERUSER LOGIN;",
    "more rights": "ALTER ROLE CURRENT_USER SUPERUSER;",
    "be the administrator": "SET ROLE oduflow_admin;",
    "be it from the beginning": "SET SESSION AUTHORIZATION oduflow_admin;",
    "the server's settings": "ALTER SYSTEM SET fsync = off;",
    "another database": "CREATE DATABASE evil;",
    "files as tables": "CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw;",
    "an untrusted language": "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'system';",
    "end the administrator": (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = 'oduflow_admin' LIMIT 1;"
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;"
    ),
    "an event trigger that something needs": (
        "CREATE FUNCTION t() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION t();"
        "ALTER EVENT TRIGGER e DISABLE;"
    ),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_of_psql_ends_the_import(restoring, command):
    with pytest.raises(Invalid) as refused:
        restoring.restore(f"{HEADER}{command}\n{ROWS}{FOOTER}")

    assert "commands of psql" in refused.value.message


@pytest.mark.parametrize("statement", SUPERUSER.values(), ids=SUPERUSER)
def test_what_only_a_superuser_may_do_ends_the_import(restoring, statement):
    with pytest.raises(Failure) as refused:
        restoring.restore(f"{HEADER}{statement}\n{FOOTER}")

    assert refused.value.kind in {Kind.INVALID, Kind.UPSTREAM}
    cluster = restoring.instance.services.deps.postgres.cluster("blue")
    assert restoring.made[0].database in cluster.roles()
    with restoring.connected(restoring.made[0]) as connection:
        facts = connection.execute(
            "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles"
            " WHERE rolname = current_user"
        ).fetchall()
    assert facts == [(False,)]


def test_rows_that_look_like_commands_are_data(restoring):
    rows = [
        "1\t\\\\! touch /tmp/proof",
        "2\t\\\\restrict own123",
        "3\t\\r\\\\unrestrict own123",
        "4\tCOPY public.notes TO PROGRAM 'x';",
    ]
    copy = "COPY public.notes (id, text) FROM stdin;\n" + "\n".join(rows) + "\n\\.\n"

    plan, left_out = restoring.restore(HEADER + copy + FOOTER)

    assert restoring.ask(plan, "SELECT id, text FROM notes ORDER BY id") == [
        (1, "\\! touch /tmp/proof"),
        (2, "\\restrict own123"),
        (3, "\r\\unrestrict own123"),
        (4, "COPY public.notes TO PROGRAM 'x';"),
    ]
    assert left_out == ()


def test_owners_and_rights_of_another_server_do_no_harm(restoring):
    more = """
ALTER TABLE public.notes OWNER TO odoo;
GRANT ALL ON TABLE public.notes TO reporting;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
COMMENT ON EXTENSION pg_trgm IS 'text';
COMMENT ON EXTENSION plpgsql IS 'text';
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
"""

    plan, left_out = restoring.restore(HEADER + more + ROWS + FOOTER)

    owners = restoring.ask(
        plan,
        "SELECT DISTINCT relowner::regrole::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace",
    )
    assert owners == [(plan.database,)]
    assert left_out == ('permission denied to create extension "pg_stat_statements"',)


def test_what_the_dump_sets_for_its_database_and_role_is_taken_back(restoring):
    more = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = evil', current_database());
    EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 1', current_database());
    EXECUTE format('ALTER DATABASE %I IS_TEMPLATE true', current_database());
    EXECUTE format('ALTER ROLE %I SET work_mem = ''1GB''', current_user);
    EXECUTE format('ALTER ROLE %I IN DATABASE postgres SET work_mem = ''1GB''', current_user);
    EXECUTE format('ALTER ROLE %I PASSWORD ''changed''', current_user);
END $$;
"""
    plan, _ = restoring.restore(HEADER + more + FOOTER)

    restoring.settle(plan)

    assert restoring.ask(plan, "SELECT count(*) FROM pg_db_role_setting") == [(1,)]
    [found] = restoring.ask(
        plan,
        "SELECT datconnlimit, datistemplate FROM pg_database WHERE datname = current_database()",
    )
    assert found == (-1, False)


def test_a_dump_of_version_18_comes_back_plain_and_custom(restoring):
    plan, _ = restoring.restore(HEADER + ROWS + FOOTER)
    count = "SELECT count(*), max(text) FROM notes"
    plain, custom = (restoring.dumped(plan, f"--format={each}") for each in ("plain", "custom"))

    again, _ = restoring.restore(plain, "again.sql.gz")
    other, left_out = restoring.restore(custom, "again.dump")

    assert restoring.ask(again, count) == restoring.ask(other, count) == [(1, "one")]
    assert left_out == ()


def test_a_failing_statement_ends_the_import_and_names_its_line(restoring):
    with pytest.raises(Invalid) as refused:
        restoring.restore(f"{HEADER}DROP TABLE public.missing;\n{FOOTER}")

    assert refused.value.message == (
        'PostgreSQL cannot restore the dump (line 11 of its SQL): table "missing" does not exist.'
    )


def test_a_cut_off_dump_is_refused(restoring):
    plan, _ = restoring.restore(HEADER + ROWS + FOOTER)
    custom = restoring.dumped(plan, "--format=custom")
    for content, name in (
        (custom[: len(custom) // 2], "cut.dump"),
        (HEADER + ROWS.removesuffix("\\.\n"), "cut.sql"),
    ):
        with pytest.raises(Failure) as refused:
            restoring.restore(content, name)
        assert refused.value.kind is Kind.INVALID, refused.value.message


def test_a_bomb_is_refused_while_it_is_restored(restoring, monkeypatch):
    monkeypatch.setattr(expansion, "RATIO_FROM", 1 << 20)
    rows = "".join(f"{number}\t{'a' * 10_000}\n" for number in range(5_000))

    with pytest.raises(Invalid) as refused:
        restoring.restore(
            f"{HEADER}COPY public.notes (id, text) FROM stdin;\n{rows}\\.\n", "bomb.sql.gz"
        )

    assert "250 times its size" in refused.value.message


def test_a_bomb_in_custom_format_is_refused_by_what_its_database_grows_to(restoring, monkeypatch):
    monkeypatch.setattr(expansion, "RATIO_FROM", 16 << 20)
    plan, _ = restoring.restore(HEADER + FOOTER)
    with restoring.connected(plan) as connection:
        connection.execute(
            "INSERT INTO notes SELECT id, repeat('a', 1800) FROM generate_series(1, 60000) id"
        )
    bomb = restoring.dumped(plan, "--format=custom", "--compress=zstd:19")
    assert len(bomb) < 400_000

    with pytest.raises(Invalid, match=r"The database grows to .* more than 250 times the"):
        restoring.restore(bomb, "bomb.dump")


def test_rows_that_the_sql_of_a_small_dump_makes_are_refused_as_a_bomb(restoring, monkeypatch):
    monkeypatch.setattr(expansion, "RATIO_FROM", 16 << 20)
    many = "INSERT INTO public.notes SELECT id, repeat('a', 1800) FROM generate_series(1, {}) id;\n"

    with pytest.raises(Invalid, match=r"The database grows to .* more than 250 times the"):
        restoring.restore(f"{HEADER}{many.format(20_000)}{FOOTER}")


def test_a_restore_that_is_killed_after_a_statement_that_may_be_refused_is_not_whole(restoring):
    statements = (
        ("EXTENSION", "pg_stat_statements", "CREATE EXTENSION pg_stat_statements;\n"),
        ("TABLE", "notes", "CREATE TABLE public.notes (id integer);\n"),
        ("TABLE", "slow", "SELECT pg_sleep(60);\n"),
        ("INDEX", "by_id", "CREATE INDEX by_id ON public.notes (id);\n"),
    )
    killed, whole = (
        restoring.dump(b"".join(dump_of(made, len(made))), f"{len(made)}.dump")
        for made in (statements, (*statements[:2], statements[3]))
    )
    work = restoring.work()
    containers = restoring.instance.services.deps.engine.containers

    with ThreadPoolExecutor(1) as pool:
        restored = pool.submit(work.restore, killed, PASSWORD)
        eventually(lambda: restoring.ask(work.plan, "SELECT to_regclass('notes')") != [(None,)], 30)
        containers.kill(work.plan.one_off)
        with pytest.raises(UpstreamFailed, match="exit code 137 before the dump's end"):
            restored.result()

    assert containers.facts(work.plan.one_off) is None
    other = restoring.work()
    assert other.restore(whole, PASSWORD) == (
        'permission denied to create extension "pg_stat_statements"',
    )
    assert restoring.ask(other.plan, "SELECT to_regclass('by_id') IS NOT NULL") == [(True,)]


def test_a_disk_without_room_ends_the_restore_and_is_named(restoring, monkeypatch):
    work = restoring.work()
    disk = replace(work.deps.infrastructure.disk, minimum=1 << 60)
    monkeypatch.setattr(work.deps.infrastructure, "disk", disk)

    with pytest.raises(QuotaReached, match="no room left"):
        work.restore(restoring.dump(HEADER + ROWS + FOOTER), PASSWORD)


def test_a_dump_of_a_million_objects_is_refused_before_any_is_made(restoring):
    with pytest.raises(Invalid, match=f"more than {MAX_OBJECTS} objects"):
        restoring.work().inspect(restoring.dump(b"".join(dump_of_tables(1_000_000)), "many.dump"))


def test_rows_that_a_trigger_makes_slow_end_with_the_time_and_others_are_served(
    restoring, monkeypatch
):
    monkeypatch.setattr(restore, "RESTORE_SECONDS", 8.0)
    slow = """
CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(1); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON public.notes FOR EACH ROW EXECUTE FUNCTION public.slow();
"""
    rows = "".join(f"{number}\tx\n" for number in range(2_000_000))
    copy = f"COPY public.notes (id, text) FROM stdin;\n{rows}\\.\n"
    other, _ = restoring.restore(HEADER + ROWS + FOOTER, "other.sql")
    work, dump = restoring.work(), restoring.dump(HEADER + slow + copy + FOOTER)
    begun = time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        restored = pool.submit(work.restore, dump, PASSWORD)
        time.sleep(4)
        assert restoring.ask(other, "SELECT count(*) FROM notes") == [(1,)]
        with pytest.raises(UpstreamFailed, match="did not end within 8 s"):
            restored.result()

    assert time.monotonic() - begun < 60
    containers = restoring.instance.services.deps.engine.containers
    assert containers.facts(work.plan.one_off) is None
    restoring.instance.services.deps.postgres.cluster("blue").drop_database(work.plan.database)


def test_a_cancelled_restore_ends_at_once(restoring):
    work = restoring.work(cancelled=True)

    with pytest.raises(Cancelled):
        work.restore(restoring.dump(f"{HEADER}SELECT pg_sleep(60);\n{FOOTER}"), PASSWORD)

    containers = restoring.instance.services.deps.engine.containers
    assert containers.facts(work.plan.one_off) is None
    assert not work.folder.exists()
