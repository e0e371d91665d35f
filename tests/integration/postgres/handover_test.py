import threading

import psycopg
import pytest

from oduflow.adapters.postgres.names import LOCKS
from tests.support.tenants import MadeTenant, Tenants

EVERY_KIND = (
    "CREATE EXTENSION pg_trgm",
    "CREATE EXTENSION unaccent",
    "CREATE EXTENSION hstore",
    "CREATE TABLE t (id serial PRIMARY KEY, a int, b int)",
    "INSERT INTO t (a) SELECT generate_series(1, 100)",
    "CREATE INDEX ON t (b)",
    "CREATE UNLOGGED TABLE u (a int)",
    "CREATE TABLE p (id int) PARTITION BY RANGE (id)",
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
    "CREATE TABLE long (x text)",
    "INSERT INTO long SELECT string_agg(md5(i::text), '') FROM generate_series(1, 9999) i",
    "CREATE SEQUENCE s",
    "CREATE VIEW v AS SELECT * FROM t",
    "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t",
    "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'",
    "CREATE PROCEDURE pr() LANGUAGE sql AS 'SELECT 1'",
    "CREATE AGGREGATE agg(int) (sfunc = int4pl, stype = int)",
    "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()",
    "CREATE TYPE composite AS (a int)",
    "CREATE TYPE letters AS ENUM ('x', 'y')",
    "CREATE DOMAIN positive AS int CHECK (value > 0)",
    "CREATE TYPE span AS RANGE (subtype = int4)",
    "CREATE CAST (letters AS int) WITH INOUT",
    "CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq)",
    "CREATE COLLATION co (provider = libc, locale = 'C')",
    "CREATE CONVERSION cv FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
    "CREATE STATISTICS st ON a, b FROM t",
    "CREATE TEXT SEARCH DICTIONARY tsd (template = simple)",
    "CREATE TEXT SEARCH CONFIGURATION tsc (copy = simple)",
    "CREATE PUBLICATION pub FOR TABLE t",
    "CREATE SCHEMA sc CREATE TABLE inside (id bigint GENERATED ALWAYS AS IDENTITY)",
    "CREATE FUNCTION sc.g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE RULE ru AS ON INSERT TO v DO INSTEAD NOTHING",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY po ON t TO current_user USING (true)",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
)
CHANGES = (
    "ALTER TABLE t ADD COLUMN c int",
    "ALTER TABLE sc.inside ADD COLUMN c int",
    "ALTER TABLE p1 ADD CHECK (id < 9)",
    "ALTER SEQUENCE s RESTART",
    "ALTER VIEW v RENAME TO w",
    "REFRESH MATERIALIZED VIEW mv",
    "ALTER FUNCTION f(int) IMMUTABLE",
    "ALTER TYPE letters ADD VALUE 'z'",
    "DROP EXTENSION hstore",
    "DROP SCHEMA sc CASCADE",
)


def test_every_kind_of_object_belongs_to_the_copys_role(tenants) -> None:
    template = tenants.template(*EVERY_KIND)
    before = holdings(tenants, template.name)
    copy = tenants.clone(template)
    owned = {kind for role, how, kind in holdings(tenants, copy.name) if how == "o"}
    assert holders(tenants, copy.name) == {copy.name}
    assert owned == {kind for _, how, kind in before if how == "o"} - {"pg_default_acl"}
    assert len(owned) >= 11
    tenants.run(copy, *CHANGES)


def test_a_template_is_the_same_after_two_copies(tenants) -> None:
    template = tenants.template(*EVERY_KIND)
    before = holdings(tenants, template.name), owner(tenants, template)
    tenants.clone(template), tenants.clone(template)
    assert (holdings(tenants, template.name), owner(tenants, template)) == before
    assert owner(tenants, template) == "oduflow_admin"
    assert holders(tenants, template.name) == {template.name}


def test_a_copy_of_a_copy_is_handed_over_too(tenants) -> None:
    first = tenants.clone(tenants.template(*EVERY_KIND))
    saved = tenants.clone(first, "tpl")
    tenants.postgres.cluster.seal_template(saved.name, saved.name)
    second = tenants.clone(saved)
    assert holders(tenants, second.name) == {second.name}
    tenants.run(second, *CHANGES)


