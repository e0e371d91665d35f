"""A copy of a real environment: all of its data is there, and the source serves all the time."""

import base64
import http.cookiejar
import json
import time
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from oduflow.services.recoverable import find_leftovers
from tests.support.instances import Instance, world
from tests.support.login_poller import LoginPoller
from tests.support.variants import plan_of, signed_in

pytestmark = pytest.mark.timeout(900)

SOURCE, COPY = "origin", "copied"
TEXT = base64.b64encode(b"what the attachment holds" * 100).decode()
PARAMETER = "SELECT value FROM ir_config_parameter WHERE key = %s"


@dataclass
class Odoo:
    """One environment's Odoo, as its administrator uses it."""

    instance: Instance
    name: str

    @property
    def url(self) -> str:
        found = self.instance.ok("get_environment", name=self.name)["url"]
        assert found is not None
        return str(found)

    def call(self, model: str, method: str, *arguments: Any, **more: Any) -> Any:
        database = plan_of(self.instance, self.name).database
        password = self.instance.ok("get_environment_login", name=self.name)["password"]
        common = xmlrpc.client.ServerProxy(f"{self.url}xmlrpc/2/common")
        uid = common.authenticate(database, "admin", password, {})
        assert uid, self.name
        models = xmlrpc.client.ServerProxy(f"{self.url}xmlrpc/2/object", allow_none=True)
        return models.execute_kw(database, uid, password, model, method, arguments, more)

    def parameter(self, key: str) -> str:
        with signed_in(plan_of(self.instance, self.name)) as tenant:
            found = tenant.execute(PARAMETER, [key]).fetchone()
        assert found is not None
        return str(found[0])

    def browser(self) -> urllib.request.OpenerDirector:
        """Return a browser that is signed in."""
        login = self.instance.ok("get_environment_login", name=self.name)
        database = plan_of(self.instance, self.name).database
        given = {"db": database, "login": login["login"], "password": login["password"]}
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        assert ask(browser, f"{self.url}web/session/authenticate", given)["result"]["uid"]
        return browser


def ask(browser: urllib.request.OpenerDirector, url: str, given: dict[str, Any]) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the environment's own address
        url,
        json.dumps({"jsonrpc": "2.0", "params": given}).encode(),
        {"Content-Type": "application/json"},
    )
    return json.load(browser.open(request, timeout=60))


@pytest.fixture
def source(instance: Instance, sample_repository: str) -> Iterator[Odoo]:
    """An environment with a module, a partner, an attachment and an edit."""
    before = world(instance)
    instance.ok(
        "create_environment", name=SOURCE, repo_url=sample_repository, modules=["field_notes"]
    )
    made = Odoo(instance, SOURCE)
    made.call("res.partner", "create", {"name": "Written Before"})
    made.call("ir.attachment", "create", {"name": "before.bin", "datas": TEXT})
    (plan_of(instance, SOURCE).checkout / "edited.txt").write_text("an edit")
    yield made
    for name in (SOURCE, COPY):
        if instance.services.deps.store.environments.get("blue", name) is not None:
            instance.ok("delete_environment", name=name)
    assert world(instance) == before
    assert list(find_leftovers(instance.services.recoverables)) == []


def test_a_copy_of_a_running_environment_holds_all_of_it_and_outlives_it(
    instance: Instance, source: Odoo
) -> None:
    browser, session = source.browser(), f"{source.url}web/session/get_session_info"
    uid = ask(browser, session, {})["result"]["uid"]
    assert uid

    with LoginPoller(source.url) as client:
        time.sleep(0.5)
        made = instance.ok("copy_environment", name=SOURCE, new_name=COPY)
        time.sleep(0.5)

    assert set(client.answers) == {200}, client.answers
    assert ask(browser, session, {})["result"]["uid"] == uid, "its user was logged out"
    copy = Odoo(instance, COPY)
    assert made["state"] == "running"
    holds_all(copy)
    for key in ("database.uuid", "database.secret"):
        assert copy.parameter(key) != source.parameter(key)
    assert copy.parameter("web.base.url") == copy.url.rstrip("/")

    copy.call("res.partner", "create", {"name": "Only In The Copy"})
    source.call("res.partner", "create", {"name": "Only In The Source"})
    found = [["name", "like", "Only In"]]
    assert copy.call("res.partner", "search_count", found) == 1
    assert source.call("res.partner", "search_count", found) == 1
    assert instance.ok("list_snapshots", name=SOURCE)["snapshots"] == []

    role = plan_of(instance, SOURCE).database
    instance.ok("delete_environment", name=SOURCE)
    assert role not in instance.services.deps.postgres.cluster("blue").roles()
    instance.ok("stop_environment", name=COPY)
    instance.ok("start_environment", name=COPY)
    holds_all(copy)
    instance.ok("rebuild_environment", name=COPY)
    holds_all(copy)


def test_a_copy_of_a_stopped_environment_is_a_source_itself(
    instance: Instance, source: Odoo
) -> None:
    instance.ok("stop_environment", name=SOURCE)
    instance.ok("copy_environment", name=SOURCE, new_name=COPY)
    assert instance.ok("get_environment", name=SOURCE)["state"] == "stopped"
    instance.ok("delete_environment", name=SOURCE)

    instance.ok("create_snapshot", name=COPY, snapshot="clean")
    instance.ok("copy_environment", name=COPY, new_name=SOURCE)

    holds_all(Odoo(instance, SOURCE))
    instance.ok("rollback_environment", name=COPY, snapshot="clean")
    holds_all(Odoo(instance, COPY))


def holds_all(odoo: Odoo) -> None:
    written = [["name", "=", "Written Before"]]
    assert odoo.call("res.partner", "search_count", written) == 1
    [attachment] = odoo.call(
        "ir.attachment", "search_read", [["name", "=", "before.bin"]], fields=["datas"]
    )
    assert attachment["datas"] == TEXT
    assert odoo.call("field.note", "search_count", []) >= 0
    checkout = plan_of(odoo.instance, odoo.name).checkout
    assert (checkout / "edited.txt").read_text() == "an edit"
    assert (checkout / "field_notes" / "__manifest__.py").is_file()
