"""Generate the asset bundles of a template, inside a throw-away Odoo container.

The first page of every environment then reads them from its filestore instead of compiling them.
The container gets this file as source, because the product is not installed there.
"""

import sys

import odoo  # type: ignore[import-not-found]
from odoo.modules.registry import Registry  # type: ignore[import-not-found]

ODOO_SUPERUSER = 1

odoo.tools.config.parse_config(["--config", sys.argv[1], "--no-http"])
with Registry(odoo.tools.config["db_name"][0]).cursor() as cursor:
    environment = odoo.api.Environment(cursor, ODOO_SUPERUSER, {})
    environment["ir.qweb"]._pregenerate_assets_bundles()  # noqa: SLF001 - Odoo's own name for it
    cursor.commit()
