"""What the containers of the engine in memory run: Odoo, pip, and PostgreSQL's initdb."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oduflow.adapters.odoo.conf import CONF_TARGET, DATA_TARGET
from oduflow.adapters.postgres.config import DATA_FOLDER, VOLUME_TARGET
from oduflow.domain.container import ContainerSpec
from oduflow.domain.readiness import PageAnswer
from oduflow.services.environments.pip import ADDONS, INPUTS, REQUIREMENTS, TARGET
from tests.support.memory.engine import MemoryEngine, Run
from tests.support.memory.postgres import MemoryPostgres

OK = 200
LANGUAGES = ("en_US", "fr_BE", "fr_FR")
IMAGE_PYTHON = (
    '{"packages": {}, "odoo": "19.0", "standard": [], "markers": {"python_version": "3.13"}}'
)
TRACEBACK = "Traceback (most recent call last):\n  File x\nValueError: it broke"


def image_modules() -> list[dict[str, Any]]:
    """Return a small image's modules."""
    names = {"base": [], "web": ["base"]}
    names |= {name: ["web"] for name in ("barcodes", "crm", "sale_management")}
    return [{"name": name, "version": "1.0", "depends": needs} for name, needs in names.items()]


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
        pip_exit: the code with which pip ends.
        initdb_exit: the code with which initdb ends.
        translations: whether the image holds translations.
        created: demo, language and country of each new database.
        image_modules: what the image has.
        inventories: how often it was asked for that.
        installs: the modules of each installation.
        pip_runs: the requirements of each installation.
    """

    engine: MemoryEngine
    cluster_with: Callable[[str], MemoryPostgres]
    page_status: int | None = OK
    boot_exit: int | None = None
    last_answer: bool = False
    out_of_memory: bool = False
    boot_log: tuple[str, ...] = ("odoo: starting", "odoo.registry: Registry loaded in 0.5s")
    broken: set[str] = field(default_factory=set)
    pip_exit: int = 0
    initdb_exit: int = 0
    translations: bool = True
    created: list[tuple[bool, str, str]] = field(default_factory=list)
    image_modules: list[dict[str, Any]] = field(default_factory=image_modules)
    inventories: int = 0
    installs: list[tuple[str, ...]] = field(default_factory=list)
    pip_runs: list[str] = field(default_factory=list)

    def program(self, spec: ContainerSpec) -> Run:
        """Run what a container was made for."""
        if spec.entrypoint[0] == "postgres":
            return Run(("database system is ready",), stopped_code=0)
        if "initdb" in spec.entrypoint:
            return self._initdb(spec)
        if spec.entrypoint[0] == "python3":
            return self._python(spec)
        if "--init" in spec.command:
            return self._install(spec, spec.command[spec.command.index("--init") + 1].split(","))
        return self._serve()

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
        return PageAnswer(self.page_status, "https://sso.example.com/")

    def _serve(self) -> Run:
        lines = self.boot_log if self.boot_exit is None else tuple(TRACEBACK.split("\n"))
        return Run(lines, self.boot_exit, out_of_memory=self.out_of_memory, stopped_code=0)

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
        filestore = self._folder(spec, DATA_TARGET) / "filestore" / database
        filestore.mkdir(parents=True, exist_ok=True)
        (filestore / "attachment").write_text(",".join(installed))
        return Run(tuple(TRACEBACK.split("\n")) if failing else ("installed",), 0)

    def _python(self, spec: ContainerSpec) -> Run:
        if TARGET in spec.entrypoint:
            return self._pip(spec)
        if spec.entrypoint == ("python3",):
            return self._inventory()
        if not spec.mounts:
            return Run((f"python:{IMAGE_PYTHON}",), 0)
        return self._create(spec) if "create" in spec.command else self._assets(spec)

    def _assets(self, spec: ContainerSpec) -> Run:
        if self.out_of_memory:
            return Run(("assets",), 137, out_of_memory=True)
        filestore = self._folder(spec, DATA_TARGET) / "filestore" / _database(spec)
        (filestore / "assets").write_text("generated")
        return Run(("assets",), 0)

    def _pip(self, spec: ContainerSpec) -> Run:
        self.pip_runs.append((self._folder(spec, INPUTS) / REQUIREMENTS).read_text())
        if self.pip_exit:
            return Run(("ERROR: No matching distribution found for x",), self.pip_exit)
        target = self._folder(spec, TARGET)
        (target / "package.py").write_text("")
        for name in re.findall(r"odoo-addon-([\w-]+)", self.pip_runs[-1]):
            folder = target / ADDONS / name.replace("-", "_")
            folder.mkdir(parents=True)
            (folder / "__manifest__.py").write_text('{"name": "x"}')
            (folder / "__init__.py").write_text("")
        return Run(("Successfully installed",), 0)

    def _initdb(self, spec: ContainerSpec) -> Run:
        if self.initdb_exit:
            return Run(("initdb: error",), self.initdb_exit)
        data = self._folder(spec, VOLUME_TARGET) / Path(DATA_FOLDER).relative_to(VOLUME_TARGET)
        data.mkdir(parents=True, exist_ok=True)
        (data / "PG_VERSION").write_text("18")
        return Run(("Success.",), 0)

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
