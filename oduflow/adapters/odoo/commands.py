"""The commands that run in Odoo's containers, for every supported version.

A script of `inside/` is passed as source, because the product is not installed in the image. It
asks the image's Odoo what it has; nothing here depends on a version number.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from oduflow.adapters.odoo import inside
from oduflow.adapters.odoo.conf import CONF_TARGET

_FUTURE = "from __future__ import annotations\n"
_REPORT = "oduflow: "
_TEMPLATE = "template_database.py"
PREIMPORTED = frozenset({"base", "web"})
"""The modules that a warm slot imports; every template has them (`domain/template.py` BASE)."""
_IMPORTS = (
    *("odoo", "odoo.cli", "odoo.http", "odoo.service.server"),
    *("odoo.modules.loading", "odoo.modules.registry"),
    *("odoo.addons.base", "odoo.addons.base.models"),
    *("odoo.addons.web", "odoo.addons.web.models", "odoo.addons.web.controllers"),
)
LAUNCHED = "oduflow: imported"
"""What `launch` prints before it waits."""


@dataclass(frozen=True, slots=True)
class OdooCommand:
    """A container's entry point and its arguments."""

    entrypoint: tuple[str, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NeutralizeReport:
    """What `neutralize` said at its end.

    Attributes:
        has_neutralize: whether this Odoo has a `neutralize` of its own.
        ran: the modules whose own SQL ran.
        without_code: installed modules that the image does not have.
        failed: the module whose SQL failed; empty if none did. Then nothing was changed.
        error: why.
    """

    has_neutralize: bool
    ran: tuple[str, ...] = ()
    without_code: tuple[str, ...] = ()
    failed: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What `create_database` said at its end.

    Attributes:
        refused: the argument that this Odoo does not know: `language`, `country` or empty.
        known: the values that it knows.
        untranslated: whether the image holds no translations of the language.
    """

    refused: str = ""
    known: tuple[str, ...] = ()
    untranslated: bool = False


def serve() -> OdooCommand:
    """Serve the database that the configuration names."""
    return OdooCommand(("odoo",), ("--config", CONF_TARGET))


def launch() -> OdooCommand:
    """Import Odoo, wait until the configuration has content, and serve as `serve` does."""
    source = (resources.files(inside) / "launcher.py").read_text("utf-8")
    return OdooCommand(("python3", "-c", source), (CONF_TARGET, *_IMPORTS))


def install(modules: tuple[str, ...]) -> OdooCommand:
    """Install modules; Odoo exits with 0 even if it could not."""
    options = ("--init", ",".join(modules), "--stop-after-init", "--no-http")
    return OdooCommand(("odoo",), ("--config", CONF_TARGET, *options))


def create_database(*, demo: bool, language: str, country: str) -> OdooCommand:
    """Install base and web into an empty database; `database_report` reads the output."""
    return script(_TEMPLATE, "create", json.dumps([demo, language, country]))


def generate_assets() -> OdooCommand:
    """Generate the asset bundles of the installed modules into the filestore."""
    return script(_TEMPLATE, "assets")


def shell() -> OdooCommand:
    """Run a caller's code in Odoo; `odoo/shell.py` writes its input and reads its output."""
    return script("shell.py")


def neutralize() -> OdooCommand:
    """Run Odoo's own neutralization if it has one; `neutralize_report` reads the output."""
    return script("neutralise.py")


def neutralize_report(output: str) -> NeutralizeReport | None:
    """Read the report of `neutralize` from its output; None if there is none."""
    said = _said(output)
    if "has_neutralize" not in said:
        return None
    return NeutralizeReport(
        has_neutralize=bool(said["has_neutralize"]),
        ran=tuple(said.get("ran", ())),
        without_code=tuple(said.get("without_code", ())),
        failed=said.get("failed", ""),
        error=said.get("error", ""),
    )


def database_report(output: str) -> DatabaseReport:
    """Read the report of `create_database` from its output; empty if there is none."""
    said = _said(output)
    known = tuple(said.get("known", ()))
    return DatabaseReport(said.get("refused", ""), known, said.get("untranslated", False))


def _said(output: str) -> dict[str, Any]:
    """Return the object of the last line that begins as a report does."""
    lines = [line for line in output.splitlines() if line.startswith(_REPORT)]
    return json.loads(lines[-1].removeprefix(_REPORT)) if lines else {}


def script(name: str, *arguments: str, part: str = "") -> OdooCommand:
    """Run a script of `inside/` with the configuration file and further arguments.

    Args:
        name: of the script.
        arguments: its own.
        part: another script, whose functions it calls.
    """
    source = (resources.files(inside) / name).read_text("utf-8")
    if part:
        before = (resources.files(inside) / part).read_text("utf-8")
        source = f"{before}\n{source.replace(_FUTURE, '', 1)}"
    return OdooCommand(("python3", "-c", source), (CONF_TARGET, *arguments))
