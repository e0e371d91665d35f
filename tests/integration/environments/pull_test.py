"""Commits and edits that reach a real Odoo: the least that is right, proven, or nothing at all."""

import logging
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from oduflow.domain.errors import Kind
from oduflow.domain.outcome import Envelope, ErrorView
from oduflow.domain.plan import EnvironmentPlan
from tests.support.git_server import GitServer, Submodule
from tests.support.images import VERSIONS
from tests.support.instances import TEMPLATE, Instance
from tests.support.notes_files import (
    FILES,
    FRESH,
    LINKED,
    MODEL,
    PARAMETER,
    STYLED,
    TERMS,
    VIEW,
)
from tests.support.odoo_rpc import OdooRpc
from tests.support.variants import plan_of, signed_in

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(1200)

NAME = "pulled"
REPOSITORY = "notes-repo"
# Up to Odoo 14 no manifest names the files of bundles. What git and Python alone do is the same.
only_newest = pytest.mark.parametrize("pulled", VERSIONS[-1:], indirect=True)


@dataclass
class Pulled:
    """An environment whose branch tests push to."""

    instance: Instance
    git: GitServer
    url: str
    plan: EnvironmentPlan
    version: str
    files: dict[str, Any] = field(default_factory=lambda: dict(FILES))

    def push(self, changes: Mapping[str, str | Submodule | None], branch: str = "main") -> str:
        """Push files on top of those of main; None removes one."""
        every = {**self.files, **changes}
        files = {path: text for path, text in every.items() if text is not None}
        if branch == "main":
            self.files = files
        self.git.repository(REPOSITORY, {branch: files})
        return self.git.commit(REPOSITORY, branch)

    def settle(self) -> None:
        """Bring it to what each test begins with: `FILES` without edits, applied, and served."""
        if edits := self.instance.ok("diff_edits", name=NAME)["files"]:
            self.instance.ok("discard_edits", name=NAME)
        if self.row.state == "stopped":
            self.instance.ok("start_environment", name=NAME)
        row = self.row
        newest = self.git.commit(REPOSITORY, "main")
        there = (row.branch, row.commit, row.state) == ("main", newest, "running")
        if there and self.files == FILES and not edits and len(row.applied) <= 1:
            return
        self.push(dict.fromkeys(self.files) | FILES)
        if row.branch == "main":
            self.ok("pull_and_apply", uninstall_removed=True)
        else:
            self.ok("switch_branch", branch="main", uninstall_removed=True)

    def call(self, tool: str, **more: Any) -> Envelope[Any]:
        began = time.monotonic()
        envelope = self.instance.call(tool, name=NAME, **more)
        took = time.monotonic() - began
        if envelope.error is not None:
            log.info("%s %.1f s: %s | %s", tool, took, envelope.error.message, envelope.error.hint)
        else:
            log.info("%s %.1f s: %s", tool, took, envelope.summary)
        return envelope

    def ok(self, tool: str, **more: Any) -> Any:
        envelope = self.call(tool, **more)
        assert envelope.error is None, (envelope.error, envelope.error.output)
        assert envelope.data is not None
        shown = envelope.data
        return shown if isinstance(shown, dict) else shown.model_dump(mode="json")

    def refused(self, tool: str, **more: Any) -> ErrorView:
        error = self.call(tool, **more).error
        assert error is not None
        return error

    def edit(self, path: str, old: str, new: str) -> None:
        self.instance.ok("write_file", name=NAME, path=path, old=old, new=new)

    def rpc(self) -> OdooRpc:
        login = self.instance.ok("get_environment_login", name=NAME)
        return OdooRpc.sign_in(self.url, self.plan.database, login["login"], login["password"])

    def started(self) -> tuple[str, int]:
        """Return when the container started, and how often Odoo did within it."""
        containers = self.instance.services.deps.engine.containers
        facts = containers.facts(self.plan.container)
        assert facts is not None
        text = containers.logs(self.plan.container, tail=10_000)
        return facts.started_at, text.count(" odoo: Odoo version ")

    @property
    def row(self) -> Any:
        return self.instance.services.deps.store.environments.get("blue", NAME)

    def form(self, **more: Any) -> str:
        method = "fields_view_get" if self.version == "14.0" else "get_view"
        found = self.rpc().call("notes.note", method, view_type="form", **more)
        return str(found["arch"])

    def check_untouched(self, error: ErrorView, commit: str, started: tuple[str, int]) -> None:
        """A failure before anything was written leaves Odoo alone; Odoo 14 does not tell it."""
        if self.version == "14.0":
            assert error.hint.startswith(
                f"pulled is back at {commit[:12]}, with its data of before. What the change and "
                "its users wrote is in "
            )
        else:
            assert error.hint == f"pulled is back at {commit[:12]}; its Odoo was not touched."
            assert self.started() == started

    def state_of(self, module: str) -> str:
        query = "SELECT state FROM ir_module_module WHERE name = %s"
        with signed_in(self.plan) as session:
            found = session.execute(query, (module,)).fetchone()
        return "" if found is None else str(found[0])

    def style(self) -> str:
        """Return the module's rule in the bundle that Odoo serves."""
        found = requests.get(f"{self.url}web/assets/0/web.assets_backend.min.css", timeout=60)
        rules = re.findall(r"\.o_notes\s*{[^}]*}", found.text)
        return " ".join(rules) or f"{found.status_code}: {len(found.text)} characters"

    def serves(self) -> bool:
        try:
            return requests.get(f"{self.url}web/login", timeout=30).status_code == 200
        except requests.RequestException:
            return False


