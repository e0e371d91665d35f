"""Make the bundles of scripts and styles, as a part of `change_modules.py`, which follows it."""

from __future__ import annotations

import contextlib
import inspect
import re
from typing import Any

import odoo.api
import odoo.modules.module
from odoo.addons.base.models.assetsbundle import AssetsBundle

SUPERUSER = 1
MOST_REASON = 1500  # characters
LINK = re.compile(r"""t-call-assets=\\?["']([\w.]+)""")
TESTS = re.compile(r"\btests?(_|\b)|_tests?(_|\b)|\bqunit")


def managed() -> Any:
    """Return the context of environments up to Odoo 14; later it is useless, then gone."""
    return getattr(odoo.api.Environment, "manage", contextlib.nullcontext)()


def made_bundles(registry: Any, mine: set[str]) -> list[list[Any]]:
    """Make the bundles that files or manifests of the repositories take part in.

    Odoo keeps them in the database, where the serving one finds them. One that cannot be made is
    told with the reason, and then none is kept. Bundles of tests are left out, and those that are
    parts of others and that no page links: they are made with those.

    Returns:
        For each its name, whether it has styles, whether it has scripts, and what is wrong with it.
    """
    found: list[list[Any]] = []
    with managed(), contextlib.closing(registry.cursor()) as cursor:
        environment = odoo.api.Environment(cursor, SUPERUSER, {})
        linked, declared, by_mine = bundle_names(environment, mine)
        bundles = {
            name: contents(environment, name)
            for name in sorted(linked | declared)
            if not TESTS.search(name)
        }
        included = {part for name, (_, parts) in bundles.items() for part in parts - {name}}
        for name, (modules, parts) in bundles.items():
            is_mine = modules & mine or (parts | {name}) & by_mine
            if is_mine and (name in linked or not (is_part(name) or name in included)):
                found.append([name, *made_bundle(environment, name)])
        if not any(wrong for *_, wrong in found):
            cursor.commit()
    return found


def bundle_names(environment: Any, mine: set[str]) -> tuple[set[str], set[str], set[str]]:
    """Return the bundles that views link, that manifests name, and that the repositories name.

    They name them in manifests, in records of assets, and up to Odoo 14 in views, which extend the
    view that is the bundle.
    """
    environment.cr.execute("SELECT arch_db::text FROM ir_ui_view WHERE type = 'qweb' AND active")
    linked = {name for (arch,) in environment.cr.fetchall() for name in LINK.findall(arch or "")}
    declared, by_mine = set(), set()
    for module in environment["ir.module.module"].search([("state", "=", "installed")]):
        assets = set(manifest_of(module.name).get("assets") or {})
        declared |= assets
        if module.name in mine:
            by_mine |= assets
    if "ir.asset" in environment:
        declared |= set(environment["ir.asset"].search([]).mapped("bundle"))
        by_mine |= set(records_of(environment, "ir.asset", mine).mapped("bundle"))
    views = records_of(environment, "ir.ui.view", mine)
    while views:
        by_mine |= set(views.mapped("key"))
        views = views.mapped("inherit_id")
    return linked, declared, by_mine


def records_of(environment: Any, model: str, modules: set[str]) -> Any:
    """Return the records of a model that data of modules set."""
    known = [("model", "=", model), ("module", "in", sorted(modules))]
    found = environment["ir.model.data"].search(known).mapped("res_id")
    return environment[model].browse(found).exists()


def manifest_of(module: str) -> Any:
    """Return a module's manifest; empty where its folder is gone."""
    reader = odoo.modules.module
    manifest: Any = getattr(reader, "Manifest", None)
    if hasattr(manifest, "for_addon"):
        return manifest.for_addon(module, display_warning=False) or {}
    read = getattr(reader, "get_manifest", None) or reader.load_information_from_description_file
    return read(module) or {}


def is_part(bundle: str) -> bool:
    """Whether a bundle is only included in others, as its name tells."""
    return bundle.rpartition(".")[2].startswith("_")


def contents(environment: Any, name: str) -> tuple[set[str], set[str]]:
    """Return the modules whose files a bundle has, and the bundles that it is made of.

    Of one that cannot be read no files are known: it counts as the repositories' where they name
    it. Else the image or a website has broken it, which the repositories cannot repair.
    """
    parts, qweb = {name}, environment["ir.qweb"]
    assets: Any = type(environment["ir.asset"]) if "ir.asset" in environment else None
    plain: Any = getattr(assets, "_fill_asset_paths", None)

    def remember(self: Any, bundle: str, *positional: Any, **named: Any) -> Any:
        parts.add(bundle)
        return plain(self, bundle, *positional, **named)

    if plain is not None:
        assets._fill_asset_paths = remember  # noqa: SLF001
    try:
        with environment.cr.savepoint():
            files, _ = qweb._get_asset_content(name, **without_options(qweb._get_asset_content))  # noqa: SLF001
    except Exception:  # noqa: BLE001 - of templates and files of any kind
        return set(), parts
    finally:
        if plain is not None:
            del assets._fill_asset_paths  # noqa: SLF001
    urls = (str(each.get("url") or "") for each in files)
    return {url.split("/")[1] for url in urls if url.count("/") > 1}, parts


def made_bundle(environment: Any, name: str) -> tuple[bool, bool, str]:
    """Make a bundle; return whether it has styles, whether scripts, and what is wrong with it."""
    made: list[Any] = []
    plain = AssetsBundle.__init__

    def remember(bundle: Any, *positional: Any, **named: Any) -> None:
        made.append(bundle)
        plain(bundle, *positional, **named)

    wrong = ""
    AssetsBundle.__init__ = remember
    try:
        with environment.cr.savepoint():
            make_bundle(environment["ir.qweb"], name)
    except Exception as error:  # noqa: BLE001 - of templates and files of any kind
        wrong = f"{type(error).__name__}: {error}"
    finally:
        AssetsBundle.__init__ = plain
    wrong = wrong or "\n".join(str(each) for bundle in made for each in bundle.css_errors)
    styles = any(bundle.stylesheets for bundle in made)
    return styles, any(bundle.javascripts for bundle in made), wrong[:MOST_REASON]


def make_bundle(qweb: Any, name: str) -> None:
    """Make a bundle as a page that links it does; from Odoo 17 on a page makes links only."""
    make = getattr(qweb, "_get_asset_bundle", None)
    if make is not None and "files" not in inspect.signature(make).parameters:
        bundle = make(name)
        if bundle.stylesheets:
            bundle.css()
        if bundle.javascripts:
            bundle.js()
        return
    qweb._get_asset_nodes(name, **without_options(qweb._get_asset_nodes))  # noqa: SLF001


def without_options(method: Any) -> dict[str, Any]:
    """Return the options of a method that requires some."""
    return {"options": {}} if "options" in inspect.signature(method).parameters else {}
