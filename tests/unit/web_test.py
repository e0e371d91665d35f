from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, basic, make_world

FORWARDED = {"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3", "X-Forwarded-Host": "evil.example"}


def test_slashes_are_not_merged_and_no_request_is_redirected():
    client = make_world().client()
    for path in ("/api//things", "/api//", "/mcp//", "//api/things", "/healthz//"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "Location" not in answer.headers


def test_a_slash_at_the_end_redirects_no_request():
    client = make_world().client()
    for path in ("/api/things/", "/api/openapi.json/", "/healthz/"):
        assert "Location" not in client.get(path).headers


def test_without_a_proxy_in_front_no_header_says_who_the_client_is():
    assert address_seen(ONE_TEAM) == "127.0.0.1"


def test_as_many_proxies_are_believed_as_stand_in_front():
    assert address_seen(f"[server]\ntrusted_proxies = 1\n{ONE_TEAM}") == "3.3.3.3"
    assert address_seen(f"[server]\ntrusted_proxies = 2\n{ONE_TEAM}") == "2.2.2.2"


def test_a_proxy_never_says_which_host_was_meant():
    world = make_world(f"[server]\ntrusted_proxies = 1\n{ONE_TEAM}")
    assert world.client().get("/healthz", headers=FORWARDED).status_code == 200
    headers = {"Host": "evil.example", "X-Forwarded-Host": "localhost:8000"}
    assert world.client().get("/healthz", headers=headers).status_code == 421


def test_given_parts_are_used_as_they_are():
    world = make_world()
    app = world.app
    assert app.extensions["oduflow"].runner is world.runner
    assert app.extensions["oduflow"].settings is world.settings


def test_two_applications_of_one_process_share_nothing():
    one, other = make_world(), make_world()
    one.context.draining.set()
    assert not other.context.draining.is_set()


def address_seen(toml: str) -> str:
    world = make_world(toml)
    headers = {**basic(BLUE_PASSWORD), **FORWARDED}
    world.client().post("/api/things", json={"name": "a"}, headers=headers)
    return world.audit.rows[0].address
