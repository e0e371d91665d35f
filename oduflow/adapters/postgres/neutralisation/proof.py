"""Read a neutralised database back, in a transaction of its own.

What a RULE or a trigger of the database swallowed, changed back or changed at the commit shows
here. The transaction is read-only, uses no function or operator of the database's own, and fails
where row-level security would hide a row.
"""

from collections.abc import Iterator, Mapping

from psycopg.sql import SQL, Composed, Identifier

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.neutralisation.apply import HINT, known_tables
from oduflow.adapters.postgres.neutralisation.catalog import Table
from oduflow.adapters.postgres.neutralisation.failures import naming, shown_name
from oduflow.adapters.postgres.neutralisation.rules import RULES
from oduflow.domain.neutralised import Reading, Remaining

_SHOWN = 5
_BEGIN = (
    "SET TRANSACTION READ ONLY",
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL row_security = off",
)
_SERVERS = """
    SELECT count(*) FROM public.ir_mail_server
    WHERE active AND name = 'neutralization - disable emails' AND smtp_host = 'invalid'
"""
_CRONS = "SELECT left(id::text, 40) FROM public.ir_cron WHERE active ORDER BY id LIMIT 6"
_PARAMETERS = """
    SELECT pg_catalog.left(key::text, 128), pg_catalog.left(value::text, 512)
    FROM public.ir_config_parameter WHERE key = ANY (%s) LIMIT 100
"""
_OWN_CODE = """
    SELECT 'rule', r.rulename::text, c.relname::text
    FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
    WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT 'trigger', t.tgname::text, c.relname::text
    FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::pg_catalog.regnamespace
    ORDER BY 1, 3, 2 LIMIT 21
"""
_SUSPECT_PARAMETERS = """
    SELECT pg_catalog.left(key::text, 128) FROM public.ir_config_parameter
    WHERE key ~* '(secret|passw|token|api_?key|access_?key|private_?key)' AND value <> ''
      AND value !~* '^(true|false|none|[0-9.]{1,8})$' AND key <> 'database.secret'
      AND key NOT LIKE '%%endpoint'
    ORDER BY 1 LIMIT %s
"""
_MANY = 20


def read_back(session: Session, parameters: Mapping[str, str]) -> Reading:
    """Return which rules hold, and the rows that contradict the others.

    Args:
        session: of the database's own role.
        parameters: Odoo's system parameters that must be set.
    """
    proven: list[str] = []
    remaining: list[Remaining] = []
    with session.transaction():
        for statement in _BEGIN:
            session.run(statement)
        found = known_tables(session)
        for rule in RULES:
            table = found.get(rule.table)
            if table is None or not rule.applies(table):
                continue
            with naming(f"reading back rule “{rule.name}”", HINT):
                rows = _contradicting(session, table, rule.contradicting(table))
            if rows:
                remaining.append(Remaining(rule.name, rule.table, rows))
            else:
                proven.append(rule.name)
        with naming("reading back mail servers, scheduled actions and parameters", HINT):
            others = tuple(_others(session, parameters))
        for name, wrong in others:
            if wrong is None:
                proven.append(name)
            else:
                remaining.append(wrong)
        warnings = tuple(_warnings(session))
    return Reading(tuple(dict.fromkeys(proven)), tuple(remaining), warnings)


def _contradicting(session: Session, table: Table, condition: Composed) -> tuple[str, ...]:
    """Return the first rows that meet a condition, in words."""
    key = SQL("id") if "id" in table.columns else SQL("ctid")
    query = SQL("SELECT pg_catalog.left({}::text, 40) FROM {} WHERE {} LIMIT {}").format(
        key, Identifier("public", table.name), condition, _SHOWN + 1
    )
    rows = [f"id {shown_name(number)}" for (number,) in session.run(query)]
    return tuple(rows[:_SHOWN] + ["and more"] * (len(rows) > _SHOWN))


def _others(
    session: Session, parameters: Mapping[str, str]
) -> Iterator[tuple[str, Remaining | None]]:
    """Check what is no rule of rows."""
    ((servers,),) = session.run(_SERVERS)
    name = "dummy mail server"
    said = f"{servers} active, not 1"
    yield name, None if servers == 1 else Remaining(name, "ir_mail_server", (said,))
    active = [f"id {shown_name(number)}" for (number,) in session.run(_CRONS)]
    name = "no scheduled action but one"
    yield name, None if len(active) <= 1 else Remaining(name, "ir_cron", tuple(active))
    values: dict[str, str] = dict(session.run(_PARAMETERS, list(parameters)))
    wrong = tuple(key for key, value in parameters.items() if values.get(key) != value)
    name = "system parameters"
    yield name, Remaining(name, "ir_config_parameter", wrong) if wrong else None


def _warnings(session: Session) -> Iterator[str]:
    """Name what may send although every rule holds."""
    code = [
        f"{kind} {shown_name(name)} of {shown_name(table)}"
        for kind, name, table in session.run(_OWN_CODE)
    ]
    if code:
        yield (
            "The database has rules or triggers of its own, which run when Odoo writes: "
            f"{_listed(code)}."
        )
    keys = [shown_name(key) for (key,) in session.run(_SUSPECT_PARAMETERS, _MANY + 1)]
    if keys:
        yield (
            "These system parameters look like credentials and were left: "
            f"{_listed(keys)}. Clear them with a script of neutralise_scripts if they are."
        )


def _listed(names: list[str]) -> str:
    more = " and more" if len(names) > _MANY else ""
    return f"{', '.join(names[:_MANY])}{more}"
