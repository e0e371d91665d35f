"""Modules that do not work: what is told, what is kept, what is left."""

from collections.abc import Iterator

import pytest

from oduflow.domain.errors import Conflict, NotFound
from tests.support.git_server import Files, GitServer
from tests.support.instances import Instance, world
from tests.support.variants import git_host, variant

pytestmark = pytest.mark.timeout(300)

BROKEN_VIEW = """
<odoo><record id="v" model="ir.ui.view"><field name="name">v</field>
<field name="model">res.partner</field>
<field name="arch" type="xml"><form><field name="no_such_field"/></form></field></record></odoo>
"""
LATE = "import sys\nif '--init' not in sys.argv:\n    import gone_at_run_time\n"
LATE_CAUSE = (
    "Odoo cannot load its registry: ModuleNotFoundError: No module named 'gone_at_run_time'."
)
HOG = "import sys\nif {when}:\n    kept = [bytes(1) * (1 << 20) + b'1' for n in range(1000)]\n"
POST_LOAD = "def explode():\n    raise RuntimeError('exploding on purpose')\n"


def module(name: str, code: str = "", **manifest: object) -> dict[str, str]:
    declared = {"name": name, "depends": ["base"], "author": "x", "license": "LGPL-3", **manifest}
    return {f"{name}/__manifest__.py": repr(declared), f"{name}/__init__.py": code}


LEAVING = """
import sys
from odoo import models


class Leaving(models.AbstractModel):
    _name = "leaving"
    _description = "Leaving"

    def _register_hook(self):
        if "--init" not in sys.argv:
            sys.exit("no licence key")
"""
SIGN_ON: Files = {
    **module("sign_on", "from . import controllers", depends=["web"]),
    "sign_on/controllers.py": """
from odoo import http
from odoo.addons.web.controllers.home import Home


class SignOn(Home):
    @http.route()
    def web_login(self, *args, **kw):
        return http.request.redirect("https://sso.example.com/", local=False)
""",
}
FILES: Files = {
    **module("fine"),
    **module("broken_import", "import nothing_of_that_name"),
    **module("exploding", POST_LOAD, post_load="explode"),
    **module("needs_module", depends=["no_such_module"]),
    **module("not_for_you", installable=False),
    **module("bad_view", data=["v.xml"]),
    "bad_view/v.xml": BROKEN_VIEW,
    **module("greedy", HOG.format(when="'--init' in sys.argv")),
    **module("greedy_later", HOG.format(when="'--init' not in sys.argv")),
    **module("late", LATE),
    **module("leaving", LEAVING),
}


@pytest.fixture(scope="module")
def modest(instance: Instance, git: GitServer) -> Iterator[Instance]:
    """The instance with little memory for each environment."""
    memory = ("[team.blue]", "[team.blue]\nmemory_mb = 600")
    with variant(instance, git_host(git.authority), memory) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "message", "told"),
    [
        (
            "broken_import",
            "Not installed: broken_import: ModuleNotFoundError.",
            ["broken_import/__init__.py", "No module named 'nothing_of_that_name'"],
        ),
        (
            "exploding",
            "Not installed: exploding: RuntimeError.",
            ["exploding/__init__.py", "RuntimeError: exploding on purpose"],
        ),
        ("bad_view", "Not installed: bad_view: ParseError.", ["bad_view/v.xml", "no_such_field"]),
        ("greedy", "Odoo reached its limit of 600 MiB of memory while it installed modules.", []),
        (
            "greedy_later",
            "Odoo crashed at start at its limit of 600 MiB of memory.",
            ["odoo.modules.loading: loading"],
        ),
        (
            "leaving",
            "Odoo crashed at start with exit code 1: no licence key.",
            ["odoo.modules.loading: Modules loaded.", "no licence key"],
        ),
        (
            "late",
            LATE_CAUSE,
            ["No module named 'gone_at_run_time'"],
        ),
    ],
)
def test_a_module_that_breaks_odoo_leaves_a_failed_environment_that_explains_itself(
    modest: Instance, git: GitServer, name: str, message: str, told: list[str]
) -> None:
    before = world(modest)
    url = git.repository("modules", {"main": FILES})
    made = modest.call("create_environment", name="broken", repo_url=url, modules=[name])
    try:
        assert made.error is not None
        assert (made.error.kind, made.error.message) == ("upstream", message)
        assert [text for text in told if text not in made.error.output] == []
        assert len(made.error.output.splitlines()) <= 30
        shown = modest.ok("get_environment", name="broken")
        assert (shown["state"], shown["url"]) == ("failed", None)
        assert shown["error"] == made.error.model_dump(mode="json")
        far_above = {"source": "install", "grep": "Odoo version"}
        found = modest.ok("get_environment_logs", name="broken", **far_above)
        assert "Odoo version 19.0" in found["log"]
    finally:
        modest.ok("delete_environment", name="broken")
    assert world(modest) == before


