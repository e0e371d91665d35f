"""Modules of a real environment: installed, upgraded and uninstalled beside its serving Odoo.

The checkout is edited as a pull would do it: files appear in a folder that Odoo has mounted.
"""

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from oduflow.domain.errors import Kind, NotFound
from oduflow.domain.module_change import MODULES_CHANGE
from oduflow.domain.outcome import Envelope, ErrorView
from oduflow.domain.plan import EnvironmentPlan
from tests.support.git_server import GitServer
from tests.support.images import VERSIONS
from tests.support.instances import TEMPLATE, Instance
from tests.support.odoo_rpc import OdooRpc
from tests.support.server import eventually, serving
from tests.support.variants import docker, plan_of, signed_in

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(900)

SECONDS = 120.0
SHOWN = 30  # lines
ACCESS = (
    "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
    "access,note,model_{model},base.group_user,1,1,1,1\n"
)
MODEL = """from odoo import fields, models


class Note(models.Model):
    _name = "{name}"
    _description = "Note"

    name = fields.Char()
"""
VIEW = """<odoo>
  <record id="form" model="ir.ui.view">
    <field name="name">form</field>
    <field name="model">{name}</field>
    <field name="arch" type="xml"><form><field name="{field}"/></form></field>
  </record>
</odoo>"""


def module(
    name: str, *, field: str = "name", more: str = "", depends: str = "web"
) -> dict[str, str]:
    """Write a module with one model of its own and a view of it."""
    model = f"{name.replace('_', '.')}.note"
    return {
        "__init__.py": "from . import models\n",
        "models.py": MODEL.format(name=model) + more,
        "ir.model.access.csv": ACCESS.format(model=model.replace(".", "_")),
        "views.xml": VIEW.format(name=model, field=field),
        "__manifest__.py": (
            f'{{"name": "x", "author": "x", "license": "LGPL-3", "depends": ["{depends}"],'
            ' "data": ["ir.model.access.csv", "views.xml"]}'
        ),
    }


SOUND = module("broken")
HOOK = '{"name": "x", "author": "x", "license": "LGPL-3", "post_init_hook": "boom"}'
SLOW = SOUND | {
    "__init__.py": "import time\n\n\ndef boom(*_):\n    time.sleep(300)\n",
    "__manifest__.py": HOOK,
}
BROKEN = {
    "view with an unknown field": (module("broken", field="nope"), "broken/views.xml:2: ", "nope"),
    "malformed XML": (SOUND | {"views.xml": "<odoo>\n<record></odoo>"}, "broken/views.xml:2: ", ""),
    "import error": (
        SOUND | {"models.py": "\nimport nolib_xyz\n"},
        "broken/models.py:2: ",
        "nolib",
    ),
    "syntax error": (SOUND | {"models.py": "class X(:\n"}, "broken/models.py:1: ", "SyntaxError"),
    "unknown model": (
        SOUND | {"ir.model.access.csv": ACCESS.format(model="nowhere")},
        "",
        "broken/ir.model.access.csv could not be processed",
    ),
    "hook that raises": (
        {"__init__.py": "def boom(*_):\n    raise RuntimeError('hook broke')\n"}
        | {"__manifest__.py": HOOK},
        "broken/__init__.py:2: ",
        "RuntimeError: hook broke",
    ),
    "code that ends Python": (
        SOUND | {"models.py": "import sys\nsys.exit(0)\n"},
        "broken/models.py:2: ",
        "a module ended Python",
    ),
    "code that kills the process": (
        SOUND | {"models.py": "import os\nos._exit(0)\n"},
        "",
        "gave no verdict and ended with exit code 0",
    ),
    "missing data file": (
        SOUND | {"__manifest__.py": SOUND["__manifest__.py"].replace("views.xml", "none.xml")},
        "",
        "none.xml",
    ),
}


