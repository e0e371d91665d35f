import logging

import pytest
from flask import Flask, abort, redirect, request
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from oduflow.domain.errors import Invalid, RateLimited, UpstreamFailed
from tests.support.fakes import make_world

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SECRET = "a secret detail of the server"


def test_people_read_a_page(client):
    answer = client.get("/nowhere", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "Not Found" in answer.text


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
def test_programs_read_json(client, headers):
    answer = client.get("/nowhere", headers=headers)
    assert (answer.status_code, answer.mimetype) == (404, "application/json")
    assert answer.json["kind"] == "not_found"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nowhere", "/api/things/a/b/c"])
def test_below_api_everybody_reads_problem_details(client, path):
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/mcp/nowhere", "/healthz/nowhere", "/.well-known/nothing"])
def test_where_only_programs_ask_no_answer_is_a_page(client, path):
    assert client.get(path, headers=BROWSER).mimetype == "application/json"


def test_a_path_that_only_begins_like_the_api_is_a_page_of_the_dashboard(client):
    assert client.get("/apiary", headers=BROWSER).mimetype == "text/html"


def test_htmx_reads_a_page_although_it_asks_for_anything(client):
    headers = {"Accept": "*/*", "HX-Request": "true"}
    assert client.get("/nowhere", headers=headers).mimetype == "text/html"


def test_what_a_person_typed_is_inert_on_the_page(client):
    text = client.get("/invalid", headers=BROWSER).text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


@pytest.mark.parametrize("headers", [BROWSER, {}])
@pytest.mark.parametrize("path", ["/defect", "/api/defect"])
def test_a_defect_tells_the_log_everything_and_the_caller_nothing(client, path, headers, caplog):
    with caplog.at_level(logging.ERROR):
        answer = client.get(path, headers=headers)
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert SECRET in caplog.text


def test_what_fails_below_us_is_told_to_the_log_with_its_cause(client, caplog):
    answer = client.get("/below")
    assert (answer.status_code, SECRET in answer.text) == (502, False)
    assert "GET /below: Docker is silent." in caplog.text
    assert SECRET in caplog.text


def test_no_address_and_no_message_forges_a_line_of_the_log(client, caplog):
    client.get("/below/a%0aERROR forged%0d%1b%C2%85%E2%80%A8x")

    (line,) = caplog.messages
    assert line.isprintable()
    assert line.startswith(r"GET /below/a\nERROR forged\r\x1b\x85\u2028x: a\nERROR forged\r")


def test_what_a_caller_did_wrong_is_no_news_for_the_log(client, caplog):
    client.get("/invalid")
    assert caplog.text == ""


def test_a_rate_limit_says_when_to_come_back(client):
    answer = client.get("/limited")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")


def test_a_wrong_method_says_which_ones_are_right(client):
    answer = client.post("/defect")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_body_beyond_the_limit_is_413(client):
    answer = client.post("/body", data=b"x" * ((4 << 20) + 1))
    assert (answer.status_code, answer.json["kind"]) == (413, "invalid")


def test_a_redirect_that_is_raised_is_no_failure(client):
    answer = client.get("/elsewhere", headers=BROWSER)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/healthz")


@pytest.fixture
def client() -> FlaskClient:
    app = make_world().app
    add_pages(app)
    return app.test_client()


def add_pages(app: Flask) -> None:
    @app.get("/invalid")
    def invalid() -> str:
        raise Invalid("<script>alert(1)</script>", "<script>", output="<script>")

    @app.get("/below")
    def below() -> str:
        raise UpstreamFailed("Docker is silent.") from OSError(SECRET)

    @app.get("/below/<name>")
    def below_that(name: str) -> str:
        raise UpstreamFailed(name)

    @app.get("/limited")
    def limited() -> str:
        raise RateLimited("Too often.", retry_after=30)

    @app.get("/defect")
    @app.get("/api/defect")
    def defect() -> str:
        raise RuntimeError(SECRET)

    @app.get("/elsewhere")
    def elsewhere() -> Response:
        abort(redirect("/healthz"))

    @app.post("/body")
    def body() -> str:
        return str(len(request.get_data()))
