"""Statements of callers in a real database, whose content is hostile too."""

import threading
import time

import pytest

from oduflow.adapters.postgres import agent_sql, readers
from oduflow.adapters.postgres.errors import Crowded, Locked
from oduflow.adapters.postgres.names import READERS, reader_of
from oduflow.adapters.postgres.statements import StatementFailed
from oduflow.domain.errors import (
    Cancelled,
    Conflict,
    Failure,
    NotFound,
    QuotaReached,
)
from tests.support.tenants import MadeTenant, Tenants

READ_ONLY, FORBIDDEN, SYNTAX, SYSTEM = "25006", "42501", "42601", "XX000"

# What a tenant may have put into its own database, and a caller then calls.
PLANTED = (
    "CREATE TABLE kept (n int)",
    "INSERT INTO kept VALUES (1)",
    "CREATE TABLE other (n int)",
    "CREATE SEQUENCE fired",
    """CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO kept VALUES (2); RETURN 1; END $$""",
    """CREATE FUNCTION opens_and_writes() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN PERFORM set_config('transaction_read_only', 'off', true);
    INSERT INTO kept VALUES (2); RETURN 1; END $$""",
    """CREATE FUNCTION opens_in_block() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN BEGIN SET TRANSACTION READ WRITE; EXCEPTION WHEN OTHERS THEN NULL; END;
    INSERT INTO kept VALUES (2); RETURN 1; END $$""",
    """CREATE FUNCTION counts() RETURNS int LANGUAGE sql SECURITY DEFINER VOLATILE AS
    $$ SELECT nextval('fired')::int $$""",
    """CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$
    BEGIN COMMIT; INSERT INTO kept VALUES (2); END $$""",
    """CREATE FUNCTION catches() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN LOOP BEGIN PERFORM pg_sleep(1); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
    END $$""",
    """CREATE FUNCTION talks() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN FOR i IN 1..10000000 LOOP RAISE WARNING '%', repeat('x', 10000); END LOOP; RETURN 1;
    END $$""",
    """CREATE VIEW plants AS SELECT writes() AS n""",
    """CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO kept VALUES (2); RETURN $1; END $$""",
)

REFUSED = {
    "insert into kept values (2)": {READ_ONLY},
    "update kept set n = 2": {READ_ONLY},
    "delete from kept": {READ_ONLY},
    "truncate kept": {READ_ONLY},
    "drop table kept": {READ_ONLY},
    "create table made (n int)": {READ_ONLY},
    "create temp table made (n int)": {READ_ONLY, FORBIDDEN},
    "select * into made from kept": {READ_ONLY, SYNTAX, "42P11", "42601"},
    "with x as (insert into kept values (2) returning n) select * from x": {"0A000", READ_ONLY},
    "explain analyze insert into kept values (2)": {READ_ONLY},
    "select * from kept for update": {READ_ONLY, FORBIDDEN},
    "select 1; drop table kept": {SYNTAX},
    "commit; drop table kept": {SYNTAX},
    "select writes()": {READ_ONLY},
    "select opens_and_writes()": {"25001", READ_ONLY},
    "select opens_in_block()": {READ_ONLY},
    "select set_config('transaction_read_only', 'off', true), writes()": {"25001"},
    "select * from plants": {READ_ONLY},
    "select counts()": {READ_ONLY},
    "select nextval('fired')": {READ_ONLY, FORBIDDEN},
    "select setval('fired', 9)": {READ_ONLY, FORBIDDEN},
    "call commits()": {"2D000"},
    "do $$ begin insert into kept values (2); end $$": {READ_ONLY},
    "do $$ begin commit; insert into kept values (2); end $$": {"2D000"},
    "do $$ begin set transaction read write; insert into kept values (2); end $$": {"25001"},
    "do $$ begin lock table kept in access exclusive mode; end $$": {FORBIDDEN},
    "lock table kept in access exclusive mode": {FORBIDDEN},
    "copy kept to program 'id'": {FORBIDDEN},
    "copy kept from program 'id'": {FORBIDDEN, READ_ONLY},
    "copy kept to '/tmp/x'": {FORBIDDEN},
    "select lo_create(0)": {READ_ONLY, FORBIDDEN},
    "select lo_import('/etc/passwd')": {FORBIDDEN, READ_ONLY},
    "select lo_from_bytea(0, 'x')": {READ_ONLY, FORBIDDEN},
    "select pg_read_file('/etc/passwd')": {FORBIDDEN},
    "select pg_ls_dir('/')": {FORBIDDEN},
    "select * from pg_authid": {FORBIDDEN},
    "select pg_reload_conf()": {FORBIDDEN},
    "select * from dblink('dbname=postgres', 'select 1') as t (n int)": {"42883"},
    "create extension dblink": {READ_ONLY, FORBIDDEN},
    "set role oduflow_admin": {FORBIDDEN},
    "set session authorization oduflow_admin": {FORBIDDEN},
    "set role oduflow_readers": {FORBIDDEN},
    "alter role current_user password 'x'": {READ_ONLY},
    "grant select on kept to public": {READ_ONLY},
    "comment on table kept is 'x'": {READ_ONLY},
    "vacuum": {"25001"},
    "select pg_advisory_lock(1)": {FORBIDDEN},
    "prepare transaction 'x'": {"55000", "0A000"},
    "select 1/0": {"22012"},
    "select 'x": {SYNTAX},
    "declare c cursor for select 1": {""},
    "set transaction read write": {""},
    "commit": {""},
    "commit and chain": {""},
    "rollback": {""},
    "begin": {""},
    "start transaction read write": {""},
    "listen x": {""},
    "notify x": {""},
    "discard all": {"25001"},
    "copy kept to stdout": {"", FORBIDDEN},
    "copy kept from stdin": {"", FORBIDDEN, READ_ONLY},
    "  -- nothing": {""},
    ";": {""},
}


