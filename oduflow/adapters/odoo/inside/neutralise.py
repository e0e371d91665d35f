"""Run Odoo's own `neutralize`, inside a throw-away Odoo container.

The last line of the output that begins with `oduflow: ` holds a JSON object: `has_neutralize`,
`ran` (modules whose neutralize.sql ran), `without_code` (installed modules that the image does not
have), and `failed` with `error` when the SQL of a module failed; then nothing was changed.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from contextlib import closing
from typing import Any

import odoo.modules.module
import odoo.sql_db
import odoo.tools

MODULE = re.compile(r"[A-Za-z0-9_]{1,128}")


def main(configuration: str) -> None:
    """Neutralize the database that the configuration names."""
    odoo.tools.config.parse_config(["--config", configuration, "--no-http"])
    prepare = getattr(odoo.modules.module, "initialize_sys_path", None)
    if prepare is not None:
        prepare()
    with closing(odoo.sql_db.db_connect(database()).cursor()) as cursor:
        cursor.execute(
            "SELECT left(name, 128) FROM ir_module_module"
            " WHERE state IN ('installed', 'to upgrade', 'to remove') ORDER BY name LIMIT 10000"
        )
        installed = [name for (name,) in cursor.fetchall() if MODULE.fullmatch(name)]
        report: dict[str, Any] = {
            "without_code": [name for name in installed if not has_code(name)],
            "has_neutralize": importlib.util.find_spec("odoo.modules.neutralize") is not None,
        }
        if report["has_neutralize"]:
            report.update(neutralize(cursor, installed))
        if "failed" not in report:
            cursor.commit()
    sys.stdout.write(f"\noduflow: {json.dumps(report)}\n")


def database() -> str:
    """Return the configured database; Odoo 19 reads a list of them."""
    names = odoo.tools.config["db_name"]
    return names if isinstance(names, str) else names[0]


def has_code(module: str) -> bool:
    """Whether the image has the module; it is not imported."""
    return importlib.util.find_spec(f"odoo.addons.{module}") is not None


def neutralize(cursor: Any, modules: list[str]) -> dict[str, Any]:
    """Execute the modules' own SQL, one module after the other, to name the one that fails."""
    from odoo.modules.neutralize import get_neutralization_queries  # noqa: PLC0415 - 16 and later

    ran = []
    for module in modules:
        try:
            for query in get_neutralization_queries([module]):
                cursor.execute(query)
                ran.append(module)
        except Exception as error:  # noqa: BLE001 - reported, and the exit code says it too
            return {"failed": module, "error": str(error)[:2000]}
    return {"ran": ran}


main(*sys.argv[1:])
