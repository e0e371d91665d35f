import json
from email.message import Message
from http.client import HTTPMessage

import pytest

from oduflow.adapters.odoo import sessions
from oduflow.adapters.odoo.sessions import (
    SessionReport,
    SessionRequest,
    end_session,
    session_report,
    user_of_session,
)
from oduflow.net.fetch import FetchFailed, Response

MARK = "oduflow-session-1:"
MADE = {"cookie": "abc", "user": "Ada", "uid": 7, "ends": 12.5}


@pytest.fixture
def answered(monkeypatch):
    """Answer requests with a body; return them."""
    asked = []

    def answer(body):
        def fetch(request, **_limits):
            asked.append(request)
            if body is None:
                raise FetchFailed("no response")
            headers = HTTPMessage()
            Message.add_header(headers, "Content-Type", "application/json")
            return Response(200, headers, body)

        monkeypatch.setattr(sessions, "fetch", fetch)
        return asked

    return answer


def test_the_login_travels_by_stdin():
    one, other = SessionRequest.of("ada", 60, 1 << 30), SessionRequest.of("ada", 60, 1 << 30)

    assert one.mark != other.mark
    expected = {"login": "ada", "seconds": 60, "memory": 1 << 30, "mark": one.mark}
    assert json.loads(one.stdin) == expected


def test_the_session_is_taken_out_of_what_was_printed():
    output = f"a warning\n{MARK} {json.dumps(MADE)}\n"

    found = session_report(output, MARK)

    assert found == SessionReport(value="abc", user="Ada", uid=7, ends=12.5)
    assert "abc" not in repr(found)


def test_a_refusal_says_why():
    said = {"refused": "unknown", "logins": ["admin", "demo"]}

    found = session_report(f"{MARK} {json.dumps(said)}", MARK)

    assert found == SessionReport(refused="unknown", logins=("admin", "demo"))


@pytest.mark.parametrize("said", ["", "not json", "[1]", '{"uid": "x"}', '{"ends": []}', "null"])
def test_an_output_without_a_session_is_none(said):
    assert session_report(f"{MARK} {said}\n", MARK) is None
    assert session_report(said, MARK) is None


@pytest.mark.parametrize(
    ("body", "uid"),
    [
        (b'{"result": {"uid": 7}}', 7),
        (b'{"result": {"uid": null}}', 0),
        (b'{"error": {"message": "Odoo Session Expired"}}', 0),
        (b"<html>", 0),
        (b"[" * 100_000, 0),
        (b'{"result": [1]}', 0),
        (None, 0),
    ],
)
def test_the_serving_odoo_says_whose_session_it_is(answered, body, uid):
    asked = answered(body)

    assert user_of_session("172.30.0.3", "session_id_1=abc") == uid
    (request,) = asked
    assert request.url == "http://172.30.0.3:8069/web/session/get_session_info"
    assert request.headers["Cookie"] == "session_id_1=abc"


def test_a_session_that_cannot_be_ended_ends_by_itself(answered):
    asked = answered(None)

    end_session("172.30.0.3", "session_id_1=abc")

    assert asked[0].url.endswith("/web/session/destroy")