@only_newest
def test_tests_and_documentation_alone_need_nothing(env: Pulled) -> None:
    before = env.started()
    commit = env.push({"notes/tests/test_note.py": "# second\n", "README.md": "second\n"})

    told = env.ok("pull_and_apply")

    assert (told["commit"], told["actions"]) == (commit, [])
    assert {each["need"] for each in told["files"]} == {"nothing"}
    assert [each["subject"] for each in told["commits"]] == ["Change main"]
    assert env.started() == before
    assert env.row.commit == commit
    assert (env.plan.checkout / "README.md").read_text() == "second\n"
    again = env.ok("pull_and_apply")
    assert (again["commit"], again["files"], again["commits"]) == (commit, [], [])


def test_a_view_is_served_without_a_restart(env: Pulled) -> None:
    before = env.started()
    env.push({"notes/views.xml": VIEW.replace("First", "Second")})

    envelope = env.call("pull_and_apply")

    assert envelope.error is None, envelope.error
    told = envelope.data
    assert told is not None
    assert told.actions[-2:] == ("loaded views.xml of notes in place", "reloaded its caches")
    assert [(each.need, each.why) for each in told.files] == [("reload", "view form is changed")]
    assert envelope.snapshot
    assert "rollback_environment" in {each.operation for each in envelope.next}
    assert 'string="Second"' in env.form()
    assert env.started() == before


def test_the_body_of_a_method_needs_a_restart_and_no_snapshot(env: Pulled) -> None:
    container, starts = env.started()
    env.push({"notes/models.py": MODEL.replace('"first"', '"second"')})

    envelope = env.call("pull_and_apply")

    told = envelope.data
    assert told is not None, envelope.error
    assert told.actions == ("started Odoo again",)
    assert not envelope.snapshot
    assert env.started() == (container, starts + 1)
    note = env.rpc().call("notes.note", "create", {"name": "x"})
    assert env.rpc().call("notes.note", "greeting", [note]) == "second"


def test_a_new_field_needs_an_upgrade(env: Pulled) -> None:
    env.rpc().call("notes.note", "create", {"name": "x"})
    env.push(
        {
            "notes/models.py": env.files["notes/models.py"].replace(
                "    def", "    size = fields.Integer()\n\n    def"
            ),
            "notes/views.xml": env.files["notes/views.xml"].replace(
                "</form>", '<field name="size"/></form>'
            ),
        }
    )

    told = env.ok("pull_and_apply")

    assert told["actions"][:2] == ["upgraded notes", "started Odoo again"]
    assert env.rpc().call("notes.note", "search_read", [], fields=["size"])[0]["size"] == 0
    assert 'name="size"' in env.form()


