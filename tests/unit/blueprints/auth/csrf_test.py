import pytest

from oduflow.blueprints.auth.csrf import refuse_foreign_origin
from oduflow.domain.errors import Forbidden
from tests.support.fakes import BASE_URL, BLUE_PASSWORD, basic, make_world

UNSAFE = ["POST", "DELETE"]


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "SAME-ORIGIN, cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Origin": "http://localhost:8001"},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost:8000"},
        {"Origin": f"{BASE_URL}.evil.example"},
        {"Origin": f"{BASE_URL}/"},
    ],
)
def test_what_a_foreign_page_makes_a_browser_send_is_403(method, headers):
    assert status(method, headers) == 403


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": BASE_URL},
        {"Origin": BASE_URL, "Host": "LOCALHOST:8000"},
        {},
    ],
)
def test_our_own_pages_and_scripts_are_served(method, headers):
    assert status(method, headers) in {200, 201}


def test_a_foreign_page_may_link_to_us():
    assert status("GET", {"Sec-Fetch-Site": "cross-site"}) == 200


def test_a_foreign_page_learns_nothing_about_the_password():
    headers = {**basic("wrong"), "Sec-Fetch-Site": "cross-site"}
    answer = make_world().client().post("/api/things", json={"name": "a"}, headers=headers)
    assert answer.status_code == 403


def test_behind_a_trusted_proxy_our_origin_has_the_scheme_that_people_see():
    world = make_world(
        '[server]\ntrusted_proxies = 1\n[team.1]\nui_password = "blue-password-0123"\n'
    )
    headers = {**basic(BLUE_PASSWORD), "X-Forwarded-Proto": "https"}
    for origin, expected in (("https://localhost:8000", 200), (BASE_URL, 403)):
        answer = world.client().delete("/api/things/a", headers={**headers, "Origin": origin})
        assert answer.status_code == expected


def test_the_refusal_says_what_to_do():
    headers = {**basic(BLUE_PASSWORD), "Origin": "http://evil.example"}
    answer = make_world().client().delete("/api/things/a", headers=headers).get_json()
    assert answer["detail"] == "A page of another site asked for this."
    assert answer["hint"] == (
        "Do it on the dashboard itself; scripts send neither Origin nor Sec-Fetch-Site."
    )


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": BASE_URL}, {"Origin": BASE_URL.replace("http:", "https:")}]
)
def test_mcp_serves_programs_and_pages_of_its_own_host(headers):
    with make_world().app.test_request_context("/mcp", base_url=BASE_URL, headers=headers):
        refuse_foreign_origin()


@pytest.mark.parametrize(
    "origin", ["", "null", "http://evil.example", f"http://evil.example/{BASE_URL}"]
)
def test_mcp_refuses_a_page_of_another_origin_and_says_what_to_do(origin):
    headers = {"Origin": origin}
    with (
        make_world().app.test_request_context("/mcp", base_url=BASE_URL, headers=headers),
        pytest.raises(Forbidden) as caught,
    ):
        refuse_foreign_origin()
    assert caught.value.message == "A page of another origin asked for this."
    assert caught.value.hint == (
        "Call from a program, which sends no Origin; or ask the server's operator to list the "
        "page's origin in [server] browser_origins."
    )


def status(method: str, headers: dict[str, str]) -> int:
    client = make_world().client()
    path, body = ("/api/things/a", None) if method != "POST" else ("/api/things", {"name": "a"})
    headers = {**basic(BLUE_PASSWORD), **headers}
    return int(client.open(path, method=method, json=body, headers=headers).status_code)
