"""Each rule of neutralisation, on a row of production, on a real PostgreSQL."""

from collections import defaultdict
from typing import Any

import pytest

from oduflow.domain.neutralised import RuleApplied
from oduflow.services.templates.neutralise import new_parameters
from tests.support.neutralisation_rows import ROWS

NOWHERE = "https://iap.invalid"
ENDPOINTS = (
    "crm.endpoint",
    "enrich.endpoint",
    "html_editor.olg_api_endpoint",
    "iap.endpoint",
    "iap.partner_autocomplete.endpoint",
    "iap_extract_endpoint",
    "odoo_ocn.endpoint",
    "reveal.endpoint",
    "sms.endpoint",
    "snailmail.endpoint",
)
TYPES = {bool: "boolean", int: "int", str: "varchar"}
MARK = "marked"  # the rule that a row shows
MORE = (
    "CREATE TABLE ir_module_module (id serial PRIMARY KEY, name varchar, state varchar)",
    "CREATE TABLE ir_model_data (module varchar, name varchar, model varchar, res_id int)",
    (
        "INSERT INTO ir_model_data VALUES ('base', 'autovacuum_job', 'ir.cron', 1000),"
        " ('base', 'user_admin', 'res.users', 2)"
    ),
    "ALTER TABLE ir_config_parameter ADD UNIQUE (key)",
    *(
        f"INSERT INTO ir_config_parameter (key, value) VALUES ('{key}', 'https://iap.odoo.com')"  # noqa: S608
        for key in ENDPOINTS[:3]
    ),
)


def test_each_rule_finds_its_row_and_leaves_what_is_written_here(tenants):
    made = tenants.empty("tpl", *tables(), *rows(), *MORE)
    tenant, parameters = tenants.tenant(made), new_parameters()
    before = {(each.rule, each.table) for each in tenant.read_back(parameters).remaining}
    assert {(rule, table) for rule, table, _before, _after in ROWS} <= before

    done: tuple[RuleApplied, ...] = tenant.neutralise(parameters)

    assert tenant.read_back(parameters).remaining == ()
    idle = sorted(each.rule for each in done if not each.rows)
    assert idle == ["dummy mail server"], "there is one already"
    wrong = {}
    for rule, table, _before, after in ROWS:
        columns = ", ".join(f'"{name}"' for name in (after or {"id": 0}))
        with tenants.connected(made) as connection:
            question = f"SELECT {columns} FROM {table} WHERE {MARK} = %s"  # noqa: S608
            found = connection.execute(question, (rule,)).fetchall()
        if found != ([] if after is None else [tuple(after.values())]):
            wrong[rule, table] = found
    assert wrong == {}


@pytest.mark.parametrize("key", ENDPOINTS)
def test_each_endpoint_of_odoos_services_leads_nowhere(key):
    assert new_parameters()[key] == NOWHERE


def tables() -> list[str]:
    """Return what makes the tables of all rows, with the columns that the rows have."""
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    for _rule, table, before, _after in ROWS:
        columns[table] |= {name: TYPES[type(value)] for name, value in before.items()}
    return [
        f"CREATE TABLE {table} ({MARK} varchar, id serial, "
        + ", ".join(f'"{name}" {kind}' for name, kind in found.items() if name != "id")
        + ")"
        for table, found in columns.items()
    ]


def rows() -> list[str]:
    """Return what inserts the rows."""
    return [
        f"INSERT INTO {table} ({MARK}, {', '.join(map(quoted, before))})"  # noqa: S608
        f" VALUES ('{rule}', {', '.join(map(literal, before.values()))})"
        for rule, table, before, _after in ROWS
    ]


def quoted(name: str) -> str:
    return f'"{name}"'


def literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