def test_an_environment_keeps_its_database_when_a_template_is_made_of_it(tenants) -> None:
    environment = tenants.empty("env", "CREATE TABLE mine (a int)")
    saved = tenants.clone(environment, "tpl")
    assert owner(tenants, environment) == environment.name
    assert holders(tenants, environment.name) == {environment.name}
    assert holders(tenants, saved.name) == {saved.name}
    tenants.run(environment, "ALTER TABLE mine ADD COLUMN b int")


def test_an_environment_serves_while_its_copies_are_handed_over(cluster, tenants) -> None:
    environment = tenants.empty("env", *EVERY_KIND)
    served, failed, enough = [0], [], threading.Event()

    def serve() -> None:
        while not enough.is_set():
            try:
                tenants.run(environment, "CREATE TABLE mine (a int)", "DROP TABLE mine")
                served[0] += 1
            except psycopg.Error as cause:
                failed.append(str(cause))

    for _ in range(5):
        taken, copy = tenants.new("snap"), tenants.role()
        cluster.take_snapshot(environment.name, taken.name, strategy="wal_log")
        cluster.adopt_snapshot(taken.name, copy.name)
        enough.clear()
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            cluster.hand_over(
                copy.name, from_role=environment.name, to_role=copy.name, password=copy.password
            )
        finally:
            enough.set()
            serving.join()
        assert holders(tenants, copy.name) == {copy.name}
        tenants.run(copy, *CHANGES)
    assert failed == []
    assert served[0] > 5
    assert owner(tenants, environment) == environment.name
    assert holders(tenants, environment.name) == {environment.name}


def test_an_environment_is_dropped_and_its_copy_stays(cluster, tenants) -> None:
    environment = tenants.empty("env", *EVERY_KIND)
    copy = tenants.clone(environment)
    cluster.drop_tenant(environment.name)
    assert not tenants.look("SELECT 1 FROM pg_roles WHERE rolname ~ %s", f"{environment.name}$")
    tenants.run(copy, *CHANGES)


def test_neither_a_membership_nor_a_right_is_left(cluster, tenants) -> None:
    template = tenants.template("CREATE TABLE t (a int)")
    copy = tenants.clone(tenants.clone(template))
    may = tenants.look("SELECT rolcreatedb FROM pg_roles WHERE rolname = %s", copy.name)
    assert may == [(False,)]
    member_of = tenants.look(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", copy.name
    )
    assert member_of == [("oduflow_bus",)]


def test_a_failed_hand_over_leaves_nothing_lent(cluster, tenants) -> None:
    source, copy = tenants.empty(), tenants.empty("tpl")
    with pytest.raises(Exception, match="password is wrong"):
        cluster.hand_over(copy.name, from_role=source.name, to_role=copy.name, password="wrong")
    assert owner(tenants, source) == source.name
    assert not tenants.look("SELECT 1 FROM pg_auth_members WHERE roleid = %s::regrole", source.name)


def test_what_stays_the_servers_is_part_of_an_extension_or_a_type(tenants) -> None:
    copy = tenants.clone(tenants.template(*EVERY_KIND))
    foreign = """
        SELECT count(*) FROM pg_proc AS p JOIN pg_roles AS r ON r.oid = p.proowner
        WHERE p.oid >= 16384 AND r.rolname NOT IN (current_user, %s) AND NOT EXISTS (
            SELECT FROM pg_depend WHERE objid = p.oid AND deptype IN ('e', 'i'))
    """
    assert tenants.ask(copy, foreign, [LOCKS]) == [0]


def holdings(tenants: Tenants, database: str) -> set[tuple[str, str, str]]:
    """Who holds what kind of object in a database, and how (owner, grant, policy)."""
    found = tenants.look(
        "SELECT refobjid::regrole::text, deptype::text, classid::regclass::text FROM pg_shdepend"
        " JOIN pg_database AS d ON d.oid = dbid"
        " WHERE datname = %s AND refclassid = 'pg_authid'::regclass",
        database,
    )
    return set(found)


def holders(tenants: Tenants, database: str) -> set[str]:
    """Who holds anything in a database besides the owner of the limited lock functions."""
    return {role for role, _, _ in holdings(tenants, database)} - {LOCKS}


def owner(tenants: Tenants, made: MadeTenant) -> str:
    ((name,),) = tenants.look(
        "SELECT datdba::regrole::text FROM pg_database WHERE datname = %s", made.name
    )
    return str(name)