def test_no_statement_writes_and_each_is_refused_with_a_reason(tenants: Tenants) -> None:
    made = tenants.empty("env", *PLANTED)
    sql = tenants.agent_sql(made)
    found = {}
    for statement in REFUSED:
        try:
            found[statement] = f"answered {sql.read(statement, limit=5)}"
        except StatementFailed as refused:
            found[statement] = refused.sqlstate

    assert {each: found[each] for each in REFUSED if found[each] not in REFUSED[each]} == {}
    assert tenants.ask(made, "SELECT n FROM kept") == [1]
    assert tenants.ask(made, "SELECT is_called FROM fired") == [False]
    assert tenants.ask(made, "SELECT count(*) FROM pg_class WHERE relname = 'made'") == [0]
    assert tenants.ask(made, "SELECT count(*) FROM pg_largeobject_metadata") == [0]


def test_sessions_of_odoo_are_neither_ended_nor_read(tenants: Tenants) -> None:
    made = tenants.empty()
    sql = tenants.agent_sql(made)
    with tenants.connected(made) as odoo:
        odoo.execute("SELECT 'a secret'")
        ended = (
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = current_database()"
        )
        with pytest.raises(StatementFailed, match="permission denied"):
            sql.read(ended, limit=9)
        with pytest.raises(StatementFailed, match="permission denied"):
            sql.read(ended.replace("terminate", "cancel"), limit=9)
        seen = sql.read(
            "select query from pg_stat_activity where usename = current_database()", limit=9
        )

        assert seen.rows
        assert {text for (text,) in seen.rows} == {"<insufficient privilege>"}
        assert odoo.execute("SELECT 1").fetchone() == (1,)


def test_every_type_arrives_and_text_as_it_is_written(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty())

    found = sql.read(
        "select 1 as a, 2::bigint as a, true as b, null as c, 1.5::float8 as d, 'NaN'::float8 as e,"
        " 1.50::numeric as f, 'infinity'::timestamp as g, date '20000-01-01' as h,"
        " '{\"x\": [1]}'::jsonb as i, array[1, null] as j, '%s %%' as k, bytea '\\x00ff' as l,"
        " interval '1 day' as m, E'a\\nb' as n, '' as o",
        limit=1,
    )

    assert found.columns[:2] == ("a", "a")
    assert found.rows == (
        (
            *(1, 2, True, None, 1.5, "NaN", "1.50", "infinity", "20000-01-01"),
            *('{"x": [1]}', "{1,NULL}", "%s %%", "\\x00ff", "1 day", "a\nb", ""),
        ),
    )


