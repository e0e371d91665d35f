"""What is compared: the sections of a comparison, and the kinds of records in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class DiffSection(StrEnum):
    """A part of a comparison, in the order of the report."""

    MODULES = "modules"
    MODELS = "models"
    FIELDS = "fields"
    VIEWS = "views"
    ACCESS = "access"
    PARAMETERS = "parameters"
    DATA = "data"
    TABLES = "tables"
    ROWS = "rows"

    @property
    def heading(self) -> str:
        """The section's heading."""
        return _TITLES[self]


_TITLES: Mapping[DiffSection, str] = MappingProxyType(
    {
        DiffSection.MODULES: "Modules",
        DiffSection.MODELS: "Models",
        DiffSection.FIELDS: "Fields",
        DiffSection.VIEWS: "Views",
        DiffSection.ACCESS: "Access rules",
        DiffSection.PARAMETERS: "System parameters",
        DiffSection.DATA: "Menus, actions and other data",
        DiffSection.TABLES: "Tables",
        DiffSection.ROWS: "Rows",
    }
)


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of compared records.

    Attributes:
        name: Odoo's model, or `table` and `rows`.
        section: where it is shown.
        brief: the values that describe a new or a removed one; empty for all of them.
    """

    name: str
    section: DiffSection
    brief: tuple[str, ...] = ()


TABLE = RecordKind("table", DiffSection.TABLES)
ROWS = RecordKind("rows", DiffSection.ROWS)

_KINDS = (
    RecordKind("ir.module.module", DiffSection.MODULES),
    RecordKind("ir.model", DiffSection.MODELS, ("name", "state", "transient")),
    RecordKind(
        "ir.model.fields",
        DiffSection.FIELDS,
        ("ttype", "relation", "required", "readonly", "related", "store", "state"),
    ),
    RecordKind("ir.model.fields.selection", DiffSection.FIELDS, ("name",)),
    RecordKind(
        "ir.ui.view", DiffSection.VIEWS, ("model", "type", "inherit_id", "arch_db", "groups")
    ),
    RecordKind("ir.model.access", DiffSection.ACCESS),
    RecordKind("ir.rule", DiffSection.ACCESS),
    RecordKind("ir.config_parameter", DiffSection.PARAMETERS),
    RecordKind("ir.ui.menu", DiffSection.DATA, ("name", "parent_id", "action", "groups")),
    RecordKind(
        "ir.actions.act_window", DiffSection.DATA, ("name", "res_model", "domain", "context")
    ),
    RecordKind("ir.actions.server", DiffSection.DATA, ("name", "model_id", "state", "code")),
    RecordKind("ir.actions.client", DiffSection.DATA, ("name", "tag", "res_model")),
    RecordKind("ir.actions.act_url", DiffSection.DATA, ("name", "url")),
    RecordKind(
        "ir.actions.report", DiffSection.DATA, ("name", "model", "report_name", "report_type")
    ),
    RecordKind(
        "ir.cron", DiffSection.DATA, ("cron_name", "active", "interval_number", "interval_type")
    ),
    RecordKind("base.automation", DiffSection.DATA, ("name", "model_id", "trigger", "active")),
    RecordKind("mail.template", DiffSection.DATA, ("name", "model", "subject", "body_html")),
    RecordKind("ir.mail_server", DiffSection.DATA, ("name", "smtp_host", "active")),
    RecordKind("ir.sequence", DiffSection.DATA, ("name", "code", "prefix")),
    RecordKind("res.groups", DiffSection.DATA, ("name",)),
    RecordKind("res.lang", DiffSection.DATA, ("code", "active")),
    TABLE,
    ROWS,
)
KINDS: Mapping[str, RecordKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
