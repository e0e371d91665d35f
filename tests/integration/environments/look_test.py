"""Sessions of Odoo's users and screenshots of pages, in real environments, by Odoo version."""

import json
import os
import struct
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from oduflow.adapters.docker.build import BROWSER, BROWSER_SUFFIX, build_image
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.outcome import Envelope, Status
from oduflow.kernel.call import Call, Origin
from oduflow.services.environments.connect import make_session
from oduflow.web import create_app
from tests.support.git_server import GitServer
from tests.support.images import VERSIONS
from tests.support.instances import Instance, world
from tests.support.variants import docker, plan_of

pytestmark = pytest.mark.timeout(1200)  # the first one waits for the template, and for a build

NAME = "look"
INFO = "/web/session/get_session_info"
CALL = json.dumps({"jsonrpc": "2.0", "method": "call", "params": {}})
MODULE = {
    "acme_look/__init__.py": "from . import controllers",
    "acme_look/__manifest__.py": (
        '{"name": "Acme look", "author": "Acme", "license": "LGPL-3", "depends": ["web"]}'
    ),
    "acme_look/controllers.py": """
import time

from odoo import http
from odoo.http import request


class Pages(http.Controller):
    @http.route("/acme/plain", type="http", auth="none")
    def plain(self):
        return "<title>Plain</title><body style='background: #00f'>Plain</body>"

    @http.route("/acme/cookie", type="http", auth="none")
    def cookie(self):
        return "<script>console.error(document.cookie, %r)</script>" % request.session.sid

    @http.route("/acme/throws", type="http", auth="none")
    def throws(self):
        return "<title>Throws</title><script>console.error('before'); noSuchThing()</script>"

    @http.route("/acme/dialog", type="http", auth="none")
    def dialog(self):
        return "<div class='o_error_dialog o_dialog_error'>Oops: a dialog of Odoo</div>"

    @http.route("/acme/parts", type="http", auth="none")
    def parts(self):
        return "<img src='/acme/no-such-image'><script>alert(1); confirm(2)</script>"

    @http.route("/acme/slow", type="http", auth="none")
    def slow(self):
        return "<script>fetch('/acme/never')</script>"

    @http.route("/acme/never", type="http", auth="none")
    def never(self):
        time.sleep(90)
        return "late"

    @http.route("/acme/reach", type="http", auth="none")
    def reach(self, **given):
        targets = given["targets"].split(",")
        return '''<script>
          const reach = async target => {
            const stop = AbortSignal ? new AbortController() : null;
            setTimeout(() => stop.abort(), 3000);
            try {
              await fetch("http://" + target + "/", {mode: "no-cors", signal: stop.signal});
              return target + "=reached";
            } catch (error) { return target + "=refused"; }
          };
          Promise.all(%s.map(reach)).then(all => { document.title = all.join(" "); });
        </script>''' % targets
""",
}


class SeenVersion(NamedTuple):
    """A running environment of one version, whose image has one with a browser."""

    instance: Instance
    url: str

    def call(self, tool: str, **arguments: Any) -> Any:
        return self.instance.call(tool, name=NAME, **arguments)

    def ok(self, tool: str, **arguments: Any) -> Any:
        return self.instance.ok(tool, name=NAME, **arguments)

    def shot(self, path: str, **more: Any) -> Any:
        return self.call("take_screenshot", path=path, **more)

    def picture(self, answer: Envelope[Any]) -> bytes:
        found = self.instance.services.runner.image("blue", answer.image or "")
        assert found is not None, answer
        return found

    def session_info(self, cookie: str) -> Any:
        """Ask the environment at its own port, as a browser does."""
        headers = {"Content-Type": "application/json", "Cookie": cookie}
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        connection.request("POST", INFO, CALL, headers)
        return json.loads(connection.getresponse().read())