@dataclass
class ServingVersion:
    """An environment of one version, whose Odoo serves."""

    version: str
    instance: Instance
    name: str
    url: str
    plan: EnvironmentPlan
    suggested: set[str] = field(default_factory=set)

    def call(self, tool: str, *modules: str) -> Envelope[Any]:
        envelope = self.instance.call(tool, "blue", name=self.name, modules=list(modules))
        if envelope.error is not None:
            log.info("%s %s: %s", tool, modules, envelope.error)
        return envelope

    def ok(self, tool: str, *modules: str) -> Any:
        envelope = self.call(tool, *modules)
        assert envelope.error is None, (envelope.error.message, envelope.error.output)
        assert envelope.snapshot, "it can be undone"
        assert "rollback_environment" in {each.operation for each in envelope.next}
        data = envelope.data
        assert data is not None
        shown: dict[str, Any] = data if isinstance(data, dict) else data.model_dump(mode="json")
        log.info("%s %s %s: %s", self.version, tool, modules, shown)
        return shown

    def refused(self, tool: str, *modules: str) -> ErrorView:
        started = time.monotonic()
        envelope = self.call(tool, *modules)
        error = envelope.error
        assert error is not None
        self.suggested = {each.operation for each in envelope.next}
        log.info("%.2f s: %s %s", time.monotonic() - started, error.message, error.hint)
        return error

    def write(self, name: str, files: dict[str, str]) -> None:
        """Put a module into the checkout."""
        folder = self.plan.checkout / name
        folder.mkdir(exist_ok=True)
        for file, text in files.items():
            (folder / file).write_text(text)

    @contextmanager
    def holding(self, name: str, files: dict[str, str]) -> Iterator[None]:
        """Hold a module in the checkout."""
        self.write(name, files)
        try:
            yield
        finally:
            shutil.rmtree(self.plan.checkout / name)

    def rpc(self) -> OdooRpc:
        login = self.instance.ok("get_environment_login", name=self.name)
        return OdooRpc.sign_in(self.url, self.plan.database, login["login"], login["password"])

    def serves(self) -> bool:
        try:
            return requests.get(f"{self.url}web/login", timeout=30).status_code == 200
        except requests.RequestException:
            return False

    def states(self) -> dict[str, tuple[str, str | None]]:
        query = "SELECT name, state, latest_version FROM ir_module_module"
        with signed_in(self.plan) as session:
            return {name: (state, version) for name, state, version in session.execute(query)}

    def log(self) -> str:
        return self.instance.services.deps.engine.containers.logs(self.plan.container, tail=5000)

    @property
    def row(self) -> Any:
        return self.instance.services.deps.store.environments.get("blue", self.name)


def test_a_module_is_installed_while_odoo_serves_and_is_there_without_a_restart(
    made: ServingVersion,
) -> None:
    before = started_at(made)
    stop, answers = threading.Event(), list[bool]()

    def look() -> None:
        while not stop.is_set():
            answers.append(made.serves())
            time.sleep(0.1)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        changed = made.ok("install_modules", "notes")
    finally:
        stop.set()
        watching.join()

    (notes,) = (each for each in changed["modules"] if each["name"] == "notes")
    assert (notes["old_state"], notes["state"]) == ("uninstalled", "installed") or (
        notes["old_state"] is None
    )
    assert notes["version"] == f"{made.version}.1.0"
    assert changed["actions"][-1] == "reloaded the registry"
    assert started_at(made) == before
    assert answers.count(False) == 0, f"of {len(answers)} requests"
    assert made.rpc().call("notes.note", "create", [{"name": "First"}])
    assert "notes" in made.row.modules


