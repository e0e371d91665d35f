"""A tenant tries to hold up, overload or outlast what we do with its database."""

import resource
from time import monotonic

import psycopg
import pytest

from oduflow.domain.errors import QuotaReached
from tests.support.tenants import MadeTenant, Tenants

SLOW_VERIFIER = "SCRAM-SHA-256$100000:c2FsdHNhbHRzYWx0c2E=${0}:{0}".format(
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)
SECONDS = 8.0  # for what takes a tenth of one undisturbed
TALKS = """
    CREATE FUNCTION talk() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        FOR number IN 1..600 LOOP RAISE INFO '%', repeat('x', 262144); END LOOP;
        RETURN 'installed';
    END $$
"""


def test_a_verifier_that_takes_long_to_compute_is_replaced_before_we_sign_in(tenants) -> None:
    made = with_modules(tenants)
    tenants.run(made, f"ALTER ROLE {made.name} PASSWORD '{SLOW_VERIFIER}'")

    states = tenants.tenant(made).module_states(["base"])

    assert states == {"base": "installed"}
    ((stored,),) = tenants.look("SELECT rolpassword FROM pg_authid WHERE rolname = %s", made.name)
    assert stored.startswith("SCRAM-SHA-256$1:")


def test_a_tenant_cannot_change_its_verifier_while_we_sign_in(cluster, tenants) -> None:
    made = with_modules(tenants)
    with (
        cluster.entrance(made.name, made.password),
        tenants.connected(made, options="-c lock_timeout=500") as session,
        pytest.raises(psycopg.errors.LockNotAvailable),
    ):
        session.execute(f"ALTER ROLE {made.name} PASSWORD '{SLOW_VERIFIER}'")


def test_a_verifier_that_is_being_changed_delays_no_sign_in(tenants) -> None:
    made = with_modules(tenants)
    with tenants.connected(made) as session:
        session.execute("BEGIN")
        session.execute(f"ALTER ROLE {made.name} PASSWORD '{SLOW_VERIFIER}'")
        began = monotonic()

        assert tenants.tenant(made).module_states(["base"]) == {"base": "installed"}

        assert monotonic() - began < SECONDS


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DATABASE {me} CONNECTION LIMIT 7",
        "GRANT SELECT ON ir_module_module TO {other}",
    ],
)
def test_an_open_transaction_of_a_tenant_delays_no_deletion(cluster, tenants, statement) -> None:
    me, other = with_modules(tenants), tenants.empty()
    with tenants.connected(me) as session:
        session.execute("BEGIN")
        session.execute(statement.format(me=me.name, other=other.name))
        began = monotonic()

        for made in (other, me):
            cluster.drop_database(made.name)
            cluster.drop_role(made.name)

        assert monotonic() - began < SECONDS

    assert cluster.databases().isdisjoint({me.name, other.name})


def test_messages_without_end_are_cut_off_before_they_fill_our_memory(tenants) -> None:
    made = with_modules(tenants)
    tenants.run(
        made,
        TALKS,
        "ALTER TABLE ir_module_module RENAME TO genuine",
        "CREATE VIEW ir_module_module AS SELECT 'base' AS name, talk() AS state",
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(QuotaReached, match="longer than 16 MiB"):
        tenants.tenant(made).module_states(["base"])

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 << 10  # KiB; the messages are 150 MiB


def with_modules(tenants: Tenants) -> MadeTenant:
    return tenants.empty(
        "env",
        "CREATE TABLE ir_module_module (name text, state text)",
        "INSERT INTO ir_module_module VALUES ('base', 'installed')",
    )
