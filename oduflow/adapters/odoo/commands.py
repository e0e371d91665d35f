"""The commands that run in Odoo's containers, for every supported version.

A script of `inside/` is passed as source, because the product is not installed in the image. It
asks the image's Odoo what it has; nothing here depends on a version number.
"""

import json
from dataclasses import dataclass
from importlib import resources

from oduflow.adapters.odoo import inside
from oduflow.adapters.odoo.conf import CONF_TARGET

_REPORT = "oduflow: "


@dataclass(frozen=True, slots=True)
class OdooCommand:
    """A container's entry point and its arguments."""

    entrypoint: tuple[str, ...]
    arguments: tuple[str, ...]


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


def install(modules: tuple[str, ...]) -> OdooCommand:
    """Install modules; Odoo exits with 0 even if it could not."""
    options = ("--init", ",".join(modules), "--stop-after-init", "--no-http")
    return OdooCommand(("odoo",), ("--config", CONF_TARGET, *options))


def create_database(*, demo: bool, language: str, country: str) -> OdooCommand:
    """Install base and web into an empty database; `database_report` reads the output."""
    return _script("create", json.dumps([demo, language, country]))


def generate_assets() -> OdooCommand:
    """Generate the asset bundles of the installed modules into the filestore."""
    return _script("assets")


def database_report(output: str) -> DatabaseReport:
    """Read the report of `create_database` from its output; empty if there is none."""
    lines = [line for line in output.splitlines() if line.startswith(_REPORT)]
    said = json.loads(lines[-1].removeprefix(_REPORT)) if lines else {}
    known = tuple(said.get("known", ()))
    return DatabaseReport(said.get("refused", ""), known, said.get("untranslated", False))


def _script(command: str, *arguments: str) -> OdooCommand:
    source = (resources.files(inside) / "template_database.py").read_text("utf-8")
    return OdooCommand(("python3", "-c", source), (CONF_TARGET, command, *arguments))
