"""A tenant plants code wherever the product may touch its database; none of it may run as us."""

import contextlib
from collections.abc import Callable

import pytest

from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.errors import Unresponsive
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.anonymisation import FieldRule, Invented
from oduflow.domain.comparison.kinds import DiffSection
from oduflow.domain.errors import Failure, UpstreamFailed
from oduflow.domain.neutralised import SqlScript
from oduflow.domain.passwords import odoo_hash
from tests.support.tenants import MadeTenant, Tenants

# Notes in sequences, which no rollback undoes, for whom it ran; then tries to gain by it. A
# tenant's role has its database's name.
TRAP = """
    CREATE FUNCTION {name} LANGUAGE plpgsql AS $trap$
    BEGIN
        IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        THEN PERFORM nextval('public.ran_as_superuser');
        ELSE PERFORM nextval('public.ran_as_tenant'); END IF;
        BEGIN
            EXECUTE format('ALTER ROLE %I SUPERUSER', current_database());
        EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN
            COPY (SELECT 1) TO PROGRAM 'id';
        EXCEPTION WHEN OTHERS THEN NULL; END;
        {result}
    END $trap$
"""
VIEW = (
    "ALTER TABLE ir_module_module RENAME TO genuine",
    "CREATE VIEW ir_module_module AS SELECT trap() AS name, trap() AS state",
)
OPERATOR = (
    "ALTER TABLE ir_module_module ALTER name TYPE text",
    TRAP.format(name="equal(text, text) RETURNS bool", result="RETURN true;"),
    "CREATE OPERATOR public.= (leftarg = text, rightarg = text, function = equal)",
    "CREATE SCHEMA evil",
    "CREATE OPERATOR evil.= (leftarg = text, rightarg = text, function = public.equal)",
    "ALTER TABLE ir_module_module RENAME TO genuine",
    "CREATE VIEW ir_module_module AS SELECT * FROM genuine WHERE name OPERATOR(public.=) 'base'",
)
CAST = (
    "CREATE TYPE fancy AS (a int)",
    TRAP.format(name="fancy_text(fancy) RETURNS text", result="RETURN 'installed';"),
    "CREATE CAST (fancy AS text) WITH FUNCTION fancy_text(fancy) AS IMPLICIT",
    "ALTER TABLE ir_module_module RENAME TO genuine",
    "CREATE VIEW ir_module_module AS SELECT name, ROW(1)::fancy AS state FROM genuine",
)
TRIGGER = (
    TRAP.format(name="trip() RETURNS trigger", result="RETURN new;"),
    "CREATE TRIGGER a BEFORE UPDATE ON res_users FOR EACH ROW EXECUTE FUNCTION trip()",
    "CREATE TRIGGER a BEFORE INSERT ON ir_config_parameter FOR EACH ROW EXECUTE FUNCTION trip()",
    """CREATE CONSTRAINT TRIGGER c AFTER UPDATE ON res_users DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION trip()""",
    "CREATE RULE r AS ON DELETE TO res_users_apikeys DO INSTEAD SELECT trap()",
)
SETTINGS = (
    "CREATE SCHEMA IF NOT EXISTS evil",
    TRAP.format(name='evil."left"(text, int) RETURNS text', result="RETURN 'installed';"),
    TRAP.format(name="evil.starts_with(text, text) RETURNS bool", result="RETURN true;"),
    "ALTER DATABASE {me} SET search_path = evil, public, pg_catalog",
    "ALTER ROLE {me} SET search_path = evil, public, pg_catalog",
    "ALTER ROLE {me} SET statement_timeout = 0",
    "ALTER ROLE {me} SET client_encoding = 'SQL_ASCII'",
    "ALTER ROLE {me} IN DATABASE postgres SET search_path = evil",
    "ALTER DATABASE {me} IS_TEMPLATE true",
)
POLICY = (
    "ALTER TABLE res_users FORCE ROW LEVEL SECURITY",
    "ALTER TABLE res_users ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY p ON res_users USING (trap() IS NOT NULL) WITH CHECK (trap() IS NOT NULL)",
)
EXTENSION = (
    "DROP EXTENSION pg_trgm CASCADE",
    TRAP.format(name="set_limit(real) RETURNS real", result="RETURN 1;"),
    TRAP.format(name="similarity(text, text) RETURNS real", result="RETURN 1;"),
    "CREATE OPERATOR public.% (leftarg = text, rightarg = text, function = similarity)",
)
PLANTS = {
    "view": VIEW,
    "operator": OPERATOR,
    "cast": CAST,
    "trigger": TRIGGER,
    "settings": VIEW + SETTINGS,
    "policy": POLICY,
    "extension": VIEW + EXTENSION,
}
POWERS = """
    SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
    FROM pg_roles ORDER BY 1
"""


