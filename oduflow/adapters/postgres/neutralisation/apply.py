"""Apply the product's own rules, in one transaction, as the database's own role."""

from collections.abc import Iterable, Mapping

from psycopg.sql import SQL, Identifier, Placeholder

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.neutralisation.catalog import Table, hidden, tables
from oduflow.adapters.postgres.neutralisation.failures import naming
from oduflow.adapters.postgres.neutralisation.rules import DUMMY, RULES
from oduflow.domain.errors import Conflict
from oduflow.domain.neutralised import NotNeutralised, RuleApplied

REQUIRED = ("ir_config_parameter", "ir_cron", "ir_mail_server", "ir_model_data", "ir_module_module")
DUMMY_SERVER: Mapping[str, object] = {
    "name": DUMMY,
    "smtp_host": "invalid",
    "smtp_port": 1025,
    "smtp_encryption": "none",
    "smtp_authentication": "login",
    "active": True,
}
HINT = "Look for constraints, rules and triggers of the database's own on this table."
_SET_PARAMETER = """
    INSERT INTO public.ir_config_parameter (key, value) VALUES (%s, %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


def apply_rules(session: Session, parameters: Mapping[str, str]) -> tuple[RuleApplied, ...]:
    """Apply every rule that fits the database, all or none.

    Args:
        session: of the database's own role.
        parameters: Odoo's system parameters to set.

    Returns:
        Each rule that applies and the rows that it changed.

    Raises:
        Conflict: this database has no Odoo tables.
        NotNeutralised: a table of a rule is a view or the like, or hidden from Odoo.
    """
    with session.transaction():
        found = known_tables(session)
        with naming("the dummy mail server", HINT):
            done = [_insert_dummy(session, found["ir_mail_server"])]
        for rule in RULES:
            table = found.get(rule.table)
            if table is not None and rule.applies(table):
                with naming(f"rule “{rule.name}”", HINT):
                    rows = session.execute(rule.statement(table)).rowcount
                done.append(RuleApplied(rule=rule.name, rows=rows))
        with naming("setting system parameters", HINT):
            for key, value in parameters.items():
                session.run(_SET_PARAMETER, key, value)
        done.append(RuleApplied(rule="system parameters", rows=len(parameters)))
    return tuple(done)


def known_tables(session: Session) -> dict[str, Table]:
    """Return the tables of all rules that the database has.

    Raises:
        Conflict: this database has no Odoo tables.
        NotNeutralised: one of them is a view or the like, or another one hides it from Odoo.
    """
    names = {*REQUIRED, *(rule.table for rule in RULES)}
    found = tables(session, names)
    if missing := [name for name in REQUIRED if name not in found]:
        raise Conflict(f"The database holds no Odoo: it has no table {missing[0]}.")
    if disguised := sorted(name for name, each in found.items() if not each.stores_rows):
        raise NotNeutralised(
            f"The database was not neutralised: {_listed(disguised)} is a view, where Odoo has a "
            "table, so nothing in it can be changed or trusted.",
            "Import a backup of a working Odoo.",
        )
    if others := hidden(session, names):
        raise NotNeutralised(
            f"The database was not neutralised: a schema named like its role has {_listed(others)}"
            ", which Odoo would use in place of the table in the schema public.",
            "Look for code in the source that makes such a schema, remove it, and import again.",
        )
    return found


def _insert_dummy(session: Session, table: Table) -> RuleApplied:
    """Add the mail server that keeps Odoo from using one of its command line, unless it exists."""
    columns = table.columns.values()
    texts = {each.name: "" for each in columns if each.required and each.category == "S"}
    known = {key: value for key, value in DUMMY_SERVER.items() if key in table.columns}
    values: dict[str, object] = {**texts, **known}
    statement = SQL(
        "INSERT INTO public.ir_mail_server ({}) SELECT {} WHERE NOT EXISTS"
        " (SELECT FROM public.ir_mail_server WHERE name = {} AND smtp_host = 'invalid')"
    ).format(
        SQL(", ").join(map(Identifier, values)),
        SQL(", ").join(Placeholder() * len(values)),
        Placeholder(),
    )
    rows = session.execute(statement, [*values.values(), DUMMY]).rowcount
    return RuleApplied(rule="dummy mail server", rows=rows)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