@only_newest
def test_a_style_is_compiled_anew_without_a_restart(env: Pulled) -> None:
    before = env.started()
    env.push({"notes/static/src/notes.scss": ".o_notes { color: blue; }\n"})

    told = env.ok("pull_and_apply")

    assert [each["need"] for each in told["files"]] == ["assets"]
    assert told["actions"][0] == "reloaded its caches"
    assert told["actions"][1].startswith("rebuilt the bundles web.assets_web")
    assert env.style() == ".o_notes{color: blue;}"
    assert env.started() == before


@only_newest
def test_a_style_that_cannot_be_compiled_changes_nothing(env: Pulled) -> None:
    before = env.row.commit
    env.push({"notes/static/src/notes.scss": ".o_notes { color: $nowhere; }\n"})

    error = env.refused("pull_and_apply")

    assert error.message.startswith("The bundle web.assets_web cannot be made: ")
    assert "$nowhere" in error.message
    assert error.hint.endswith("its Odoo was not touched.")
    assert env.row.commit == before
    assert "red" in (env.plan.checkout / "notes/static/src/notes.scss").read_text()


@only_newest
def test_a_new_module_whose_styles_cannot_be_compiled_is_taken_back_and_writes_are_kept(
    env: Pulled,
) -> None:
    before = env.row.commit
    env.push(
        {
            "styled/__init__.py": "",
            "styled/__manifest__.py": STYLED,
            "styled/static/a.scss": ".o_styled { color: $nowhere; }\n",
        }
    )

    error = env.refused("pull_and_apply")

    assert "$nowhere" in error.message
    assert (env.row.commit, env.row.state, env.row.applying) == (before, "running", None)
    assert env.state_of("styled") in {"", "uninstalled"}
    kept = env.instance.ok("list_snapshots", name=NAME)["snapshots"]
    [written] = [each["name"] for each in kept if each["name"] in error.hint]
    back = {"name": NAME, "snapshot": written}
    assert back in [each.arguments for each in error.next]


def test_a_new_module_is_installed(env: Pulled) -> None:
    env.push(FRESH)

    told = env.ok("pull_and_apply")

    assert told["actions"][0] == "installed fresh"
    assert env.state_of("fresh") == "installed"
    assert "fresh" in env.row.modules


def test_a_broken_view_is_told_with_its_place_and_everything_is_as_before(env: Pulled) -> None:
    before, state, started = env.row.commit, env.form(), env.started()
    env.rpc().call("notes.note", "create", {"name": "kept"})
    env.push({"notes/views.xml": VIEW.replace('name="name"/>', 'name="nowhere"/>')})

    error = env.refused("pull_and_apply")

    assert error.kind is Kind.UPSTREAM
    assert error.message.startswith("The changes were not applied: notes/views.xml:2: ")
    assert "nowhere" in error.message
    env.check_untouched(error, before, started)
    row = env.row
    assert (row.commit, row.state, row.step, row.applying) == (before, "running", "", None)
    assert "nowhere" not in (env.plan.checkout / "notes/views.xml").read_text()
    assert env.form() == state
    assert env.rpc().call("notes.note", "search_count", [["name", "=", "kept"]]) == 1
    assert env.instance.ok("diff_edits", name=NAME)["files"] == []


def test_code_that_cannot_be_imported_leaves_the_serving_odoo_alone(env: Pulled) -> None:
    before, started = env.row.commit, env.started()
    good = env.files["notes/models.py"]
    env.push({"notes/models.py": f"{good}\n\nclass X(:\n", "notes/views.xml": VIEW})

    error = env.refused("pull_and_apply")

    env.push({"notes/models.py": good})
    assert re.search(r"not applied: notes/models.py:\d+: SyntaxError", error.message)
    env.check_untouched(error, before, started)
    assert env.row.commit == before
    assert env.serves()
    # The code of before was written again while Odoo ran, but not where it was rolled back.
    started_again = "started Odoo again" in env.ok("pull_and_apply")["actions"]
    assert started_again is (env.version != "14.0")