def test_a_module_that_cannot_be_installed_is_refused_before_anything_is_cloned(
    product: Instance, git: GitServer
) -> None:
    before = world(product)
    url = git.repository("modules", {"main": FILES})
    refusals = {
        "needs_module": (
            "not_found",
            "needs_module needs no_such_module, which neither the repository nor odoo:19.0 has.",
        ),
        "not_for_you": ("invalid", "not_for_you 1.0 cannot be installed by Odoo 19.0."),
        "sale_managment": (
            "not_found",
            (
                "There is no module sale_managment, neither in the repository nor in odoo:19.0. "
                "Did you mean sale_management?"
            ),
        ),
    }
    for name, (kind, message) in refusals.items():
        made = product.call("create_environment", name="refused", repo_url=url, modules=[name])
        assert made.error is not None
        assert (made.error.kind, made.error.message) == (kind, message)
        assert world(product) == before


def test_an_odoo_that_redirects_its_login_page_serves_and_its_log_shows_no_request_of_ours(
    product: Instance, git: GitServer
) -> None:
    url = git.repository("sign_on", {"main": SIGN_ON})
    try:
        made = product.ok("create_environment", name="sso", repo_url=url, modules=["sign_on"])
        log = product.ok("get_environment_logs", name="sso")["log"]
        assert made["state"] == "running"
        assert "Registry loaded" in log
        assert "/web/login" not in log
    finally:
        product.call("delete_environment", name="sso")


def test_a_misspelt_module_is_answered_with_those_the_repository_holds(
    product: Instance, git: GitServer
) -> None:
    files = {**module("sale_tools"), **module("stock_tools")}
    url = git.repository("two", {"main": files})
    made = product.call("create_environment", name="typo", repo_url=url, modules=["sales_tools"])
    assert made.error is not None
    assert "sale_tools, stock_tools" in made.error.hint
    assert "typo was not created." in made.error.hint
    with pytest.raises(NotFound):
        product.call("get_environment", name="typo")


def test_a_failed_environment_shows_its_log_has_no_odoo_and_is_replaced_by_the_corrected_call(
    product: Instance, git: GitServer
) -> None:
    url = git.repository("modules", {"main": FILES})
    made = product.call("create_environment", name="bad", repo_url=url, modules=["bad_view"])
    assert made.error is not None
    installation = product.ok("get_environment_logs", name="bad")
    assert installation["source"] == "install"
    assert made.error.output.strip().splitlines()[-1] in installation["log"]
    with pytest.raises(Conflict, match="no container, and so no log"):
        product.call("get_environment_logs", name="bad", source="odoo")
    with pytest.raises(Conflict, match="no Odoo to sign in to"):
        product.call("get_environment_login", name="bad")
    with pytest.raises(Conflict, match="bad has no container"):
        product.call("stop_environment", name="bad")
    assert product.ok("get_environment", name="bad")["state"] == "failed"
    [retry] = made.error.next
    corrected = {**retry.arguments, "modules": ["fine"]}
    assert product.ok(retry.operation, **corrected)["state"] == "running"
    product.ok("delete_environment", name="bad")


def test_a_module_that_is_not_asked_for_cannot_break_the_boot(
    product: Instance, git: GitServer
) -> None:
    url = git.repository("modules", {"main": FILES})
    made = product.ok("create_environment", name="mixed", repo_url=url, modules=["fine"])
    assert made["state"] == "running"
    product.ok("delete_environment", name="mixed")