@pytest.mark.parametrize("plant", PLANTS)
def test_planted_code_runs_as_the_tenant_or_not_at_all(odoo_template, tenants, plant) -> None:
    made = tenants.clone(odoo_template)
    planted(tenants, made, PLANTS[plant])
    powers = tenants.look(POWERS)
    called = call_everything(tenants, made)
    assert called == {f"{kind.__name__}.{name}" for kind in (Cluster, Tenant) for name in api(kind)}
    assert {row for row in tenants.look(POWERS) if row[1]} == {row for row in powers if row[1]}
    assert not any(
        any(row[1:]) for row in tenants.look(POWERS) if row[0].startswith(("env", "tpl"))
    )
    assert tenants.ask(made, "SELECT is_called FROM public.ran_as_superuser") == [False]
    assert tenants.ask(made, "SELECT is_called FROM public.ran_as_tenant") == [True]


def test_the_trap_would_catch_a_superuser_who_steps_into_it(postgres, tenants) -> None:
    made = tenants.empty()
    planted(tenants, made, ())
    closed = postgres.hba.read_text()
    postgres.hba.write_text("local all all scram-sha-256\n")
    try:
        postgres.cluster.reload()
        careless = MadeTenant("oduflow_admin", postgres.password)
        with tenants.connected(careless, made.name) as connection:
            connection.execute("SELECT trap()")
    finally:
        postgres.hba.write_text(closed)
        postgres.cluster.reload()
    assert (made.name, True) in [row[:2] for row in tenants.look(POWERS)]
    assert tenants.ask(made, "SELECT is_called FROM ran_as_superuser") == [True]


def test_only_the_admin_is_a_superuser(odoo_template, tenants) -> None:
    tenants.clone(odoo_template)
    assert tenants.look("SELECT rolname FROM pg_roles WHERE rolsuper") == [("oduflow_admin",)]


def test_a_function_that_traps_its_cancellation_cannot_hold_us(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    stubborn = """
        CREATE FUNCTION stay() RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
            LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
        END $$
    """
    view = "CREATE VIEW ir_module_module AS SELECT stay() AS name, '' AS state"
    tenants.run(made, stubborn, VIEW[0], view)
    with pytest.raises(Unresponsive):
        tenants.tenant(made, seconds=2).module_states(["base"])
    tenants.postgres.cluster.drop_database(made.name)


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("SELECT 'base' AS name, repeat('x', 1000000) AS state", {"base": "x" * 32}),
        ("SELECT 'other' AS name, 'installed' AS state", {}),
        ("SELECT 'base' AS name, chr(g) AS state FROM generate_series(33, 99) g", {"base": "!"}),
    ],
)
def test_what_a_tenants_view_says_is_cut_to_what_was_asked(
    odoo_template, tenants, select, expected
) -> None:
    made = tenants.clone(odoo_template)
    tenants.run(made, VIEW[0], f"CREATE VIEW ir_module_module AS {select}")
    assert asked(tenants, made) == expected


