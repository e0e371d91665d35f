"""Where the compared records are: tables of Odoo 14 to 19, as SQL.

A row is read as JSON (`to_jsonb`), so that no column needs to exist in every version of Odoo.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NAME_CHARACTERS = 200
MODEL_CHARACTERS = 100
VALUE_CHARACTERS = 60_000  # of one value
MOST_RECORDS = 20_000  # of one kind
MOST_FIELDS = 60_000  # Odoo with every module has about 40,000

ALWAYS_IGNORED = ("id", "create_uid", "create_date", "write_uid", "write_date")
# Patterns of names whose values are left out.
SECRET_COLUMN = r"secret|passw|_pass$|token|api_?key|private_key"  # noqa: S105
SECRET_PARAMETER = r"secret|passw|pwd|token|key|credential|private"  # noqa: S105
_MODEL_ID = "(SELECT m.model FROM public.ir_model AS m WHERE m.id = t.model_id)"
_MODEL_OF_FIELD = "(SELECT m.model FROM public.ir_model_fields AS m WHERE m.id = t.field_id)"


@dataclass(frozen=True, slots=True)
class RecordSource:
    """The table of one kind of records.

    Attributes:
        kind: the Odoo model.
        table: its table.
        name: SQL of the natural key; empty for the external id, else the number.
        model: SQL of the Odoo model that a record is about.
        only: the columns that are read; empty for all but those of `ignored`.
        ignored: columns that change by themselves, or repeat what others say.
        where: SQL that selects the records.
        groups: table, own column and other column of the relation to `res.groups`.
        hidden: SQL that is true for a value that may be a secret, besides those of secret columns.
        most: how many records are read.
    """

    kind: str
    table: str
    name: str = ""
    model: str = "NULL"
    only: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    where: str = "true"
    groups: tuple[str, str, str] | None = None
    hidden: str = "false"
    most: int = MOST_RECORDS

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables without which it cannot be read."""
        return (self.table, "ir_model_data")

    def index(self, relations: frozenset[str]) -> str:
        """Return the statement for name, number, digest and model of each record.

        It takes `kind` and `most`.
        """
        return f"""
            {self._names}
            SELECT pg_catalog.left(({self._name})::text, {NAME_CHARACTERS}) COLLATE "C" AS name,
                t.id::bigint, pg_catalog.md5(({self._document(relations)})::text),
                pg_catalog.left(({self.model})::text, {MODEL_CHARACTERS})
            FROM public.{self.table} AS t {self._join} WHERE {self.where}
            ORDER BY 1, 2 LIMIT %(most)s
        """  # noqa: S608 - made of constants

    def contents(self, relations: frozenset[str]) -> str:
        """Return the statement for the values of some records; it takes `kind`, `ids` and `most`.

        Its rows are number, column, whether it is a secret, the value as text, and its digest.
        """
        return f"""
            {self._names}
            SELECT t.id::bigint, pg_catalog.left(f.key, {NAME_CHARACTERS}), s.is_secret,
                CASE WHEN s.is_secret THEN '' ELSE pg_catalog.left(v.text, {VALUE_CHARACTERS}) END,
                pg_catalog.md5(f.value::text)
            FROM public.{self.table} AS t {self._join}
            CROSS JOIN LATERAL pg_catalog.jsonb_each({self._document(relations)}) AS f (key, value)
            CROSS JOIN LATERAL (SELECT coalesce(
                CASE WHEN pg_catalog.jsonb_typeof(f.value) = 'object'
                THEN f.value ->> 'en_US' END, f.value #>> '{{}}'
            )) AS v (text)
            CROSS JOIN LATERAL (
                SELECT f.key ~* '{SECRET_COLUMN}' OR ({self.hidden})
            ) AS s (is_secret)
            WHERE t.id = ANY (%(ids)s) AND pg_catalog.jsonb_typeof(f.value) <> 'null'
            LIMIT %(most)s
        """  # noqa: S608 - made of constants

    @property
    def _name(self) -> str:
        return self.name or "coalesce(x.name, '#' || t.id)"

    @property
    def _names(self) -> str:
        """The external ids, where they are needed: fields have tens of thousands."""
        return "" if self.name and not self.groups else _NAMES

    @property
    def _join(self) -> str:
        return "" if self.name else _JOIN

    def _document(self, relations: frozenset[str]) -> str:
        if self.only:
            pairs = ", ".join(f"'{column}', t.{column}" for column in self.only)
            document = f"pg_catalog.jsonb_build_object({pairs})"
        else:
            ignored = ", ".join(f"'{column}'" for column in (*ALWAYS_IGNORED, *self.ignored))
            document = f"pg_catalog.to_jsonb(t) - ARRAY[{ignored}]"
        if self.groups is None or self.groups[0] not in relations:
            return document
        table, own, other = self.groups
        return f"""({document}) || pg_catalog.jsonb_build_object('groups', (
            SELECT pg_catalog.string_agg(coalesce(g.name, '#' || r.{other}), ', ' ORDER BY g.name)
            FROM public.{table} AS r
            LEFT JOIN names AS g ON g.model = 'res.groups' AND g.res_id = r.{other}
            WHERE r.{own} = t.id
        ))"""  # noqa: S608 - made of constants


