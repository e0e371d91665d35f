"""What a comparison leaves out: what every environment has of its own, and what is shown twice."""

from oduflow.domain.comparison.kinds import KINDS, ROWS
from oduflow.domain.comparison.records import Difference

OWN_PARAMETERS = frozenset(
    {
        *("database.secret", "database.uuid", "database.create_date"),
        *("web.base.url", "report.url"),
    }
)
# Written while Odoo runs, or deleted in each copy.
PASSING_TABLES = frozenset(
    {
        *("bus_bus", "bus_presence", "mail_presence", "ir_logging", "ir_profile"),
        *("ir_cron_progress", "ir_cron_trigger", "res_users_log", "res_device_log"),
        *("res_users_apikeys", "res_users_settings"),
    }
)
# Compared record by record, or records about such records.
DESCRIBED_TABLES = frozenset(
    {
        *("ir_model_data", "ir_model_constraint", "ir_model_relation", "ir_model_inherit"),
        *("ir_module_module_dependency", "ir_module_module_exclusion", "ir_module_category"),
        *("ir_actions", "ir_act_window", "ir_act_server", "ir_act_report_xml"),
        *("ir_act_client", "ir_act_url"),
    }
    | {name.replace(".", "_") for name in KINDS}
)
_SIGNALS = ("orm_signaling_", "base_cache_signaling", "base_registry_signaling")
PASSING = "sessions, logs, queues, asset bundles and the times of cron jobs."
_ROWS = "Of large tables only the number of rows is compared; the section names them."
OF_EVERY_ENVIRONMENT = (
    "Left out, because every environment has its own: users' passwords and API keys, "
    f"{', '.join(sorted(OWN_PARAMETERS))}, {PASSING} {_ROWS}"
)
OF_EVERY_MOMENT = (
    "Left out, because they change by themselves: users' passwords, who changed a record and when, "
    f"{PASSING} {_ROWS}"
)


def is_counted(table: str) -> bool:
    """Whether the rows of a table are counted."""
    return table not in PASSING_TABLES | DESCRIBED_TABLES and not table.startswith(_SIGNALS)


def is_of_every_environment(difference: Difference) -> bool:
    """Whether a difference to the template says nothing: it is in every environment."""
    kind, name = difference.key
    return kind == "ir.config_parameter" and name in OWN_PARAMETERS


def says_nothing(difference: Difference) -> bool:
    """Whether a difference is said by another section: a new or removed table without rows."""
    there = difference.before or difference.after
    is_one_sided = difference.before is None or difference.after is None
    is_empty = there is not None and there.digest == "0"
    return difference.key.kind == ROWS.name and is_one_sided and is_empty