def test_what_is_no_query_answers_its_rows_too(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty("env", *PLANTED))

    assert sql.read("show transaction_read_only", limit=1).rows == (("on",),)
    assert sql.read("explain select * from kept", limit=9).columns == ("QUERY PLAN",)
    plan = sql.read("select * from kept", limit=50, explain=True)
    assert any("actual time" in str(line) for (line,) in plan.rows)
    assert sql.read("table kept;", limit=9).rows == ((1,),)
    assert sql.read("/* a */ (select 1) -- b", limit=9).rows == ((1,),)


def test_pages_follow_one_another_and_skipped_rows_are_not_sent(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty())
    statement = "select n, repeat('x', 1000) as t from generate_series(1, 200000) as n"

    page = sql.read(statement, limit=3, offset=150_000)
    last = sql.read(statement, limit=3, offset=199_999)
    beyond = sql.read(statement, limit=3, offset=300_000)

    assert ([row[0] for row in page.rows], page.more) == ([150_001, 150_002, 150_003], True)
    assert ([row[0] for row in last.rows], last.more) == ([200_000], False)
    assert (beyond.columns, beyond.rows, beyond.more) == (("n", "t"), (), False)


def test_a_long_answer_ends_before_it_takes_much_memory(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty())

    many = sql.read("select repeat('x', 100000) from generate_series(1, 1000)", limit=1000)

    assert 1 < len(many.rows) < 100
    assert many.more
    for huge in (
        "select repeat('x', 200000000)",
        "select array_agg(n) from generate_series(1, 9999999) n",
    ):
        with pytest.raises((QuotaReached, StatementFailed)):
            sql.read(huge, limit=1)


def test_endless_messages_and_statements_end(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty("env", *PLANTED), seconds=2)
    for endless in (
        "select talks()",
        "select pg_sleep(60)",
        "select catches()",
        "do $$ begin perform pg_sleep(60); end $$",
    ):
        begun = time.monotonic()
        with pytest.raises(Failure):
            sql.read(endless, limit=1)
        assert time.monotonic() - begun < 8, endless


def test_a_statement_cannot_lift_its_own_time_limit(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty(), seconds=2)
    begun = time.monotonic()

    with pytest.raises(Failure):
        sql.read("select set_config('statement_timeout', '0', false), pg_sleep(60)", limit=1)

    assert time.monotonic() - begun < 8


def test_an_error_shows_where_it_is(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty())

    for run in (lambda text: sql.read(text, limit=1), sql.write):
        with pytest.raises(StatementFailed) as refused:
            run("select 1,\n  nothing\nfrom pg_class")
        lines = refused.value.output.splitlines()
        assert lines[0] == 'ERROR 42703: column "nothing" does not exist'
        assert lines[1:3] == ["LINE 2:   nothing", "          ^"]


def test_a_new_table_is_read_without_a_word_from_its_owner(tenants: Tenants) -> None:
    made = tenants.empty("env", *PLANTED)
    sql = tenants.agent_sql(made)
    assert sql.read("select n from kept", limit=1).rows == ((1,),)

    tenants.run(
        made,
        "CREATE TABLE later AS SELECT 7 AS n",
        "CREATE MATERIALIZED VIEW kept_later AS SELECT * FROM later",
        "CREATE SCHEMA apart",
        "CREATE TABLE apart.more AS SELECT 8 AS n",
        "REVOKE ALL ON kept FROM oduflow_readers",
    )

    assert sql.read("select n from later", limit=1).rows == ((7,),)
    assert sql.read("select n from kept_later", limit=1).rows == ((7,),)
    assert sql.read("select n from apart.more", limit=1).rows == ((8,),)
    assert sql.read("select n from kept", limit=1).rows == ((1,),)
    assert sql.read("select last_value from fired", limit=1).rows == ((1,),)