_NAMES = f"""
    WITH names AS MATERIALIZED (
        SELECT model, res_id,
            pg_catalog.left(pg_catalog.min(module || '.' || name), {NAME_CHARACTERS}) AS name
        FROM public.ir_model_data WHERE model IN (%(kind)s, 'res.groups') GROUP BY model, res_id
    )
"""  # noqa: S608 - made of constants
_JOIN = "LEFT JOIN names AS x ON x.model = %(kind)s AND x.res_id = t.id"

_SOURCES = (
    RecordSource(
        "ir.module.module",
        "ir_module_module",
        name="t.name",
        only=("state", "latest_version"),
        where="t.state NOT IN ('uninstalled', 'uninstallable')",
    ),
    RecordSource(
        "ir.model", "ir_model", name="t.model", model="t.model", ignored=("info", "count")
    ),
    RecordSource(
        "ir.model.fields",
        "ir_model_fields",
        name="t.model || '.' || t.name",
        model="t.model",
        ignored=(
            *("model", "name", "model_id", "complete_name", "relation_field_id"),
            *("related_field_id", "column1", "column2"),
        ),
        where="t.name NOT IN ('id', 'display_name', '__last_update', 'create_uid', 'create_date',"
        " 'write_uid', 'write_date')",  # every model has them
        most=MOST_FIELDS,
    ),
    RecordSource("ir.model.fields.selection", "ir_model_fields_selection", model=_MODEL_OF_FIELD),
    RecordSource(
        "ir.ui.view",
        "ir_ui_view",
        model="t.model",
        ignored=("arch_fs", "arch_prev", "arch_updated"),
        groups=("ir_ui_view_group_rel", "view_id", "group_id"),
    ),
    RecordSource("ir.model.access", "ir_model_access", model=_MODEL_ID),
    RecordSource(
        "ir.rule",
        "ir_rule",
        model=_MODEL_ID,
        groups=("rule_group_rel", "rule_group_id", "group_id"),
    ),
    RecordSource(
        "ir.config_parameter",
        "ir_config_parameter",
        name="t.key",
        ignored=("key",),
        hidden=f"t.key ~* '{SECRET_PARAMETER}'",
    ),
    RecordSource(
        "ir.ui.menu",
        "ir_ui_menu",
        ignored=("parent_path",),
        groups=("ir_ui_menu_group_rel", "menu_id", "gid"),
    ),
    RecordSource("ir.actions.act_window", "ir_act_window", model="t.res_model"),
    RecordSource("ir.actions.server", "ir_act_server", model=_MODEL_ID),
    RecordSource("ir.actions.client", "ir_act_client"),
    RecordSource("ir.actions.act_url", "ir_act_url"),
    RecordSource("ir.actions.report", "ir_act_report_xml", model="t.model"),
    RecordSource(
        "ir.cron",
        "ir_cron",
        ignored=("nextcall", "lastcall", "numbercall", "failure_count", "first_failure_date"),
    ),
    RecordSource("base.automation", "base_automation", model=_MODEL_ID, ignored=("last_run",)),
    RecordSource("mail.template", "mail_template", model="t.model"),
    RecordSource("ir.mail_server", "ir_mail_server"),
    RecordSource("ir.sequence", "ir_sequence", ignored=("number_next",)),
    RecordSource("res.groups", "res_groups"),
    RecordSource("res.lang", "res_lang"),
)
SOURCES: Mapping[str, RecordSource] = MappingProxyType({source.kind: source for source in _SOURCES})

# The model of a table whose name does not say it.
_MODELS: Mapping[str, str] = MappingProxyType(
    {source.table: source.kind for source in _SOURCES} | {"ir_actions": "ir.actions.actions"}
)


def model_of(table: str) -> str:
    """Return the Odoo model of a table."""
    return _MODELS.get(table, table.replace("_", "."))
