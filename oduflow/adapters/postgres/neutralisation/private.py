"""What belongs to one environment alone, and comes into no template that is made of it.

The rows are chosen by the same rules that prove afterwards that they are gone: code of the
database's own may have kept them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.neutralisation.catalog import Table, tables
from oduflow.adapters.postgres.neutralisation.failures import said_by
from oduflow.adapters.postgres.neutralisation.rule import Rule
from oduflow.adapters.postgres.neutralisation.rules import ADMINISTRATORS_PASSKEYS, WAYS_IN
from oduflow.domain.errors import Conflict, UpstreamFailed

PRIVATE: tuple[Rule, ...] = (
    *WAYS_IN,
    Rule("sessions of users", "res_device_log"),  # from 18.0 on
    Rule(
        "an address that does not follow the environment's",
        "ir_config_parameter",
        where="key = 'web.base.url.freeze'",
        needs=("key",),
    ),
)
_HINT = "Look for views, rules and triggers of the database's own in place of Odoo's tables."
_PROVING = (
    "SET TRANSACTION READ ONLY",
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL row_security = off",
)


def remove_private(session: Session) -> None:
    """Remove it, all or nothing.

    Raises:
        Conflict: this database has no Odoo tables.
        UpstreamFailed: the database refuses it.
    """
    with session.transaction():
        for rule, table in _applying(session):
            with _naming(rule):
                session.run(rule.statement(table))


def remove_passkeys(session: Session) -> None:
    """Remove the administrator's passkeys, which sign in without the password."""
    rule = ADMINISTRATORS_PASSKEYS
    table = tables(session, {rule.table}).get(rule.table)
    if table is not None and rule.applies(table):
        session.run(rule.statement(table))


def prove_removed(session: Session) -> None:
    """Check in a session of its own that it is gone.

    Raises:
        UpstreamFailed: names what is still there.
    """
    with session.transaction():
        for statement in _PROVING:
            session.run(statement)
        for rule, table in _applying(session):
            query = SQL("SELECT 1 FROM {} WHERE {} LIMIT 1").format(
                Identifier("public", table.name), rule.contradicting(table)
            )
            with _naming(rule):
                left = session.run(query)
            if left:
                raise UpstreamFailed(
                    f"The copy keeps what is the environment's alone: {rule.name} ({rule.table}).",
                    _HINT,
                )


def _applying(session: Session) -> Iterator[tuple[Rule, Table]]:
    found = tables(session, {rule.table for rule in PRIVATE})
    if "ir_config_parameter" not in found:
        raise Conflict("The database holds no Odoo: it has no table ir_config_parameter.")
    for rule in PRIVATE:
        table = found.get(rule.table)
        if table is None or not rule.applies(table):
            continue
        if not table.stores_rows:
            raise UpstreamFailed(f"{table.name} is a view, where Odoo has a table.", _HINT)
        yield rule, table


@contextmanager
def _naming(rule: Rule) -> Iterator[None]:
    """Translate what the database refuses because of what it holds."""
    try:
        yield
    except psycopg.OperationalError:
        raise  # lost connections and time limits keep their own errors
    except psycopg.Error as cause:
        raise UpstreamFailed(
            f"The database refuses to remove what is the environment's alone: {rule.name}.",
            _HINT,
            output=said_by(cause),
        ) from cause