def test_changed_code_is_upgraded_and_served(made: ServingVersion) -> None:
    files = module("notes", field="size", more="    size = fields.Integer()\n")
    files["__manifest__.py"] = files["__manifest__.py"].replace(
        '"name"', f'"version": "{made.version}.2.0.0", "name"', 1
    )
    made.write("notes", files)

    changed = made.ok("upgrade_modules", "notes")

    (notes,) = (each for each in changed["modules"] if each["name"] == "notes")
    assert (notes["old_version"], notes["version"]) == (
        f"{made.version}.1.0",
        f"{made.version}.2.0.0",
    )
    assert changed["actions"][-1] == "started Odoo again"
    rpc = made.rpc()
    (found,) = rpc.call("notes.note", "search_read", [], fields=["name", "size"])
    assert (found["name"], found["size"]) == ("First", 0)
    assert made.ok("upgrade_modules", "notes")["actions"][-1] == "reloaded the registry"


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_module_is_told_with_place_and_cause_and_changes_nothing(
    made: ServingVersion, kind: str
) -> None:
    files, place, cause = BROKEN[kind]
    before, started = made.states(), started_at(made)
    with made.holding("broken", files):
        error = made.refused("install_modules", "broken")

    assert error.kind is Kind.UPSTREAM
    assert error.message.startswith(f"broken was not installed: {place}")
    assert cause in error.message
    assert error.output.strip()
    assert error.output.count("\n") < SHOWN
    assert "read_output" in made.suggested or error.output.count("\n") < SHOWN, "all is shown"
    after = made.states()
    assert after.pop("broken", ("uninstalled", None))[0] == "uninstalled"
    before.pop("broken", None)
    assert after == before
    assert (started_at(made), made.serves()) == (started, True)
    assert (made.row.state, made.row.step, "broken" in made.row.modules) == ("running", "", False)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (module("broken", depends="no_such_module"), "broken needs no_such_module"),
        (SOUND | {"__manifest__.py": '{"name": "x", "installable": False}'}, ""),
        (
            SOUND
            | {
                "__manifest__.py": '{"name": "x", "external_dependencies": '
                '{"python": ["nolib_xyz"]}}'
            },
            "nolib_xyz",
        ),
        (SOUND | {"__manifest__.py": '{"name": "x",, }'}, "There is no module broken"),
    ],
)
def test_what_odoo_would_call_a_success_or_refuse_late_is_refused_at_once(
    made: ServingVersion, files: dict[str, str], message: str
) -> None:
    before, snapshots = made.states(), snapshots_of(made)
    with made.holding("broken", files):
        error = made.refused("install_modules", "broken")

    assert error.kind in {Kind.NOT_FOUND, Kind.INVALID}
    assert message in error.message
    assert (made.states(), snapshots_of(made)) == (before, snapshots)


def test_a_good_module_beside_a_broken_one_is_told_and_served_where_odoo_keeps_it(
    made: ServingVersion,
) -> None:
    made.write("good", module("good"))
    with made.holding("broken", module("broken", field="nope", depends="good")):
        error = made.refused("install_modules", "good", "broken")

    kept = made.states()["good"][0] == "installed"
    assert kept is (made.version != "14.0"), "Odoo 14 commits at the end only"
    assert ("Odoo had finished before: good" in error.hint) is kept
    if not kept:
        made.ok("install_modules", "good")
    assert made.rpc().call("good.note", "search_count", []) == 0


def test_a_column_that_cannot_be_required_is_no_success(made: ServingVersion) -> None:
    made.rpc().call("good.note", "create", [{"name": False}])
    required = module("good")
    required["models.py"] = required["models.py"].replace("Char()", "Char(required=True)")
    made.write("good", required)

    error = made.refused("upgrade_modules", "good")

    assert error.message.startswith("good was upgraded, but Odoo logged ")
    assert "odoo.schema" in error.message
    assert "rollback_environment" in {each.operation for each in error.next}
    assert made.serves()
    made.write("good", module("good"))


def test_what_others_need_is_uninstalled_with_them_only(made: ServingVersion) -> None:
    made.write("child", module("child", depends="good"))
    made.ok("install_modules", "child")
    error = made.refused("uninstall_modules", "good")
    assert error.message == "child needs good, and would be uninstalled too."
    suggested = error.next[0].arguments["modules"]
    assert isinstance(suggested, list)

    changed = made.ok("uninstall_modules", *suggested)

    assert {each["name"]: each["state"] for each in changed["modules"]} == {
        "good": "uninstalled",
        "child": "uninstalled",
    }
    assert "good_note" not in tables(made)
    assert not {"good", "child"} & {*made.row.modules}
    assert made.rpc().call("ir.model", "search_count", [["model", "=", "good.note"]]) == 0


def test_an_installation_that_is_undone_was_never_there(made: ServingVersion) -> None:
    envelope = made.call("install_modules", "child", "good")
    assert envelope.error is None
    (undo,) = (each for each in envelope.next if each.operation == "rollback_environment")

    made.instance.ok(undo.operation, **undo.arguments)

    assert made.states()["child"][0] == "uninstalled"
    assert "child" not in made.row.modules
    assert made.serves()


