"""Tell an Odoo that serves a database to read its caches again, from outside of Odoo."""

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres.connection import Session

# Odoo 19 reads tables of signals, older versions sequences. A new registry is not asked for: it
# takes seconds, and only changed fields and models need it.
_SIGNALS = """
    SELECT c.relname, c.relkind = 'S' FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND (
        c.relkind = 'r' AND c.relname ~ '^orm_signaling_' AND c.relname <> 'orm_signaling_registry'
        OR c.relkind = 'S' AND c.relname ~ '^base_cache_signaling'
    ) ORDER BY 1 LIMIT 50
"""


def signal_caches(session: Session) -> tuple[str, ...]:
    """Signal in a transaction of the caller; what hinders it must not undo that.

    Returns:
        What was signalled; empty if Odoo cannot be told.
    """
    try:
        with session.transaction():
            found = session.run(_SIGNALS)
            for name, is_sequence in found:
                if is_sequence:
                    session.run("SELECT pg_catalog.nextval(%s::regclass)", f'public."{name}"')
                else:
                    insert = SQL("INSERT INTO {} DEFAULT VALUES")
                    session.run(insert.format(Identifier("public", name)))
    except psycopg.Error:
        if session.info.transaction_status is not TransactionStatus.INTRANS:
            raise
        return ()
    return tuple(str(name) for name, _ in found)