def test_a_failure_is_kept_for_a_look_and_corrected_by_an_edit(env: Pulled) -> None:
    good = env.files["notes/models.py"]
    commit = env.push({"notes/models.py": f"{good}\n\n1 / 0\n"})

    error = env.refused("pull_and_apply", on_failure="keep")

    assert "ZeroDivisionError" in error.message
    assert "apply_changes" in {each.operation for each in error.next}
    assert env.row.commit == commit
    assert env.serves()
    env.edit("notes/models.py", "1 / 0\n", "")
    told = env.ok("apply_changes")
    assert "started Odoo again" in told["actions"]
    assert told["edits"] == 1
    env.push({"notes/models.py": (env.plan.checkout / "notes/models.py").read_text()})
    again = env.ok("pull_and_apply")
    assert (again["edits"], again["actions"]) == (0, []), "it was applied as an edit"


@only_newest
def test_edits_are_applied_once_and_only_what_is_new(env: Pulled) -> None:
    env.edit("notes/models.py", '"first"', '"edited"')
    first = env.ok("apply_changes")
    second = env.ok("apply_changes")
    env.edit("notes/views.xml", "First", "Edited")
    third = env.ok("apply_changes")

    assert first["actions"] == ["started Odoo again"]
    assert (second["actions"], second["files"]) == ([], [])
    assert [each["path"] for each in third["files"]] == ["notes/views.xml"]
    assert (third["edits"], env.instance.ok("get_environment", name=NAME)["edits"]) == (2, 2)
    assert 'string="Edited"' in env.form()


@only_newest
def test_edits_stay_when_commits_are_pulled_and_conflicts_change_nothing(env: Pulled) -> None:
    env.edit("notes/models.py", '"first"', '"edited"')
    env.edit("notes/views.xml", "First", "Edited")
    env.ok("apply_changes")
    env.push({"README.md": "third\n"})
    told = env.ok("pull_and_apply")
    assert told["edits"] == 2
    assert 'string="Edited"' in (env.plan.checkout / "notes/views.xml").read_text()
    before = env.row.commit
    env.push({"notes/views.xml": VIEW.replace("First", "Theirs")})

    error = env.refused("pull_and_apply")

    assert error.kind is Kind.CONFLICT
    assert "notes/views.xml. Nothing was changed." in error.message
    assert env.row.commit == before
    assert 'string="Edited"' in (env.plan.checkout / "notes/views.xml").read_text()
    env.instance.ok("discard_edits", name=NAME)
    told = env.ok("pull_and_apply")
    assert "started Odoo again" in told["actions"], "the discarded method is no longer served"
    assert 'string="Theirs"' in env.form()


def test_a_module_that_is_gone_is_uninstalled_only_if_it_is_asked_for(env: Pulled) -> None:
    before = env.push(FRESH)
    env.ok("pull_and_apply")
    env.push(dict.fromkeys(FRESH))

    error = env.refused("pull_and_apply")

    assert "fresh is gone from the repository, and installed in pulled" in error.message
    assert (env.row.commit, env.state_of("fresh")) == (before, "installed")
    again = error.next[0]
    assert again.arguments["uninstall_removed"] is True
    told = env.ok("pull_and_apply", uninstall_removed=True)
    assert told["actions"][:2] == ["uninstalled fresh", "started Odoo again"]
    assert env.state_of("fresh") == "uninstalled"
    assert "fresh" not in env.row.modules
    assert env.serves()


@only_newest
def test_requirements_are_installed_and_the_container_replaced(env: Pulled) -> None:
    container = env.started()[0]
    imported = env.files["notes/models.py"].replace(
        "from odoo import", "import humanize\nfrom odoo import", 1
    )
    env.push({"requirements.txt": "humanize==4.9.0\n", "notes/models.py": imported})

    told = env.ok("pull_and_apply")

    assert "replaced the container" in told["actions"]
    assert env.row.python_deps
    assert env.started()[0] != container
    assert env.serves()


