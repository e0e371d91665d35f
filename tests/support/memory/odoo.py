"""What the containers of the engine in memory run: Odoo, pip, and PostgreSQL's initdb."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.commands import LAUNCHED
from oduflow.adapters.odoo.conf import CONF_TARGET, DATA_TARGET
from oduflow.adapters.odoo.module_change import PREFIX
from oduflow.adapters.postgres.config import DATA_FOLDER, VOLUME_TARGET
from oduflow.adapters.postgres.restore_commands import FOLDER, PIPE
from oduflow.domain.clock import now
from oduflow.domain.container import ContainerSpec
from oduflow.domain.readiness import PageAnswer, WebPage
from oduflow.services.environments.container import REQUEST_TARGET
from oduflow.services.environments.pip import ADDONS, INPUTS, REQUIREMENTS, TARGET
from tests.support.memory.engine import TERMINATED, MemoryEngine, Run
from tests.support.memory.postgres import MemoryPostgres
from tests.support.memory.testing import Testing

OK = 200
LANGUAGES = ("en_US", "fr_BE", "fr_FR")
IMAGE_PYTHON = (
    '{"packages": {}, "odoo": "19.0", "standard": [], "markers": {"python_version": "3.13"}}'
)
RELOADING = "odoo.registry: Reloading the model registry after database signaling."
CACHES = "odoo.registry: Invalidating caches after database signaling: ['templates']"
STARTED = " 1 INFO ? odoo: Odoo version 19.0"
CHAIN = {
    "type": "ParseError",
    "message": "while parsing /mnt/repo/addons/sale/views.xml:7\nField “x” does not exist",
    "file": "",
    "line": 0,
    "frames": [["/usr/lib/odoo/convert.py", 12, "parse"]],
}
CLOSED = "psycopg2.OperationalError: FATAL:  database is not currently accepting connections"
TRACEBACK = "Traceback (most recent call last):\n  File x\nValueError: it broke"


def image_modules() -> list[dict[str, Any]]:
    """Return a small image's modules."""
    names = {"base": [], "web": ["base"]}
    names |= {name: ["web"] for name in ("barcodes", "crm", "sale_management")}
    return [{"name": name, "version": "1.0", "depends": needs} for name, needs in names.items()]


Bundles = list[tuple[str, bool, bool, str]]
"""Name, whether it has styles, whether scripts, and what is wrong with it."""


@dataclass
class Changing:
    """How changes of modules beside the serving Odoo go.

    Attributes:
        exit_code: how it ends without a verdict; None with one.
        lines: what it logs.
        leaves: states of modules that it has committed, also where it fails.
        versions: those that it installs.
        does_nothing: whether it says that all is well and changes nothing.
        log: warnings and errors: level, logger and message.
        missing_columns: fields without a column, with their modules.
        chain: the exception of a module in `broken`.
        stage: at which one in `broken` fails.
        kept: records that it leaves as they are.
        wrote: whether it has committed something before it fails.
        tells_writes: whether it can tell that.
        missing_once: whether only the next change lacks columns.
    """

    exit_code: int | None = None
    lines: tuple[str, ...] = ()
    leaves: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    does_nothing: bool = False
    log: tuple[tuple[str, str, str], ...] = ()
    missing_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    chain: dict[str, Any] = field(default_factory=lambda: dict(CHAIN))
    stage: str = "registry"
    kept: tuple[str, ...] = ()
    wrote: bool = True
    tells_writes: bool = True
    missing_once: bool = False

    def said(
        self, modules: tuple[str, ...], *, failing: bool, bundles: Bundles | None = None
    ) -> tuple[str, ...]:
        """Return what the script prints (`inside/change_modules.py`)."""
        verdict: dict[str, Any] = {
            "status": "failed" if failing else "ok",
            "updated": list(modules),
            "log": [list(each) for each in self.log],
            "missing_columns": [[name, list(of)] for name, of in self.missing_columns.items()],
            "seconds": 1.5,
            "stage": self.stage if failing else "end",
            "kept": list(self.kept),
            "wrote": self.wrote or not failing,
            "tells_writes": self.tells_writes,
            "bundles": bundles,
        }
        if failing:
            verdict["chain"] = [self.chain]
        pieces = ("begin", json.dumps(verdict), "end")
        return (*self.lines, *(f"{PREFIX}{piece}" for piece in pieces))


