"""Fill a template's database, inside a throw-away Odoo container.

`create` installs base and web into an empty database; the last line of its output that begins with
`oduflow: ` holds a JSON object: `refused` is the argument that this Odoo does not know, with the
known values, and `untranslated` says that the image holds no translations of the language.
`assets` generates the asset bundles into the filestore.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import odoo
from lxml import etree
from odoo.modules.registry import Registry
from odoo.service import db

if TYPE_CHECKING:
    from collections.abc import Iterator

ODOO_SUPERUSER = 1


def main(configuration: str, command: str, *arguments: str) -> None:
    """Run one command with the database that the configuration names."""
    options = ["--init", "base,web"] if command == "create" else []
    odoo.tools.config.parse_config(["--config", configuration, "--no-http", *options])
    if command == "create":
        create(*json.loads(arguments[0]))
    else:
        with opened(Registry(database())) as environment:
            generate_assets(environment)


def database() -> str:
    """Return the configured database; Odoo 19 reads a list of them."""
    names = odoo.tools.config["db_name"]
    return names if isinstance(names, str) else names[0]


@contextlib.contextmanager
def opened(registry: Any) -> Iterator[Any]:
    """Open an environment of the superuser and commit at the end."""
    # Environments live in this context up to Odoo 14; later it is useless, then gone.
    manage = getattr(odoo.api.Environment, "manage", contextlib.nullcontext)
    with manage(), registry.cursor() as cursor:
        yield odoo.api.Environment(cursor, ODOO_SUPERUSER, {})
        cursor.commit()


def create(demo: bool, language: str, country: str) -> None:  # noqa: FBT001 - from JSON
    """Install base and web, then choose the language and the country of the company."""
    if "with_demo" in odoo.tools.config.options:
        odoo.tools.config["with_demo"] = demo
    else:
        odoo.tools.config["without_demo"] = not demo
    registry = Registry.new(database(), update_module=True)
    report: dict[str, Any] = {}
    with opened(registry) as environment:
        if language:
            report.update(choose_language(environment, language))
        if country:
            report.update(choose_country(environment, country))
    sys.stdout.write(f"oduflow: {json.dumps(report)}\n")


def choose_language(environment: Any, code: str) -> dict[str, Any]:
    """Activate a language and give it to the administrator, as Odoo's “create database” does."""
    languages = environment["res.lang"].with_context(active_test=False).search([])
    language = languages.filtered(lambda each: each.code == code)
    if not language:
        return {"refused": "language", "known": sorted(languages.mapped("code"))}
    language.write({"active": True})
    installed = environment["ir.module.module"].search([("state", "=", "installed")])
    installed._update_translations([code])  # noqa: SLF001 - Odoo's own name
    environment.ref("base.user_admin").write({"lang": code})
    return {"untranslated": not code.startswith("en") and not has_catalogue(code)}


def has_catalogue(code: str) -> bool:
    """Whether the image holds the translations of a language."""
    names = (f"{code}.po", f"{code.partition('_')[0]}.po")
    folders = [Path(folder, "base", "i18n") for folder in odoo.addons.__path__]
    return any((folder / name).exists() for folder in folders for name in names)


def choose_country(environment: Any, code: str) -> dict[str, Any]:
    """Give the company a country and its currency, as Odoo's “create database” does.

    Modules that are installed later choose their localization by it.
    """
    countries = environment["res.country"].search([])
    country = countries.filtered(lambda each: each.code == code)
    if not country:
        return {"refused": "country", "known": sorted(filter(None, countries.mapped("code")))}
    company = environment.ref("base.main_company")
    company.write({"country_id": country.id, "currency_id": country.currency_id.id})
    zones = getattr(db, "country_timezones", {}).get(code, [])
    if len(zones) == 1:
        environment["res.users"].search([]).write({"tz": zones[0]})
    return {}


def generate_assets(environment: Any) -> None:
    """Generate the asset bundles, so that no environment compiles them for its first page."""
    qweb = environment["ir.qweb"]
    if hasattr(qweb, "_pregenerate_assets_bundles"):
        qweb._pregenerate_assets_bundles()  # noqa: SLF001 - Odoo's own name
        return
    views = environment["ir.ui.view"].search(
        [("type", "=", "qweb"), ("arch_db", "like", "t-call-assets")]
    )
    calls = set()
    for view in views:
        for node in etree.fromstring(view.arch_db).iter("{*}t"):
            bundle = node.get("t-call-assets", "")
            if bundle and "{" not in bundle:
                calls.add((bundle, node.get("t-css") != "false", node.get("t-js") != "false"))
    for bundle, css, js in sorted(calls):
        qweb._get_asset_nodes(bundle, {}, css=css, js=js)  # noqa: SLF001 - Odoo's own name


main(*sys.argv[1:])
