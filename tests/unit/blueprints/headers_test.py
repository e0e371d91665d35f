import pytest
from flask import Flask, Response

from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, basic, make_world

POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
PROXY = f"[server]\ntrusted_proxies = 1\n{ONE_TEAM}"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/healthz", {}, 200),
        ("/api/things", basic(BLUE_PASSWORD), 200),
        ("/api/things", {}, 401),
        ("/api/nowhere", {}, 404),
        ("/nowhere", {"Accept": "text/html"}, 404),
        ("/healthz", {"Host": "evil.example"}, 421),
        ("/defect", {}, 500),
    ],
)
def test_every_answer_carries_them(path, headers, status):
    answer = app().test_client().get(path, headers=headers)
    assert answer.status_code == status
    assert answer.headers.getlist("Content-Security-Policy") == [POLICY]
    assert answer.headers.getlist("X-Frame-Options") == ["DENY"]
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.getlist("Referrer-Policy") == ["same-origin"]
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_a_page_may_name_a_policy_of_its_own_but_never_allow_framing():
    answer = app().test_client().get("/own")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_over_https_browsers_are_told_to_stay_there():
    client = make_world(PROXY).client()
    secure = client.get("/healthz", headers={"X-Forwarded-Proto": "https"})
    plain = client.get("/healthz")
    assert secure.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "Strict-Transport-Security" not in plain.headers


def test_only_a_trusted_proxy_says_that_a_request_is_https():
    answer = make_world().client().get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in answer.headers


def app() -> Flask:
    app = make_world().app

    @app.get("/defect")
    def defect() -> str:
        raise RuntimeError

    @app.get("/own")
    def own() -> Response:
        return Response(
            headers={
                "Content-Security-Policy": "default-src 'none'",
                "Referrer-Policy": "no-referrer",
                "X-Frame-Options": "SAMEORIGIN",
            }
        )

    return app
