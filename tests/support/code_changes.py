"""An environment in memory whose files change, by commits and by edits."""

from collections.abc import Mapping
from typing import Any

from oduflow.domain.environment import Environment
from oduflow.domain.pending_change import CODE_CHANGE
from oduflow.domain.plan import EnvironmentPlan
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld

CONTAINER = "memory-env-1.sale"
MANIFEST = '{"name": "Sale", "depends": ["base"], "data": ["views.xml"]}'
VIEW = '<odoo><record id="form" model="ir.ui.view"><field name="a">{}</field></record></odoo>'
CODE = "class Sale(models.Model):\n    _name = 'sale'\n    def a(self):\n        return {}\n"
FILES = {
    **module("sale", "other"),
    "sale/__manifest__.py": MANIFEST,
    "sale/views.xml": VIEW.format(1),
    "sale/sale.py": CODE.format(1),
    "sale/static/src/a.scss": "a",
}
VIEW_CHANGED = {"sale/views.xml": VIEW.format(2)}
BODY_CHANGED = {"sale/sale.py": CODE.format(2)}
FIELD_ADDED = {"sale/sale.py": CODE.format(1) + "    b = fields.Char()\n"}
STYLE_CHANGED = {"sale/static/src/a.scss": "b"}
WITH_FRESH = module("fresh")
WITHOUT_SALE = {path: None for path in FILES if path.startswith("sale/")}


def points(world: MemoryWorld, process: Process, commit: str) -> list[str]:
    """Return the points of the saga that a pull passes; the environment is as before."""
    before = row(process)
    passed = process.passed("pull_and_apply", name="sale")
    assert row(process).commit == commit
    back(process, before)
    world.odoo.changes.clear()
    return [point for point in passed if point.startswith(CODE_CHANGE)]


def back(process: Process, before: Environment) -> None:
    """Bring an environment back by hand."""
    row_now = row(process)
    newest = next(iter(process.ok("list_snapshots", name="sale").snapshots), None)
    if newest is not None and newest.commit == before.commit:
        process.ok("rollback_environment", name="sale", snapshot=newest.name)
    else:
        process.ok("pull_and_apply", name="sale", ref=before.commit)
    for each in process.ok("list_snapshots", name="sale").snapshots:
        process.ok("delete_snapshot", name="sale", snapshot=each.name)
    process.deps.store.environments.update(row_now.id, applied=before.applied)


def push(world: MemoryWorld, changes: Mapping[str, str | None], branch: str = "main") -> str:
    """Push files on top of those of `FILES`; None removes one."""
    wanted = {path: text for path, text in {**FILES, **changes}.items() if text is not None}
    world.git.repository("addons", {branch: wanted})
    return world.git.commit("addons", branch)


def write(process: Process, path: str, text: str) -> None:
    process.ok("write_file", name="sale", path=path, content=text)


def row(process: Process) -> Environment:
    [found] = process.deps.store.environments.list("1")
    return found


def files(process: Process) -> dict[str, str]:
    """Return the files of the checkout."""
    checkout = EnvironmentPlan.of(process.deps.naming, row(process)).checkout
    return {
        path.relative_to(checkout).as_posix(): path.read_text()
        for path in checkout.rglob("*")
        if path.is_file()
    }


def modules(world: MemoryWorld, process: Process) -> Any:
    database = EnvironmentPlan.of(process.deps.naming, row(process)).database
    return world.postgres.databases[database].modules


def make(world: MemoryWorld, process: Process) -> Process:
    """Create the environment of a repository of its own."""
    url = world.git.repository("addons", {"main": FILES})
    process.ok("create_environment", name="sale", repo_url=url, modules=["sale"])
    world.odoo.changes.clear()
    return process