def test_the_reading_role_enters_one_database_and_no_other(tenants: Tenants) -> None:
    one, other = tenants.empty("env", *PLANTED), tenants.empty("env", *PLANTED)
    for made in (one, other):
        tenants.agent_sql(made).read("select 1", limit=1)

    for database in (other.name, "postgres", "oduflow"):
        thief = MadeTenant(reader_of(one.name), f"reads-{one.password}")
        with (
            pytest.raises(Exception, match=r"permission denied|no pg_hba"),
            tenants.connected(thief, database),
        ):
            pass
    memberships = tenants.look(
        "SELECT member::regrole::text, set_option, admin_option FROM pg_auth_members"
        " WHERE roleid = %s::regrole AND member = %s::regrole",
        READERS,
        reader_of(one.name),
    )
    assert memberships == [(reader_of(one.name), False, False)]


def test_many_calls_at_once_make_one_role_and_wait_for_no_lock_of_odoo(tenants: Tenants) -> None:
    made = tenants.empty("env", *PLANTED)
    found: list[object] = []

    def read() -> None:
        try:
            found.append(tenants.agent_sql(made).read("select n from kept", limit=1).rows)
        except Crowded:
            found.append("crowded")
        except Exception as failure:  # noqa: BLE001 - shown by the assertion
            found.append(repr(failure))

    threads = [threading.Thread(target=read) for _ in range(readers.CONNECTIONS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert found.count(((1,),)) >= 2
    assert set(map(str, found)) <= {"((1,),)", "crowded"}


def test_a_copy_a_snapshot_and_a_rollback_are_read_and_dropped(tenants: Tenants) -> None:
    cluster = tenants.postgres.cluster
    made = tenants.empty("env", *PLANTED)
    tenants.agent_sql(made).read("select n from kept", limit=1)
    snapshot, new, old, copy = (tenants.new(kind) for kind in ("snap", "new", "snap", "env"))

    cluster.take_snapshot(made.name, snapshot.name, strategy="wal_log")
    cluster.prepare_rollback(snapshot.name, new.name, made.name, strategy="wal_log")
    cluster.exchange_database(made.name, new.name, old.name)
    cluster.admit(made.name)
    assert tenants.agent_sql(made).read("select n from kept", limit=1).rows == ((1,),)

    cluster.create_role(copy.name, copy.password, connection_limit=3)
    cluster.adopt_snapshot(snapshot.name, copy.name)
    cluster.hand_over(copy.name, from_role=made.name, to_role=copy.name, password=copy.password)
    assert tenants.agent_sql(copy).read("select n from kept", limit=1).rows == ((1,),)
    assert tenants.agent_sql(copy).write("update kept set n = 5").affected == 1

    for each in (made, old, copy):
        cluster.drop_database(each.name)
    for each in (made, copy):
        cluster.drop_role(each.name)
    left = tenants.look(
        "SELECT rolname FROM pg_roles WHERE rolname ~ %s", f"{made.name}|{copy.name}"
    )
    assert left == []


def test_what_a_tenant_grants_to_the_reading_role_keeps_no_name(tenants: Tenants) -> None:
    made, other = tenants.empty("env", *PLANTED), tenants.empty("env", *PLANTED)
    tenants.agent_sql(made).read("select 1", limit=1)
    tenants.run(other, f"GRANT SELECT ON kept TO {reader_of(made.name)}")

    tenants.postgres.cluster.drop_tenant(made.name)

    names = {name for (name,) in tenants.look("SELECT rolname FROM pg_roles")}
    assert not {made.name, reader_of(made.name)} & names
    tenants.postgres.cluster.drop_tenant(other.name)
    assert not {name for name in tenants_left(tenants) if made.name in name}


def tenants_left(tenants: Tenants) -> set[str]:
    return {name for (name,) in tenants.look("SELECT rolname FROM pg_roles")}


def test_a_database_that_is_gone_is_not_found(tenants: Tenants) -> None:
    made = tenants.role()

    with pytest.raises(NotFound):
        tenants.agent_sql(made).read("select 1", limit=1)
    with pytest.raises((NotFound, Conflict)):
        tenants.agent_sql(made).write("select 1")


def test_a_table_whose_definition_changes_is_busy_and_the_change_goes_on(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_sql, "LOCK_SECONDS", 0.5)
    made = tenants.empty("env", "CREATE TABLE kept (n int)")
    with tenants.connected(made) as odoo, odoo.transaction():
        odoo.execute("ALTER TABLE kept ADD COLUMN m int")
        with pytest.raises(Locked):
            tenants.agent_sql(made).read("select n from kept", limit=1)

    assert tenants.agent_sql(made).read("select m from kept", limit=1).rows == ()


def test_a_write_is_one_transaction(tenants: Tenants) -> None:
    made = tenants.empty(
        "env",
        "CREATE TABLE kept (n int PRIMARY KEY)",
        "CREATE TABLE child (n int REFERENCES kept DEFERRABLE INITIALLY DEFERRED)",
    )
    sql = tenants.agent_sql(made)

    done = sql.write("insert into kept select generate_series(1, 500) returning n")
    assert (done.tag, done.affected, done.wrote) == ("INSERT 0 500", 500, True)
    assert (len(done.returned.rows), done.returned.more) == (100, True)
    for refused in (
        "insert into kept values (501), (1)",
        "insert into child values (999)",  # fails at the commit
        "insert into kept values (600); insert into kept values (601)",
        "commit",
        "rollback",
        "vacuum",
        "update kept set n = n + 1 returning repeat('x', 100000)",
    ):
        with pytest.raises((StatementFailed, QuotaReached)):
            sql.write(refused)
    assert tenants.ask(made, "SELECT count(*) FROM kept") == [500]
    assert tenants.ask(made, "SELECT count(*) FROM child") == [0]
    assert sql.write("do $$ begin perform 1; end $$").wrote is False
    assert sql.write("create index on kept (n)").wrote


def test_a_write_has_no_more_rights_than_odoo(tenants: Tenants) -> None:
    sql = tenants.agent_sql(tenants.empty("env", *PLANTED))
    for statement in (
        "copy kept from program 'id'",
        "copy kept to '/tmp/x'",
        "set role oduflow_admin",
        "create role another",
        "alter system set work_mem = '1GB'",
        "select pg_read_file('/etc/passwd')",
        "create extension dblink",
        "create database another",
    ):
        with pytest.raises(StatementFailed):
            sql.write(statement)


def test_a_write_waits_for_a_lock_only_so_long_and_can_be_called_off(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tenants.empty("env", "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)")
    sql = tenants.agent_sql(made)
    with tenants.connected(made) as odoo, odoo.transaction():
        odoo.execute("UPDATE kept SET n = 2")
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            sql.write("update kept set n = 3", cancelled=lambda: time.monotonic() - begun > 1)
        monkeypatch.setattr(agent_sql, "LOCK_SECONDS", 1.0)
        with pytest.raises(Locked):
            sql.write("update kept set n = 3")

    assert tenants.ask(made, "SELECT n FROM kept") == [2]


def test_the_caches_of_either_form_are_told_and_a_trap_in_them_undoes_nothing(
    tenants: Tenants,
) -> None:
    made = tenants.empty(
        "env",
        "CREATE TABLE kept (n int)",
        "CREATE TABLE orm_signaling_default (id serial PRIMARY KEY, date timestamp DEFAULT now())",
        "CREATE TABLE orm_signaling_registry (id serial PRIMARY KEY)",
        "CREATE SEQUENCE base_cache_signaling_assets",
    )
    sql = tenants.agent_sql(made)

    assert sql.write("select 1").signalled == ()
    told = sql.write("insert into kept values (1)").signalled
    assert told == ("base_cache_signaling_assets", "orm_signaling_default")
    assert tenants.ask(made, "SELECT count(*) FROM orm_signaling_default") == [1]
    assert tenants.ask(made, "SELECT count(*) FROM orm_signaling_registry") == [0]
    assert tenants.ask(made, "SELECT is_called FROM base_cache_signaling_assets") == [True]

    tenants.run(
        made,
        "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no'; END $$",
        "CREATE TRIGGER trap BEFORE INSERT ON orm_signaling_default"
        " FOR EACH ROW EXECUTE FUNCTION trap()",
    )
    assert sql.write("insert into kept values (2)").signalled == ()
    assert tenants.ask(made, "SELECT count(*) FROM kept") == [2]