def test_a_stopped_environment_is_changed_and_stays_stopped(made: ServingVersion) -> None:
    made.instance.ok("stop_environment", name=made.name)

    changed = made.ok("install_modules", "good")

    assert (changed["state"], changed["actions"]) == ("stopped", ["installed good"])
    made.instance.ok("start_environment", name=made.name)
    assert made.rpc().call("good.note", "search_count", []) == 0


def test_states_that_were_left_over_are_reset_first(made: ServingVersion) -> None:
    with signed_in(made.plan) as session:
        session.execute("UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'web'")
        session.execute(
            "INSERT INTO ir_config_parameter (key, value)"
            " VALUES ('base.partially_updated_database', '1')"
        )

    changed = made.ok("upgrade_modules", "good")

    assert changed["actions"][0] == "reset the states of web, which were left over"
    assert made.states()["web"][0] == "installed"


def test_a_cancelled_installation_leaves_consistent_states(made: ServingVersion) -> None:
    before = made.states()
    with made.holding("broken", SLOW):
        answers: list[Envelope[Any]] = []
        work = threading.Thread(
            target=lambda: answers.append(made.call("install_modules", "broken"))
        )
        work.start()
        eventually(lambda: "Loading module broken" in one_off_log(made), SECONDS)
        job = made.row.job
        made.instance.ok("cancel_job", job=job)
        work.join(SECONDS)

    (answer,) = answers
    assert answer.status == "cancelled"
    after = made.states()
    assert {name: state for name, (state, _) in after.items() if state.startswith("to ")} == {}
    before.pop("broken", None), after.pop("broken", None)
    assert after == before
    assert (made.row.state, made.row.step, made.serves()) == ("running", "", True)
    assert not docker("ps", "--all", "--quiet", "--filter", f"name={made.plan.one_off}").strip()


def test_a_change_whose_server_is_killed_is_settled_by_the_next_one(made: ServingVersion) -> None:
    before = made.states()
    with made.holding("broken", SLOW):
        with serving(made.instance) as server:
            path = f"/api/environments/{made.name}/modules/install"
            job = server.job("POST", path, json={"modules": ["broken"]})
            eventually(lambda: "Loading module broken" in one_off_log(made), SECONDS)
            server.kill()
        assert made.row.step == MODULES_CHANGE
        assert made.refused("install_modules", "notes").kind is Kind.BUSY
        assert made.serves()
        with serving(made.instance) as server:
            eventually(lambda: made.row.step == "", SECONDS)
            assert server.finished(job)["status"] == "interrupted"

    after = made.states()
    before.pop("broken", None), after.pop("broken", None)
    assert after == before
    assert (made.row.state, made.serves()) == ("running", True)
    assert not docker("ps", "--all", "--quiet", "--filter", f"name={made.plan.one_off}").strip()


def one_off_log(made: ServingVersion) -> str:
    with suppress(NotFound):
        return made.instance.services.deps.engine.containers.logs(made.plan.one_off)
    return ""


def tables(made: ServingVersion) -> set[str]:
    with signed_in(made.plan) as session:
        found = session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found.fetchall()}


def snapshots_of(made: ServingVersion) -> int:
    return len(made.instance.ok("list_snapshots", name=made.name)["snapshots"])


def started_at(made: ServingVersion) -> tuple[str, str]:
    """Return when the container started, and the last start of Odoo that its log has."""
    facts = made.instance.services.deps.engine.containers.facts(made.plan.container)
    assert facts is not None
    starts = [line for line in made.log().splitlines() if " odoo: Odoo version " in line]
    return facts.started_at, starts[-1]


@pytest.fixture(scope="module", params=VERSIONS[::-1])
def made(
    request: pytest.FixtureRequest, product: Instance, git: GitServer
) -> Iterator[ServingVersion]:
    """An environment of the newest version, then one of the oldest."""
    version = request.param
    name = f"modules-{version.partition('.')[0]}"
    template = TEMPLATE if version == VERSIONS[-1] else name
    if template != TEMPLATE:
        product.ok("create_template", name=template, odoo_version=version)
    files = {f"notes/{file}": text for file, text in module("notes").items()}
    url = git.repository(name, {"main": files})
    shown = product.ok("create_environment", name=name, repo_url=url, template=template)
    yield ServingVersion(version, product, name, shown["url"], plan_of(product, name))
    product.ok("delete_environment", name=name)
    if template != TEMPLATE:
        product.ok("delete_template", name=template)
