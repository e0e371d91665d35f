"""Sessions without a password, whose environment may say anything."""

import json
import logging
import time

import pytest

from oduflow.domain.clock import now
from oduflow.domain.container import ExecResult
from oduflow.domain.errors import Conflict, NotFound, OdooFailed, UpstreamFailed
from oduflow.services.environments import connect
from oduflow.services.environments.connect import shares_cookies

VALUE = "a-session-for-tests-only"
MADE = {"cookie": VALUE, "user": "Demo", "uid": 7, "ends": time.time() + 3600}


@pytest.fixture
def odoo(world, process, sale, monkeypatch):
    """Let the script say something, and the serving Odoo see a user behind its session."""
    process.ok("create_environment", **sale)
    asked = []

    def say(said=MADE, *, seen=7, code=0, printed="", timed_out=False):
        def run(_container, spec):
            mark = json.loads(spec.stdin)["mark"]
            asked.append(spec)
            line = "" if said is None else f"\n{mark} {json.dumps(said)}\n"
            return ExecResult(code, f"{printed}{line}", 1.5, timed_out)

        def user_of_session(address, cookie):
            asked.append((address, cookie))
            return seen

        world.engine.inside = run
        monkeypatch.setattr(connect, "user_of_session", user_of_session)
        return asked

    return say


def call(process, login="demo"):
    return process.call("connect_as_user", name="sale", login=login)


def test_a_session_is_a_cookie_and_a_link(process, odoo):
    asked = odoo()

    answer = call(process)

    row = process.deps.store.environments.get("1", "sale")
    view = answer.data
    assert (view.cookie, view.value) == (f"session_id_{row.port}", VALUE)
    assert (view.login, view.user, view.url) == ("demo", "Demo", f"http://localhost:{row.port}/")
    assert asked[1][1] == f"session_id_{row.port}={VALUE}"
    token = view.link.removeprefix("http://localhost:8000/open/")
    link = process.deps.work.links.find(token)
    assert (link.value, link.environment, link.login) == (VALUE, row.id, "demo")
    assert (link.url, link.created_by) == (f"{view.url}web", "cli:ada")
    assert link.opens_until < link.expires_at
    assert (link.opens_until - now()).total_seconds() <= 300


def test_the_session_is_in_no_log_no_command_and_no_row(process, odoo, caplog):
    caplog.set_level(logging.DEBUG)
    asked = odoo(printed="a warning of Odoo")

    call(process)

    rows = process.runner.audit.rows
    assert rows[-1].fields == {"name": "sale", "login": "demo"}
    assert VALUE not in caplog.text + str(rows) + str(asked[0].command)


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        ({"refused": "unknown", "logins": ["admin", "ada"]}, NotFound, "no user “demo”"),
        ({"refused": "archived"}, Conflict, "archived"),
        ({"refused": "old"}, Conflict, "earlier version"),
    ],
)
def test_a_user_that_cannot_sign_in_has_no_session(process, odoo, said, error, message):
    odoo(said)

    with pytest.raises(error, match=message) as refused:
        call(process)

    assert refused.value.hint or refused.value.next


def test_the_users_that_there_are_are_named(process, odoo):
    odoo({"refused": "unknown", "logins": ["admin", "ada"]})

    with pytest.raises(NotFound) as refused:
        call(process)

    assert refused.value.hint == "Some of its users: admin, ada."


@pytest.mark.parametrize("seen", [0, 8])
def test_a_session_that_odoo_does_not_accept_is_no_success(process, odoo, seen):
    odoo(seen=seen)

    with pytest.raises(UpstreamFailed, match="does not accept the session"):
        call(process)


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ({"code": 1, "printed": "Traceback\nKeyError: 'x'"}, "ended without a session"),
        ({"code": 137, "timed_out": True}, "did not end within 60 s"),
        ({"code": 137}, "limit of memory"),
    ],
)
def test_a_script_that_says_nothing_is_a_failure_with_its_last_lines(
    process, odoo, ending, message
):
    odoo(None, **ending)

    with pytest.raises(OdooFailed, match=message) as failed:
        call(process)

    assert failed.value.output == ending.get("printed", "")


def test_an_environment_that_does_not_run_has_no_session(process, odoo):
    odoo()
    process.ok("stop_environment", name="sale")

    with pytest.raises(Conflict, match="does not run"):
        call(process)


def test_a_link_that_cannot_be_kept_leaves_the_cookie(process, odoo, monkeypatch):
    odoo()

    def add(_link):
        raise UpstreamFailed("The data folder cannot be written.")

    monkeypatch.setattr(type(process.deps.work.links), "add", lambda _self, link: add(link))
    answer = call(process)

    assert (answer.data.value, answer.data.link) == (VALUE, None)
    assert answer.warnings == ("There is no link: The data folder cannot be written.",)


@pytest.mark.parametrize(
    ("server", "environment", "shares"),
    [
        ("http://localhost:8000/", "http://localhost:20001/", True),
        ("http://shop.example.com/", "http://shop.example.com:20001/", True),
        ("http://oduflow.example.com/", "http://shop.example.com:20001/", False),
        ("https://shop.example.com/", "http://shop.example.com:20001/", False),
        ("http://localhost:8000/", "", False),
    ],
)
def test_a_link_needs_the_host_and_the_scheme_of_the_environment(server, environment, shares):
    assert shares_cookies(server, environment) is shares


def test_links_are_pruned_by_recovery(process, odoo):
    odoo()
    token = call(process).data.link.rpartition("/")[2]

    process.reconcile()

    assert process.deps.work.links.find(token) is not None