@only_newest
def test_another_branch_is_followed_and_its_modules_are_served(env: Pulled) -> None:
    main, form = env.row.commit, env.form()
    theirs = {"notes/views.xml": VIEW.replace("First", "Branch"), "README.md": None}
    other = env.push(theirs, branch="feature")

    told = env.ok("switch_branch", branch="feature")

    assert (told["branch"], told["commit"]) == ("feature", other)
    assert (env.row.branch, env.row.requested_branch) == ("feature", "feature")
    assert 'string="Branch"' in env.form()
    back = env.ok("switch_branch", branch="main")
    assert (back["commit"], env.row.branch) == (main, "main")
    assert env.form() == form


def test_a_stopped_environment_is_changed_and_stays_stopped(env: Pulled) -> None:
    env.push({"notes/views.xml": VIEW.replace("First", "Stopped")})
    env.instance.ok("stop_environment", name=NAME)

    told = env.ok("pull_and_apply")

    assert (told["state"], told["actions"]) == ("stopped", ["loaded views.xml of notes in place"])
    env.instance.ok("start_environment", name=NAME)
    assert 'string="Stopped"' in env.form()


def test_terms_of_a_text_that_is_new_in_a_view_are_shown_at_once(env: Pulled) -> None:
    env.instance.ok(
        "run_odoo_shell",
        name=NAME,
        code='env["res.lang"]._activate_lang("fr_FR"); env.cr.commit()',
    )
    env.push({"notes/i18n/fr.po": TERMS})
    assert "loaded the terms of notes in fr_FR" in env.ok("pull_and_apply")["actions"]
    env.push({"notes/views.xml": VIEW.replace("First", "Third")})

    told = env.ok("pull_and_apply")

    assert [each["need"] for each in told["files"]] == ["reload"]
    assert 'string="Troisième"' in env.form(context={"lang": "fr_FR"})


@only_newest
def test_modules_of_a_submodule_are_upgraded_with_its_new_pin(env: Pulled) -> None:
    def pin(text: str) -> Submodule:
        files = {"linked/__init__.py": "", "linked/__manifest__.py": LINKED, "linked/v.xml": text}
        env.git.repository("linked-repo", {"main": files})
        return Submodule(env.git.commit("linked-repo", "main"))

    declared = '[submodule "oca"]\n\tpath = oca\n\turl = ../linked-repo.git\n'
    env.push({".gitmodules": declared, "oca": pin(PARAMETER.format("first"))})
    came = env.call("pull_and_apply")
    assert came.error is None
    assert any(each.startswith("linked came with a submodule") for each in came.warnings)
    env.ok("install_modules", modules=["linked"])
    env.push({"oca": pin(PARAMETER.format("second"))})

    told = env.ok("pull_and_apply")

    assert told["actions"][0] == "upgraded linked"
    read = env.rpc().call("ir.config_parameter", "get_param", "linked")
    assert read == "second"


@pytest.fixture
def env(pulled: Pulled) -> Pulled:
    pulled.settle()
    return pulled


@pytest.fixture(scope="module", params=VERSIONS[::-1])
def pulled(request: pytest.FixtureRequest, product: Instance, git: GitServer) -> Iterator[Pulled]:
    """An environment of the newest version, then one of the oldest."""
    version, template = request.param, TEMPLATE
    if version != VERSIONS[-1]:
        template = "oldest"
        product.ok("create_template", name=template, odoo_version=version)
    url = git.repository(REPOSITORY, {"main": FILES})
    made = product.ok(
        "create_environment", name=NAME, repo_url=url, modules=["notes"], template=template
    )
    yield Pulled(product, git, made["url"], plan_of(product, NAME), version)
    product.ok("delete_environment", name=NAME)
    if template != TEMPLATE:
        product.ok("delete_template", name=template)