def test_what_a_tenants_error_says_is_shown_as_data(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    liar = """
        CREATE FUNCTION lie() RETURNS text LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'password authentication failed %', repeat('x', 5000); END $$
    """
    view = "CREATE VIEW ir_module_module AS SELECT lie() AS name, '' AS state"
    tenants.run(made, liar, VIEW[0], view)
    with pytest.raises(UpstreamFailed) as seen:
        asked(tenants, made)
    assert type(seen.value) is UpstreamFailed
    assert "password" not in seen.value.message
    assert len(seen.value.output) == 500


def asked(tenants: Tenants, made: MadeTenant) -> dict[str, str]:
    return tenants.tenant(made).module_states(["base"])


def planted(tenants: Tenants, made: MadeTenant, statements: tuple[str, ...]) -> None:
    tenants.run(
        made,
        *("CREATE SEQUENCE ran_as_superuser", "CREATE SEQUENCE ran_as_tenant"),
        TRAP.format(name="trap() RETURNS text", result="RETURN 'base';"),
        *(statement.replace("{me}", made.name) for statement in statements),
    )


def call_everything(tenants: Tenants, made: MadeTenant) -> set[str]:
    """Call every method of both sides on the planted database; refusals are fine."""
    cluster = tenants.postgres.cluster
    saved, copy = tenants.new("tpl"), tenants.new("env")
    called: set[str] = set()

    def call(kind: type, method: Callable[..., object], *words: object, **named: object) -> None:
        called.add(f"{kind.__name__}.{method.__name__}")
        try:
            method(*words, **named)
        except Failure:
            return

    call_as_tenant(call, tenants.tenant(made))
    plain: tuple[Callable[[], object], ...] = (
        *(cluster.ready, cluster.system_identifier, cluster.prepare, cluster.reload),
        *(cluster.databases, cluster.sealed, cluster.roles, cluster.folders),
        cluster.drop_interrupted,
        *(cluster.end_excessive, cluster.oldest_id, cluster.keep_guard),
        *(cluster.end_hoarder, cluster.last_crash, cluster.server_version),
    )
    for method in plain:
        call(Cluster, method)
    call(Cluster, cluster.entrance, made.name, made.password)  # entered by the tenant's calls
    call(Cluster, cluster.database_size, made.name)
    call(Cluster, cluster.create_database, made.name, made.name)
    call(Cluster, cluster.remove_orphans, set(), lambda _folder: None)
    call_snapshots(call, tenants, made)
    call(
        Cluster, cluster.take_back_settings, made.name, made.name, made.password, connection_limit=5
    )
    for source, target in ((made, saved), (saved, copy)):
        name, old = target.name, source.name
        call(Cluster, cluster.create_role, name, target.password, connection_limit=5)
        call(Cluster, cluster.clone_database, old, name, name, strategy="wal_log")
        hand = {"from_role": old, "to_role": name, "password": target.password}
        call(Cluster, cluster.hand_over, name, **hand)
        call(Tenant, tenants.tenant(target).make_own, odoo_hash("secret"), {})
        if target is saved:
            call(Cluster, cluster.seal_template, name, name)
    assert copy.name in cluster.databases()
    for each in (copy, saved):
        call(Cluster, cluster.drop_database, each.name)
        call(Cluster, cluster.drop_role, each.name)
        call(Cluster, cluster.drop_tenant, each.name)
    return called


def call_as_tenant(call: Callable[..., None], tenant: Tenant) -> None:
    """Call what runs in the database itself, as its own role."""
    call(Tenant, tenant.server_version)
    call(Tenant, tenant.prepare_empty)
    call(Tenant, tenant.module_states, ["base", "web"])
    call(Tenant, tenant.installed_modules)
    call(Tenant, tenant.modules_with_demo)
    call(Tenant, tenant.active_languages)
    call(Tenant, tenant.signal_caches)
    call(Tenant, tenant.module_records)
    call(Tenant, tenant.installed_dependents, ["base"])
    call(Tenant, tenant.reset_module_states)
    call(Tenant, tenant.analyze, lambda: False)
    call(Tenant, tenant.make_own, odoo_hash("secret"), {"report.url": "http://127.0.0.1:8069"})
    call(Tenant, tenant.forget_private)
    call(Tenant, tenant.reading)
    with contextlib.suppress(Failure), tenant.reading() as reader:
        reader.contents(reader.index(list(DiffSection)).entries)
        reader.rows(lambda _table: True)
        reader.row_digests(["res_users", "genuine"])
    call(Tenant, tenant.neutralise, {})
    call(Tenant, tenant.read_back, {})
    call(Tenant, tenant.run_scripts, [SqlScript("own.sql", "UPDATE res_users SET active = active")])
    call(Tenant, tenant.anonymise, [FieldRule("res.users", "login", Invented.NAME)], "a-key")


def call_snapshots(call: Callable[..., None], tenants: Tenants, made: MadeTenant) -> None:
    """Take a snapshot of the planted database, read a copy of it, and go back to it."""
    cluster = tenants.postgres.cluster
    taken, before, new, reader = (tenants.new(kind) for kind in ("snap", "snap", "new", "env"))
    adopted, own = tenants.new("snap"), tenants.role()
    cluster.take_snapshot(made.name, adopted.name, strategy="wal_log")
    call(Cluster, cluster.adopt_snapshot, adopted.name, own.name)
    hand = {"from_role": made.name, "to_role": own.name, "password": own.password}
    call(Cluster, cluster.hand_over, own.name, **hand)
    call(Cluster, cluster.busy_sessions, made.name)
    call(Cluster, cluster.flush)
    call(Cluster, cluster.has_database, made.name)
    call(Cluster, cluster.take_snapshot, made.name, taken.name, strategy="wal_log")
    cluster.create_role(reader.name, reader.password, connection_limit=5)
    cluster.clone_database(taken.name, reader.name, reader.name, strategy="wal_log")
    call(Cluster, cluster.let_read, reader.name, made.name)
    with contextlib.suppress(Failure), tenants.tenant(reader).reading() as reading:
        reading.rows(lambda _table: True)
    call(Cluster, cluster.prepare_rollback, taken.name, new.name, made.name, strategy="wal_log")
    call(Cluster, cluster.exchange_database, made.name, new.name, before.name)
    call(Cluster, cluster.is_copy, made.name, taken.name)
    call(Cluster, cluster.admit, made.name)
    assert {taken.name, before.name} <= cluster.sealed()
    for each in (taken, before):
        cluster.drop_database(each.name)
    cluster.drop_tenant(reader.name)


def api(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}