@pytest.fixture(scope="module", params=VERSIONS)
def look(
    request: pytest.FixtureRequest, product: Instance, git: GitServer
) -> Iterator[SeenVersion]:
    image, template = f"odoo:{request.param}-look-{os.getpid()}", f"look-{request.param[:2]}"
    docker("tag", f"odoo:{request.param}", image)
    try:
        before = world(product)
        product.ok("create_template", name=template, odoo_image=image)
        url = git.repository(template, {"main": MODULE})
        made = product.ok(
            "create_environment", name=NAME, repo_url=url, template=template, modules=["acme_look"]
        )
        with pytest.raises(Exception, match="with a browser"):
            assert product.call("take_screenshot", name=NAME, path="/web").error is None
        build_image(BROWSER, f"{image}{BROWSER_SUFFIX}", lambda _line: None)
        yield SeenVersion(product, made["url"])
        product.ok("delete_environment", name=NAME)
        product.ok("delete_template", name=template)
        assert world(product) == before
    finally:
        for each in (f"{image}{BROWSER_SUFFIX}", image):
            if docker("images", "--quiet", each).strip():
                docker("rmi", each)


def test_a_session_is_that_user_for_every_client_and_ends_in_time(look: SeenVersion) -> None:
    look.ok("run_odoo_shell", code=USERS)
    made = look.ok("connect_as_user", login="ada")
    cookie = f"{made['cookie']}={made['value']}"
    inside = look.ok(
        "http_request",
        path=INFO,
        method="POST",
        headers={"Cookie": cookie},
        body=CALL,
    )

    assert (made["user"], made["url"]) == ("Ada of Acme", look.url)
    assert json.loads(inside["text"])["result"]["username"] == "ada"
    assert look.session_info(cookie)["result"]["username"] == "ada"
    assert "error" in look.session_info(f"{made['cookie']}={made['value'][::-1]}")
    portal = look.ok("connect_as_user", login="portal-pia")
    found = look.session_info(f"{portal['cookie']}={portal['value']}")
    assert found["result"]["username"] == "portal-pia"


def test_there_is_no_session_of_an_unknown_or_archived_user(look: SeenVersion) -> None:
    with pytest.raises(NotFound, match="no user “nadia”") as unknown:
        look.call("connect_as_user", login="nadia")
    with pytest.raises(Conflict, match="archived"):
        look.call("connect_as_user", login="__system__")
    assert "admin" in unknown.value.hint


def test_a_session_ends_by_itself(look: SeenVersion) -> None:
    deps = look.instance.services.deps
    row = deps.store.environments.get("blue", NAME)
    assert row is not None
    call = Call(look.instance.actor(), Origin("cli"))
    made = make_session(deps, call, row, "admin", 5)
    cookie = f"session_id_{row.port}={made.value}"
    before = look.session_info(cookie)
    time.sleep(6)

    assert before["result"]["username"] == "admin"
    assert "error" in look.session_info(cookie)
    assert "error" in look.session_info(f"session_id={made.value}")


def test_a_link_signs_one_browser_in(look: SeenVersion) -> None:
    made = look.ok("connect_as_user", login="admin")
    client = create_app(services=look.instance.services).test_client()
    path, host = urlsplit(made["link"]).path, urlsplit(made["link"]).netloc
    page = client.get(path, headers={"Host": host})
    opened = client.post(path, headers={"Host": host, "Sec-Fetch-Site": "same-origin"})
    again = client.post(path, headers={"Host": host})

    assert (page.status_code, opened.status_code, again.status_code) == (200, 303, 404)
    assert "as admin" in page.text
    assert made["value"] not in page.text + str(opened.headers["Location"])
    cookie, *flags = opened.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(flags)
    assert urlsplit(opened.headers["Location"]).hostname == urlsplit(made["link"]).hostname
    assert look.session_info(cookie)["result"]["username"] == "admin"


def test_a_page_is_drawn_in_the_size_that_was_asked_for(look: SeenVersion) -> None:
    done = look.shot("/acme/plain", width=640, height=480)

    assert done.status is Status.OK, done
    assert (done.data.title, done.data.status) == ("Plain", 200)
    assert done.data.url == f"{look.url}acme/plain"
    assert size(look.picture(done)) == (640, 480)


def test_the_web_client_of_a_user_is_drawn_once_it_is_loaded(look: SeenVersion) -> None:
    done = look.shot("/web", user="admin")

    assert done.status is Status.OK, done
    assert urlsplit(done.data.url).path.startswith(("/web", "/odoo"))
    assert len(look.picture(done)) > 10_000
    assert no_sessions_left(look)


