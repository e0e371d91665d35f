"""Requests to an environment's Odoo, whose answers are hostile."""

import logging
from email.message import Message
from http.client import HTTPMessage

import pytest

from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.net.fetch import FetchFailed, Response
from oduflow.services.environments import http

SECRET = "reset-me"


@pytest.fixture
def answered(process, sale, monkeypatch):
    """Answer requests as asked for."""
    process.ok("create_environment", **sale)

    def answer(kind="text/plain", body=b"", failure=None):
        headers = HTTPMessage()
        Message.add_header(headers, "Content-Type", kind)

        def fetch(*_request, **_limits):
            if failure is not None:
                raise failure
            return Response(200, headers, body)

        monkeypatch.setattr(http, "fetch", fetch)

    return answer


def test_the_text_of_an_answer_is_shown(process, answered):
    answered("text/html; charset=iso-8859-1", "Grüße".encode("iso-8859-1"))

    shown = process.ok("http_request", name="sale", path="/web/login")

    assert (shown.status, shown.text) == (200, "Grüße")


@pytest.mark.parametrize(
    "parameter", ["charset*=%00'x'y", f"charset*{'9' * 5000}=x", "charset=punycode", "charset="]
)
def test_a_hostile_charset_is_read_as_utf_8(process, answered, parameter):
    answered(f"text/plain; {parameter}", "Grüße".encode())

    assert process.ok("http_request", name="sale", path="/").text == "Grüße"


def test_a_query_is_in_no_message_and_in_no_log(process, answered, caplog):
    caplog.set_level(logging.DEBUG)
    asked = {"name": "sale", "path": f"/web/reset?token={SECRET}"}

    answered()
    envelope = process.call("http_request", **asked)
    answered(failure=FetchFailed("no response"))
    with pytest.raises(UpstreamFailed, match="/web/reset within") as failed:
        process.call("http_request", **asked)

    assert "/web/reset." in envelope.summary
    assert SECRET not in envelope.model_dump_json() + str(failed.value) + caplog.text


def test_an_environment_that_does_not_run_is_not_asked(process, answered):
    answered()
    process.ok("stop_environment", name="sale")

    with pytest.raises(Conflict, match="does not run"):
        process.call("http_request", name="sale", path="/")