@dataclass
class MemoryOdoo:
    """The programs, and how they fail.

    Attributes:
        cluster_with: returns the cluster that has a database.
        page_status: what `/web/login` answers; None answers nothing.
        boot_log: what it prints while it starts.
        boot_exit: the code with which Odoo ends before it serves a page.
        last_answer: whether Odoo ends with exit code 1 once it has answered a page.
        out_of_memory: whether the kernel ended it.
        broken: modules that cannot be installed.
        before_breaking: what an installation prints before it breaks.
        pip_exit: the code with which pip ends.
        initdb_exit: the code with which initdb ends.
        translations: whether the image holds translations.
        created: demo, language and country of each new database.
        image_modules: what the image has.
        inventories: how often it was asked for that.
        installs: the modules of each installation.
        pip_runs: the requirements of each installation.
        packaged: the addons in packages whose names do not tell.
        dumped: the modules that are installed in a dump.
        restored: what psql or pg_restore has read.
        restore_error: what they print before they end with `restore_exit`.
        restore_exit: with 1 they have restored all the same.
        neutralise_exit: the code with which Odoo's own neutralization ends.
        booted: what else Odoo was started for, in order.
        launch_exit: the code with which a warm slot's import of Odoo ends.
        changes: what was asked of each change of modules beside Odoo, and the modules.
        changing: how the next ones go.
        signaled: whether Odoo reloads its registry at its next request.
        heard: the signals of its caches that it has heard, by database.
        made: the bundles that repositories take part in.
        pages: what requests of pages answer besides the login page, by path; None answers nothing.
        broken_once: modules that cannot be changed the next time.
        breaking: a file and a text; while the file holds it, pages answer 500.
        hangs_up: whether Odoo starts itself again at SIGHUP.
        testing: how the next tests go.
    """

    engine: MemoryEngine
    cluster_with: Callable[[str], MemoryPostgres]
    page_status: int | None = OK
    boot_exit: int | None = None
    last_answer: bool = False
    out_of_memory: bool = False
    boot_log: tuple[str, ...] = (
        "odoo: starting",
        "2026-11-29 09:00:00,000 1 INFO db odoo.registry: Registry loaded in 0.5s",
    )
    broken: set[str] = field(default_factory=set)
    before_breaking: tuple[str, ...] = ()
    pip_exit: int = 0
    initdb_exit: int = 0
    translations: bool = True
    created: list[tuple[bool, str, str]] = field(default_factory=list)
    image_modules: list[dict[str, Any]] = field(default_factory=image_modules)
    inventories: int = 0
    installs: list[tuple[str, ...]] = field(default_factory=list)
    pip_runs: list[str] = field(default_factory=list)
    packaged: dict[str, str] = field(default_factory=dict)
    dumped: tuple[str, ...] = ("base", "web", "crm")
    restored: list[bytes] = field(default_factory=list)
    restore_error: str = ""
    restore_exit: int = 3
    neutralise_exit: int = 0
    booted: list[str] = field(default_factory=list)
    launch_exit: int | None = None
    changes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    changing: Changing = field(default_factory=Changing)
    signaled: bool = False
    made: Bundles | None = field(default_factory=list)
    pages: dict[str, WebPage | None] = field(default_factory=dict)
    broken_once: set[str] = field(default_factory=set)
    breaking: tuple[Path, str] | None = None
    heard: dict[str, int] = field(default_factory=dict)
    hangs_up: bool = True
    testing: Testing = field(default_factory=Testing)

    def program(self, spec: ContainerSpec) -> Run:
        """Run what a container was made for."""
        if spec.entrypoint[0] == "postgres":
            return Run(("database system is ready",), stopped_code=0)
        if "initdb" in spec.entrypoint:
            return self._initdb(spec)
        if any(mount.target == FOLDER for mount in spec.mounts):
            return self._restore(spec)
        if spec.entrypoint[0] == "python3":
            return self._python(spec)
        if "--init" in spec.command:
            return self._install(spec, spec.command[spec.command.index("--init") + 1].split(","))
        return Run((CLOSED,), 1) if self._finds_it_closed(spec) else self._serve()

    def login_page(self, address: str) -> PageAnswer | None:
        """Answer as `/web/login` of the container that has the address."""
        serving = [
            container
            for container in self.engine.containers.values()
            if address in container.joined.values() and container.status == "running"
        ]
        if not serving or self.page_status is None:
            return None
        if self.last_answer:
            serving[0].end(1)
        lines = self._told(serving[0].spec)
        serving[0].log += [(now(), line) for line in lines]
        if self.breaking is not None and self.breaking[1] in self.breaking[0].read_text():
            return PageAnswer(500)
        return PageAnswer(self.page_status, "https://sso.example.com/")

    def _told(self, spec: ContainerSpec) -> tuple[str, ...]:
        """Return what it logs because it was told something through the database."""
        if self.signaled:
            self.signaled = False
            return RELOADING, "odoo.registry: Registry loaded in 0.3s"
        database = _database(spec)
        signals = self.cluster_with(database).databases[database].signals
        if signals == self.heard.get(database, 0):
            return ()
        self.heard[database] = signals
        return (CACHES,)

    def page(self, address: str, path: str) -> WebPage | None:
        """Answer a request of a page or a bundle; they are there unless a test says otherwise."""
        return self.pages.get(path, WebPage(OK, b""))

    def _finds_it_closed(self, spec: ContainerSpec) -> bool:
        """Whether a container has a database, and this admits no session."""
        if all(mount.target != CONF_TARGET for mount in spec.mounts):
            return False
        database = _database(spec)
        found = self.cluster_with(database).databases.get(database)
        return found is not None and found.closed

    def _launch(self, spec: ContainerSpec) -> Run:
        """Wait while the configuration is empty (`inside/launcher.py`)."""
        conf = next(each.source for each in spec.mounts if each.target == CONF_TARGET)
        if Path(conf).read_text("utf-8"):
            return self._serve()
        if self.launch_exit is not None:
            return Run((TRACEBACK,), self.launch_exit)
        return Run((LAUNCHED,), stopped_code=TERMINATED, waits=True)

    def _serve(self) -> Run:
        lines = self.boot_log if self.boot_exit is None else tuple(TRACEBACK.split("\n"))
        started = f"{now():%Y-%m-%d %H:%M:%S,%f}"[:23] + STARTED
        lines, again = (started, *lines), (started, *lines) if self.hangs_up else ()
        return Run(
            lines,
            self.boot_exit,
            out_of_memory=self.out_of_memory,
            stopped_code=0,
            hung_up=again,
        )

    def _change(self, spec: ContainerSpec, asked: dict[str, Any]) -> Run:
        """Change modules beside the serving Odoo (`inside/change_modules.py`)."""
        kind, modules, how = asked["change"], tuple(asked["modules"]), self.changing
        self.changes.append((kind, modules))
        database = _database(spec)
        cluster = self.cluster_with(database)
        before = cluster.databases[database]
        states = {**(before.modules or {}), **how.leaves}
        loaded = {*modules, *asked.get("reload", {})}
        failing = (self.broken | self.broken_once) & loaded
        self.broken_once.clear()
        if not failing and not how.does_nothing:
            state = "uninstalled" if kind == "uninstall" else "installed"
            states |= dict.fromkeys(modules, state)
            self.signaled = bool(modules)
        told = bool(asked.get("reload") or asked.get("terms")) and not failing
        cluster.change(
            database,
            modules=states,
            versions={**before.versions, **how.versions},
            signals=before.signals + told,
        )
        if how.exit_code is not None:
            return Run((*how.lines, *TRACEBACK.split("\n")), how.exit_code)
        bundles = self.made if asked.get("bundles") else None
        said = how.said(modules, failing=bool(failing), bundles=bundles)
        if how.missing_once:
            how.missing_columns.clear()
        return Run(said, 1 if failing else 0)

    def _create(self, spec: ContainerSpec) -> Run:
        """Fill an empty database; `oduflow: ` begins the report (`inside/template_database.py`)."""
        demo, language, country = json.loads(spec.command[-1])
        self.created.append((demo, language, country))
        report: dict[str, object] = {}
        if language not in {"", *LANGUAGES}:
            report = {"refused": "language", "known": list(LANGUAGES)}
        elif language:
            report = {"untranslated": not self.translations}
        ran = self._install(spec, ["base", "web"])
        return Run((*ran.lines, f"oduflow: {json.dumps(report)}"), ran.exit_code)

    def _inventory(self) -> Run:
        self.inventories += 1
        rules = {"series": "19.0", "checks_series": True, "needs_init": False}
        records = [
            {"rules": rules},
            *({"module": each} for each in self.image_modules),
            {"libraries": [["lxml", "5.2.1"]], "importable": ["lxml", "json"]},
            {"programs": ["git", "/usr/bin/git"]},
            {"end": True},
        ]
        lines = [f"oduflow:{json.dumps(each)}" for each in records]
        return Run(("a line of a log", *lines), 0)

    def _install(self, spec: ContainerSpec, modules: list[str]) -> Run:
        wanted = tuple(modules)
        self.installs.append(wanted)
        database = _database(spec)
        failing = self.broken & set(wanted)
        installed = wanted if not failing else ()
        self.cluster_with(database).install(database, installed, knows=wanted)
        filestore = self._filestore(spec)
        filestore.mkdir(parents=True, exist_ok=True)
        (filestore / "attachment").write_text(",".join(installed))
        broke = (*self.before_breaking, *TRACEBACK.split("\n"))
        return Run(broke if failing else ("installed",), 0)

    def _python(self, spec: ContainerSpec) -> Run:
        if spec.entrypoint == commands.launch().entrypoint:
            return self._launch(spec)
        if TARGET in spec.entrypoint:
            return self._pip(spec)
        if spec.entrypoint == ("python3",):
            return self._inventory()
        if not spec.mounts:
            return Run((f"python:{IMAGE_PYTHON}",), 0)
        return self._script(spec)

    def _script(self, spec: ContainerSpec) -> Run:
        if spec.command == (CONF_TARGET,):
            return self._neutralise()
        if spec.command[-1] == REQUEST_TARGET:
            conf, request = (Path(self._folder(spec, each)) for each in spec.command)
            return self.testing.run(request, conf)
        if spec.command[-1].startswith("{"):
            return self._change(spec, json.loads(spec.command[-1]))
        return self._create(spec) if "create" in spec.command else self._assets(spec)

    def _assets(self, spec: ContainerSpec) -> Run:
        self.booted.append("assets")
        if self.out_of_memory:
            return Run(("assets",), 137, out_of_memory=True)
        filestore = self._filestore(spec)
        filestore.mkdir(parents=True, exist_ok=True)
        (filestore / "assets").write_text("generated")
        return Run(("assets",), 0)

    def _restore(self, spec: ContainerSpec) -> Run:
        """Read a dump from the pipe, as psql and pg_restore do."""
        dump = (self._folder(spec, FOLDER) / PIPE).read_bytes()
        if "--list" in spec.entrypoint:
            return Run(("215; 1259 16389 TABLE public ir_module_module odoo",), 0)
        if "read" in spec.entrypoint:
            return Run(tuple(f"{name}\tinstalled\t19.0.1.0" for name in self.dumped), 0)
        said = tuple(self.restore_error.splitlines())
        if said and self.restore_exit != 1:
            return Run(said, self.restore_exit)
        [database] = re.findall(r"dbname=((?:env|tpl)_\w+)", spec.entrypoint[-1])
        self.restored.append(dump)
        if self.dumped:
            self.cluster_with(database).install(database, self.dumped)
        return Run(said, self.restore_exit if said else 0)

    def _neutralise(self) -> Run:
        self.booted.append("neutralise")
        if self.neutralise_exit:
            return Run(tuple(TRACEBACK.split("\n")), self.neutralise_exit)
        report = {"has_neutralize": True, "ran": list(self.dumped)}
        return Run((f"oduflow: {json.dumps(report)}",), 0)

    def _pip(self, spec: ContainerSpec) -> Run:
        self.pip_runs.append((self._folder(spec, INPUTS) / REQUIREMENTS).read_text())
        if self.pip_exit:
            return Run(("ERROR: No matching distribution found for x",), self.pip_exit)
        target = self._folder(spec, TARGET)
        (target / "package.py").write_text("")
        for addon in self._addons_of(self.pip_runs[-1]):
            folder = target / ADDONS / addon
            folder.mkdir(parents=True)
            (folder / "__manifest__.py").write_text('{"name": "x"}')
            (folder / "__init__.py").write_text("")
        return Run(("Successfully installed",), 0)

    def _addons_of(self, requirements: str) -> Iterator[str]:
        for line in requirements.splitlines():
            if not line.startswith("-"):
                package = canonicalize_name(Requirement(line).name)
                if named := re.fullmatch(r"odoo\d*-addon-(.+)", package):
                    yield named[1].replace("-", "_")
                elif package in self.packaged:
                    yield self.packaged[package]

    def _initdb(self, spec: ContainerSpec) -> Run:
        if self.initdb_exit:
            return Run(("initdb: error",), self.initdb_exit)
        data = self._folder(spec, VOLUME_TARGET) / Path(DATA_FOLDER).relative_to(VOLUME_TARGET)
        data.mkdir(parents=True, exist_ok=True)
        (data / "PG_VERSION").write_text("18")
        return Run(("Success.",), 0)

    def _filestore(self, spec: ContainerSpec) -> Path:
        target = f"filestore/{_database(spec)}"
        if any(mount.target == f"{DATA_TARGET}/{target}" for mount in spec.mounts):
            return self._folder(spec, f"{DATA_TARGET}/{target}")
        return self._folder(spec, DATA_TARGET) / target

    def _folder(self, spec: ContainerSpec, target: str) -> Path:
        return mounted(self.engine, spec, target)


def mounted(engine: MemoryEngine, spec: ContainerSpec, target: str) -> Path:
    """Return what a container has mounted at a path."""
    mount = next(each for each in spec.mounts if each.target == target)
    if mount.kind == "volume":
        return engine.volumes[mount.source].mountpoint
    return Path(mount.source)


def module(*names: str, **files: str) -> dict[str, str]:
    """Write the files of a repository with these modules."""
    manifests = {f"{name}/__manifest__.py": '{"name": "x"}' for name in names}
    return manifests | {f"{name}/__init__.py": "" for name in names} | files


def _database(spec: ContainerSpec) -> str:
    conf = next(mount.source for mount in spec.mounts if mount.target == CONF_TARGET)
    found = re.search(r"^db_name *= *(\S+)$", Path(conf).read_text(), re.MULTILINE)
    assert found, "odoo.conf names no database"
    return found[1]