def test_a_redirect_to_the_login_page_is_no_success(look: SeenVersion) -> None:
    failed = look.shot("/web")

    assert failed.error is not None
    assert "led to the login page" in failed.error.message
    assert size(look.picture(failed)) == (1280, 800)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/acme/throws", "raised an error: ReferenceError: noSuchThing"),
        ("/acme/dialog", "raised an error: Oops: a dialog of Odoo"),
        ("/acme/nowhere", "was answered with status 404"),
        ("/acme/slow", "was not loaded within"),
    ],
)
def test_a_page_that_does_not_work_is_no_success(look: SeenVersion, path: str, said: str) -> None:
    failed = look.shot(path)

    assert failed.error is not None, failed
    assert said in failed.error.message
    assert look.picture(failed)
    assert failed.data.console == (("before",) if "throws" in path else ())
    unanswered = [each for each in failed.data.requests if each.startswith("no answer: GET")]
    assert len(unanswered) == (1 if "slow" in path else 0)


def test_failed_requests_and_dialogs_of_a_page_are_told(look: SeenVersion) -> None:
    done = look.shot("/acme/parts")

    assert done.status is Status.OK, done
    assert done.data.requests == (f"404 GET {look.url}acme/no-such-image",)
    assert done.warnings[-1] == "1 request of the page failed."


def test_the_session_of_a_screenshot_is_nowhere_to_be_read(look: SeenVersion) -> None:
    done = look.shot("/acme/cookie", user="admin")

    assert done.data.console == ("****",)
    jobs = look.instance.services.deps.work.jobs.store.list("blue", active=False, limit=1)
    assert "****" in str(jobs[0].result)


def test_a_hostile_page_reaches_no_more_than_its_environment_does(
    look: SeenVersion, git: GitServer
) -> None:
    deps = look.instance.services.deps
    network = deps.naming.team_network("blue")
    look.instance.ok("copy_environment", name=NAME, new_name="neighbour")
    other = deps.engine.containers.facts(plan_of(look.instance, "neighbour").container)
    assert other is not None
    neighbour = f"{other.addresses[network]}:8069"
    host = f"{other.addresses[network].rpartition('.')[0]}.1:{look.instance.settings.server.port}"
    targets = [neighbour, host, "169.254.169.254", git.authority, "127.0.0.1:8069"]
    seen = look.shot(f"/acme/reach?targets={','.join(targets)}")
    look.instance.ok("delete_environment", name="neighbour")

    reached = dict(each.split("=") for each in seen.data.title.split())
    assert reached == {**dict.fromkeys(targets[:-1], "refused"), targets[-1]: "reached"}


def test_the_browser_has_nothing_and_may_do_nothing(look: SeenVersion) -> None:
    deps, plan = look.instance.services.deps, plan_of(look.instance, NAME)
    seen: list[dict[str, Any]] = []
    create = deps.engine.containers.start

    def start(name: str) -> None:
        create(name)
        if name == plan.browser:
            seen.append(json.loads(docker("inspect", name))[0])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(deps.engine.containers), "start", lambda _self, name: start(name))
        look.shot("/acme/plain", user="admin")

    (made,) = seen
    host = made["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], made["Mounts"]) == (True, ["ALL"], [])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["NetworkMode"].startswith("container:")
    assert made["Config"]["User"].split(":")[0] not in {"", "0"}
    assert not plan.browser_mark.exists()
    assert deps.engine.containers.facts(plan.browser) is None


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def no_sessions_left(look: SeenVersion) -> bool:
    """Whether no session that Oduflow made for a screenshot is in the environment."""
    plan = plan_of(look.instance, NAME)
    command = "grep -rlE 'oduflow_until' /var/lib/odoo/sessions | wc -l"
    found = docker("exec", plan.container, "sh", "-c", command).strip()
    return int(found) <= SESSIONS


SESSIONS = 3  # that other tests asked for, and that live on
USERS = """
groups = "group_ids" if "group_ids" in env["res.users"]._fields else "groups_id"
portal = env.ref("base.group_portal")
env["res.users"].create({"name": "Ada of Acme", "login": "ada"})
env["res.users"].create({"name": "Pia", "login": "portal-pia", groups: [(6, 0, portal.ids)]})
env.cr.commit()
"""
