"""Install, upgrade or uninstall modules, in a throw-away container beside the serving Odoo.

Arguments: the configuration file, and a JSON object: `change` is `install`, `upgrade`,
`uninstall` or `apply`, `modules` are their names, and `own` the folders that hold repositories.
`apply` imports code again and takes `upgrade` and `install` (names), `reload` (module to files of
data that are loaded in place), `terms` (module to languages), `ids` (records) and `bundles`
(whether to make the bundles of scripts and styles). At its end it
prints one verdict, a JSON object in lines that begin with `oduflow-verdict:`, between `begin` and
`end`: `status`, `changed` (name to state and version, before and after), `updated`, `chain` (the
exception and its causes, each with file, line and frames), `log` (records of warnings and errors),
`missing_columns` (stored fields without a column), `stage` (what it did last), `wrote` (whether it
committed anything), `tells_writes` (whether it knows that: if not, each commit counts), `kept`
(those of `ids` that Odoo leaves as they are), `bundles` (name, whether it has styles, whether it
has scripts, and why it cannot be made; null if they were not made) and `seconds`. It asks the
image's Odoo what it has; nothing here depends on a version number.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import odoo
import odoo.addons
import odoo.api
import odoo.modules.module as reader
import odoo.sql_db
import odoo.tools
from odoo.modules.registry import Registry
from odoo.tools.convert import convert_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oduflow.adapters.odoo.inside.made_bundles import made_bundles, managed

ODOO_SUPERUSER = 1
PREFIX = "oduflow-verdict:"
PIECE = 3000  # characters; the reader of a container's output cuts longer lines
MOST_RECORDS = 100  # of each level
MOST_TEXT = 1500  # characters
MOST_CAUSES = 5
MOST_FRAMES = 8
MOST_NAMES = 300


class Recorder(logging.Handler):
    """Keeps the records of warnings and errors, each text once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: dict[tuple[str, str, str], None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, unless there are too many of its level."""
        with contextlib.suppress(Exception):  # a module's own formatting may fail
            level = "ERROR" if record.levelno >= logging.ERROR else "WARNING"
            if record.name == "py.warnings":
                return
            if sum(each[0] == level for each in self.records) < MOST_RECORDS:
                self.records[level, record.name, record.getMessage()[:MOST_TEXT]] = None


def main(configuration: str, request: str) -> None:
    """Change the modules and print the verdict; the exit code is 0 if nothing was raised."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what modules print is no part of the verdict
    asked = json.loads(request)
    recorder, verdict = Recorder(), {"status": "failed"}
    started = time.monotonic()
    try:
        configure(configuration)
        watch_commits(verdict)
        logging.getLogger().addHandler(recorder)
        verdict.update(change(asked, verdict))
        verdict["status"] = "ok"
    except BaseException as error:  # noqa: BLE001 - `sys.exit` of a module too
        traceback.print_exc()
        verdict["chain"] = chain(error)
    verdict["log"] = list(recorder.records)
    verdict["seconds"] = round(time.monotonic() - started, 2)
    text = json.dumps(verdict)
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    answer.write("".join(f"{PREFIX}{each}\n" for each in ("begin", *pieces, "end")))
    answer.flush()
    sys.stderr.flush()
    os._exit(0 if verdict["status"] == "ok" else 1)  # threads of modules cannot hold it up


def configure(configuration: str) -> None:
    """Read the configuration and set up Odoo's log."""
    parse = odoo.tools.config.parse_config
    known = inspect.signature(parse).parameters
    options = {"setup_logging": True} if "setup_logging" in known else {}
    parse(["--config", configuration, "--no-http"], **options)


def watch_commits(verdict: dict[str, Any]) -> None:
    """Tell in the verdict whether a transaction that has written was committed.

    A failure that wrote nothing needs no way back. Up to Odoo 14 a commit writes what was pending,
    so that each counts.
    """
    plain = odoo.sql_db.Cursor.commit
    verdict["wrote"] = False
    verdict["tells_writes"] = hasattr(odoo.sql_db.Cursor, "flush")

    def commit(cursor: Any) -> Any:
        if not verdict["wrote"]:
            verdict["wrote"] = has_written(cursor)
        return plain(cursor)

    odoo.sql_db.Cursor.commit = commit


def has_written(cursor: Any) -> bool:
    """Whether a transaction has written; true where that is not known."""
    if not hasattr(cursor, "flush"):
        return True
    cursor.flush()
    try:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        return bool(cursor.fetchone()[0])
    except Exception:  # noqa: BLE001 - of an aborted transaction
        return True


def change(asked: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    """Change the modules; return what was changed, and tell each stage in the verdict."""
    kind, modules, own = asked["change"], asked["modules"], asked["own"]
    verdict["stage"] = "registry"
    connection = odoo.sql_db.db_connect(database())
    with contextlib.closing(connection.cursor()) as cursor:
        before = states(cursor)
    if modules and (kind == "uninstall" or modules_below(own).issuperset(modules)):
        list_own_modules_only(own, before)
    if kind == "uninstall":
        registry = uninstalled(modules)
    elif kind == "apply":
        registry = loaded({each: asked[each] for each in ("install", "upgrade")})
    else:
        registry = loaded({kind: modules})
    if modules:  # up to Odoo 18 a new registry does not tell the other processes
        registry.signal_changes()
    load_data(registry, asked.get("reload", {}), asked.get("terms", {}), verdict)
    wrote = verdict["wrote"]
    bundles = made_bundles(registry, modules_below(own)) if asked.get("bundles") else None
    verdict["wrote"] = wrote  # bundles are made of files again
    with contextlib.closing(registry.cursor()) as cursor:
        after, missing = states(cursor), missing_columns(registry, cursor)
        kept = noupdate(cursor, asked.get("ids", []))
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return {
        "changed": {name: [before.get(name), after.get(name)] for name in changed[:MOST_NAMES]},
        "updated": list(registry.updated_modules)[:MOST_NAMES],
        "missing_columns": missing[:MOST_NAMES],
        "kept": kept[:MOST_NAMES],
        "bundles": bundles,
    }


def database() -> str:
    """Return the configured database; Odoo 19 reads a list of them."""
    names = odoo.tools.config["db_name"]
    return names if isinstance(names, str) else names[0]


def loaded(changes: dict[str, list[str]]) -> Any:
    """Load a registry that installs or upgrades modules on the way, if there are any."""
    wanted = {kind: modules for kind, modules in changes.items() if modules}
    if "upgrade_modules" in inspect.signature(Registry.new).parameters:
        named = {f"{kind}_modules": modules for kind, modules in wanted.items()}
        return Registry.new(database(), update_module=bool(wanted), **named)
    for kind, modules in wanted.items():
        option = {"install": "init", "upgrade": "update"}[kind]
        odoo.tools.config[option] = dict.fromkeys(modules, 1)
    return Registry.new(database(), update_module=bool(wanted))


def load_data(
    registry: Any,
    files: dict[str, list[str]],
    terms: dict[str, list[str]],
    verdict: dict[str, Any],
) -> None:
    """Load files of data in place and terms over those that are there, all or nothing."""
    if not (files or terms):
        return
    with managed(), contextlib.closing(registry.cursor()) as cursor:
        environment = odoo.api.Environment(cursor, ODOO_SUPERUSER, {})
        by_cursor = next(iter(inspect.signature(convert_file).parameters)) == "cr"
        verdict["stage"] = "reload"
        for module, names in files.items():
            for name in names:
                convert_file(cursor if by_cursor else environment, module, name, {}, "update")
        if files:
            finish_data(environment, list(files))
        verdict["stage"] = "terms"
        for module, languages in terms.items():
            load_terms(environment, module, languages)
        flush = getattr(environment, "flush_all", None) or environment["base"].flush
        flush()
        cursor.commit()
    registry.signal_changes()
    verdict["stage"] = "end"


def finish_data(environment: Any, modules: list[str]) -> None:
    """Do what Odoo does after an upgrade has loaded data.

    New terms get their translations, and websites that have a view of their own get their copies of
    the views that extend it.
    """
    for each in environment["ir.module.module"].search([("name", "in", modules)]):
        each._update_translations()  # noqa: SLF001
    views = environment["ir.ui.view"]
    if hasattr(views, "_create_all_specific_views"):
        views._create_all_specific_views(modules)  # noqa: SLF001


def load_terms(environment: Any, module: str, languages: list[str]) -> None:
    """Load the terms of a module in some languages, also over those that were changed in Odoo."""
    found = environment["ir.module.module"].search([("name", "=", module)])
    if "overwrite" in inspect.signature(found._update_translations).parameters:  # noqa: SLF001
        found._update_translations(languages, overwrite=True)  # noqa: SLF001
    else:
        found.with_context(overwrite=True)._update_translations(languages)  # noqa: SLF001


def noupdate(cursor: Any, ids: list[str]) -> list[str]:
    """Return those of the records that the database says Odoo leaves as they are."""
    if not ids:
        return []
    cursor.execute(
        "SELECT module || '.' || name FROM ir_model_data"
        " WHERE noupdate AND module || '.' || name = ANY(%s) ORDER BY 1",
        (ids,),
    )
    return [name for (name,) in cursor.fetchall()]


def uninstalled(modules: list[str]) -> Any:
    """Mark modules and what depends on them, and load a registry that removes them."""
    with managed(), Registry(database()).cursor() as cursor:
        environment = odoo.api.Environment(cursor, ODOO_SUPERUSER, {})
        environment["ir.module.module"].search([("name", "in", modules)]).button_uninstall()
        cursor.commit()
    return Registry.new(database(), update_module=True)


def states(cursor: Any) -> dict[str, list[str]]:
    """Return state and version of the modules in the database."""
    cursor.execute(
        "SELECT left(name, 128), left(state, 32), coalesce(left(latest_version, 64), '')"
        " FROM ir_module_module LIMIT 10000"
    )
    return {name: [state, version] for name, state, version in cursor.fetchall()}


def folders(own: list[str]) -> Iterator[tuple[Path, bool]]:
    """Yield the folders of the addons path, each with whether it is one of the repositories'."""
    reader.initialize_sys_path()
    for folder in map(Path, odoo.addons.__path__):
        if folder.is_dir():
            yield folder, any(Path(root) in (folder, *folder.parents) for root in own)


def modules_in(found: Iterable[Path]) -> set[str]:
    """Return the names of the modules in folders."""
    names = getattr(reader, "MANIFEST_NAMES", None) or (reader.MANIFEST,)
    return {
        each.name
        for folder in found
        for each in folder.iterdir()
        if any((each / name).is_file() for name in names)
    }


def modules_below(own: list[str]) -> set[str]:
    """Return the names of the repositories' modules."""
    return modules_in(folder for folder, is_own in folders(own) if is_own)


def list_own_modules_only(own: list[str], known: Iterable[str]) -> None:
    """Let Odoo's update of its list of modules read the repositories' manifests only.

    It reads every manifest, twice, which takes half of the time of a small upgrade. The image's are
    left out where the database has all of them already.
    """
    if modules_in(folder for folder, is_own in folders(own) if not is_own) - set(known):
        return
    names = sorted(modules_below(own))
    manifest = getattr(reader, "Manifest", None)
    if hasattr(manifest, "all_addon_manifests"):
        every = (manifest.for_addon(name, display_warning=False) for name in names)
        found = [each for each in every if each]
        manifest.all_addon_manifests = staticmethod(lambda: found)
    elif hasattr(odoo.modules, "get_modules"):
        odoo.modules.get_modules = lambda: names


def missing_columns(registry: Any, cursor: Any) -> list[list[Any]]:
    """Return the stored fields that have no column, each with the modules that define it."""
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema()"
    )
    there = set(cursor.fetchall())
    return [
        [f"{name}.{field.name}"[:MOST_TEXT], sorted(field._modules or ())]  # noqa: SLF001
        for name, model in sorted(registry.models.items())
        if model._auto and not model._abstract and not model._table_query  # noqa: SLF001
        for field in model._fields.values()
        if field.store and field.column_type and (model._table, field.name) not in there  # noqa: SLF001
    ]


def chain(error: BaseException | None) -> list[dict[str, Any]]:
    """Return an exception and what caused it, the outermost first."""
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < MOST_CAUSES and not is_look_up(error):
        frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
        found.append(
            {
                "type": type(error).__name__,
                "message": text_of(error)[:MOST_TEXT],
                "file": str(getattr(error, "filename", None) or ""),
                "line": getattr(error, "lineno", None) or 0,
                "frames": [[each.filename, each.lineno or 0, each.name] for each in frames],
            }
        )
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)
    return found


def is_look_up(error: BaseException) -> bool:
    """Whether Odoo looked for a registry that it then loaded, which is the cause of nothing."""
    return isinstance(error, KeyError) and error.args == (database(),)


def text_of(error: BaseException) -> str:
    """Return an exception's text; that of a module's own exception may fail."""
    with contextlib.suppress(Exception):
        return str(error)
    return ""


main(*sys.argv[1:])
