"""SECURITY.md, OAuth 6, 7 and 8: codes and tokens, and whom they serve."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import store_rows
from tests.support.fake_github import CLIENT_ID, CLIENT_SECRET, FakeGitHub
from tests.support.fakes import BLUE_TOKEN
from tests.support.oauth_walk import OAuthWalk
from tests.support.oauth_world import OAuthWorld, age, oauth_world

CLAUDE = "https://claude.ai/api/mcp/auth_callback"


@pytest.fixture
def walk(world: OAuthWorld) -> OAuthWalk:
    return world.walk("octocat")


def test_a_whole_sign_in_ends_in_tokens_that_open_mcp(walk: OAuthWalk):
    assert walk.discover()["issuer"] == walk.url
    tokens = walk.sign_in(scope="mcp offline_access")
    assert tokens["token_type"].lower() == "bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "mcp"
    answer = walk.call(tokens["access_token"])
    assert answer.status_code == 200
    assert answer.json()["result"]["tools"]


@pytest.mark.parametrize("verifier", [None, "", "wrong", "a" * 43])
def test_a_wrong_or_missing_verifier_gives_nothing_and_burns_nothing(walk: OAuthWalk, verifier):
    code = walk.sign_in_to_code()
    answer = walk.redeem(code, code_verifier=verifier)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}
    assert walk.redeem(code).status_code == 200


def test_another_redirect_uri_than_the_code_was_sent_to_gives_nothing(walk: OAuthWalk):
    code = walk.sign_in_to_code()
    for uri in ("http://127.0.0.1:8/callback", "https://evil.example/cb", "", None):
        answer = walk.redeem(code, redirect_uri=uri)
        assert answer.status_code == 400, uri
    assert walk.redeem(code).status_code == 200


def test_a_code_used_twice_gives_nothing_and_the_tokens_it_gave_die(walk: OAuthWalk):
    code = walk.sign_in_to_code()
    tokens = walk.redeem(code).json()
    assert walk.call(tokens["access_token"]).status_code == 200
    assert failed(walk.redeem(code)) == "invalid_grant"
    assert walk.call(tokens["access_token"]).status_code == 401
    assert failed(walk.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_of_twelve_parallel_redemptions_at_most_one_wins(walk: OAuthWalk):
    for _ in range(5):
        code = walk.sign_in_to_code()
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(walk.redeem, [code] * 12))
        assert sum(answer.status_code == 200 for answer in answers) <= 1
        assert {failed(answer) for answer in answers if answer.status_code != 200} == {
            "invalid_grant"
        }
        for answer in answers:  # eleven were replays, so what the one gave is dead
            if answer.status_code == 200:
                assert walk.call(answer.json()["access_token"]).status_code == 401


def test_another_clients_code_gives_nothing_and_is_not_burnt(world: OAuthWorld, walk: OAuthWalk):
    thief = world.walk()
    thief.register()
    code = walk.sign_in_to_code()
    assert failed(walk.redeem(code, client_id=thief.client_id)) == "invalid_grant"
    assert walk.redeem(code).status_code == 200


def test_another_clients_refresh_token_gives_nothing_and_is_not_burnt(
    world: OAuthWorld, walk: OAuthWalk
):
    thief = world.walk()
    thief.register()
    tokens = walk.sign_in()
    assert failed(thief.refresh(tokens["refresh_token"])) == "invalid_grant"
    again = walk.refresh(tokens["refresh_token"])
    assert again.status_code == 200
    assert walk.call(again.json()["access_token"]).status_code == 200


def test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(walk: OAuthWalk):
    tokens = walk.sign_in()
    assert failed(walk.refresh(tokens["access_token"])) == "invalid_grant"
    assert walk.call(tokens["refresh_token"]).status_code == 401


def test_a_client_with_a_secret_must_show_it(walk: OAuthWalk):
    walk.register(token_endpoint_auth_method="client_secret_post")
    code = walk.sign_in_to_code()
    for secret in (None, "", "wrong"):
        answer = walk.redeem(code, client_secret=secret)
        assert failed(answer) == "invalid_client", secret
        assert answer.status_code in {400, 401}
    assert walk.redeem(code, client_secret=walk.client["client_secret"]).status_code == 200


def test_the_configured_client_signs_in_with_its_secret_and_nothing_less(walk: OAuthWalk):
    walk.client = {"client_id": CLIENT_ID}
    walk.redirect_uri = CLAUDE
    code = walk.sign_in_to_code()
    assert failed(walk.redeem(code)) == "invalid_client"
    assert failed(walk.redeem(code, client_secret="wrong")) == "invalid_client"
    without = walk.redeem(code, client_secret=CLIENT_SECRET, code_verifier=None)
    assert without.status_code == 400
    assert walk.redeem(code, client_secret=CLIENT_SECRET).status_code == 200


def test_a_second_refresh_within_a_minute_answers_a_sibling_pair(walk: OAuthWalk):
    first = walk.sign_in()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: walk.refresh(first["refresh_token"]), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    for answer in answers:
        assert walk.call(answer.json()["access_token"]).status_code == 200


def test_a_refresh_token_reused_after_ten_minutes_kills_the_whole_family(
    world: OAuthWorld, walk: OAuthWalk
):
    first = walk.sign_in()
    second = walk.refresh(first["refresh_token"], scope="mcp offline_access").json()
    assert second["scope"] == "mcp"
    age(world, 601)
    assert failed(walk.refresh(first["refresh_token"])) == "invalid_grant"
    assert walk.call(second["access_token"]).status_code == 401
    assert failed(walk.refresh(second["refresh_token"])) == "invalid_grant"


def test_a_token_family_belongs_to_one_person(world: OAuthWorld, walk: OAuthWalk):
    other = world.walk("dev1").sign_in()
    code = walk.sign_in_to_code()
    walk.redeem(code)
    walk.redeem(code)
    assert walk.call(other["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, 200), (50, 200), (61, 400)], ids=["now", "50 s", "61 s"]
)
def test_a_code_lives_a_minute(world: OAuthWorld, walk: OAuthWalk, seconds: int, status: int):
    code = walk.sign_in_to_code()
    age(world, seconds)
    assert walk.redeem(code).status_code == status


def test_an_access_token_lives_an_hour_and_a_refresh_token_thirty_days(
    world: OAuthWorld, walk: OAuthWalk
):
    tokens = walk.sign_in()
    age(world, 3590)
    assert walk.call(tokens["access_token"]).status_code == 200
    age(world, 11)
    assert walk.call(tokens["access_token"]).status_code == 401
    again = walk.refresh(tokens["refresh_token"]).json()
    age(world, 30 * 86400 + 1)
    assert failed(walk.refresh(again["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_what_is_revoked_is_dead_with_its_family(walk: OAuthWalk, which: str):
    tokens = walk.sign_in()
    sent = {"token": tokens[which], "client_id": walk.client_id}
    assert walk.http.post(f"{walk.url}/revoke", data=sent).status_code == 200
    assert walk.call(tokens["access_token"]).status_code == 401
    assert failed(walk.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_client_cannot_revoke_another_clients_token(world: OAuthWorld, walk: OAuthWalk):
    thief = world.walk()
    thief.register()
    tokens = walk.sign_in()
    sent = {"token": tokens["refresh_token"], "client_id": thief.client_id}
    thief.http.post(f"{walk.url}/revoke", data=sent)
    assert walk.call(tokens["access_token"]).status_code == 200
    assert walk.refresh(tokens["refresh_token"]).status_code == 200


def test_a_foreign_resource_at_the_token_endpoint_is_refused_and_burns_nothing(walk: OAuthWalk):
    code = walk.sign_in_to_code()
    assert failed(walk.redeem(code, resource="https://other.example/mcp")) == "invalid_target"
    tokens = walk.redeem(code, resource=f"{walk.url}/mcp").json()
    refresh = tokens["refresh_token"]
    assert failed(walk.refresh(refresh, resource="https://other.example/mcp")) == "invalid_target"
    assert walk.refresh(refresh, resource=f"{walk.url}/mcp").status_code == 200


def test_a_code_for_one_resource_gives_no_token_for_another(walk: OAuthWalk):
    code = walk.sign_in_to_code(resource=f"{walk.url}/mcp/demo")
    assert failed(walk.redeem(code, resource=f"{walk.url}/mcp")) == "invalid_target"


def test_a_token_for_one_environment_is_refused_elsewhere(walk: OAuthWalk):
    token = walk.sign_in(resource=f"{walk.url}/mcp/demo")["access_token"]
    assert walk.call(token, "/mcp").status_code == 401
    assert walk.call(token, "/mcp/other").status_code in {401, 404}


def test_a_token_for_one_environment_dies_with_it_and_opens_no_other_of_its_name(
    world: OAuthWorld, walk: OAuthWalk
):
    deps = world.services.deps
    deps.store.templates.add(store_rows.template(team="blue"))
    deps.store.environments.add(store_rows.environment(id="a" * 12, team="blue", name="demo"))
    code = walk.sign_in_to_code(resource=f"{walk.url}/mcp/demo")
    tokens = walk.redeem(code).json()
    late = walk.sign_in_to_code(resource=f"{walk.url}/mcp/demo")
    assert walk.call(tokens["access_token"], "/mcp/demo").status_code == 200

    deps.store.environments.remove("a" * 12)
    assert walk.call(tokens["access_token"], "/mcp/demo").status_code == 401
    deps.store.environments.add(store_rows.environment(id="b" * 12, team="blue", name="demo"))

    answer = walk.call(tokens["access_token"], "/mcp/demo")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert failed(walk.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert failed(walk.redeem(late)) == "invalid_grant"
    again = walk.sign_in(resource=f"{walk.url}/mcp/demo")
    assert walk.call(again["access_token"], "/mcp/demo").status_code == 200
    assert walk.refresh(again["refresh_token"]).status_code == 200


def test_a_token_without_a_resource_is_for_our_mcp(walk: OAuthWalk):
    token = walk.sign_in(resource=None)["access_token"]
    assert walk.call(token).status_code == 200


def test_a_token_of_server_a_is_refused_at_server_b(
    world: OAuthWorld, walk: OAuthWalk, github: FakeGitHub, tmp_path: Path
):
    tokens = walk.sign_in()
    folder = tmp_path / "b"
    folder.mkdir()
    with oauth_world(folder, github) as other:
        there = other.walk("octocat")
        assert there.call(tokens["access_token"]).status_code == 401
        there.client = walk.client
        assert failed(there.refresh(tokens["refresh_token"])) in {"invalid_client", "invalid_grant"}


def test_githubs_own_tokens_open_nothing(walk: OAuthWalk, github: FakeGitHub):
    walk.sign_in()
    (token,) = github.tokens
    assert walk.call(token).status_code == 401
    for kind in ("Basic", "token", ""):
        answer = walk.http.post(
            f"{walk.url}/mcp", json={}, headers={"Authorization": f"{kind} {token}".strip()}
        )
        assert answer.status_code == 401
    assert walk.http.post(f"{walk.url}/mcp?access_token={token}", json={}).status_code == 401


def test_a_token_opens_mcp_only(walk: OAuthWalk):
    token = walk.sign_in()["access_token"]
    answer = walk.http.get(
        f"{walk.url}/api/environments", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401


def test_a_static_token_still_opens_what_it_opened(world: OAuthWorld, walk: OAuthWalk):
    assert walk.call(BLUE_TOKEN).status_code == 200


def test_everything_is_still_valid_after_a_restart(world: OAuthWorld, walk: OAuthWalk):
    tokens = walk.sign_in()
    code = world.walk("octocat")
    pending = code.sign_in_to_code()
    page = world.walk("dev1")
    page.register()
    consent = page.authorize()
    world.restart()
    assert walk.call(tokens["access_token"]).status_code == 200
    assert walk.refresh(tokens["refresh_token"]).status_code == 200
    assert code.redeem(pending).status_code == 200
    assert page.code(page.callback(page.github(page.consent(consent))))


def test_only_hashes_are_kept(world: OAuthWorld, walk: OAuthWalk):
    walk.register(token_endpoint_auth_method="client_secret_post")
    code = walk.sign_in_to_code()
    tokens = walk.redeem(code, client_secret=walk.client["client_secret"]).json()
    secrets = [code, tokens["access_token"], tokens["refresh_token"], walk.client["client_secret"]]
    world.stop()
    kept = b"".join(path.read_bytes() for path in world.store.parent.glob("oduflow.db*"))
    for secret in secrets:
        assert len(secret) >= 43
        assert secret.encode() not in kept
    for secret in secrets[1:3]:
        digest = hashlib.sha256(secret.encode())
        assert digest.hexdigest().encode() in kept or digest.digest() in kept


def failed(answer: requests.Response) -> str:
    assert answer.status_code in {400, 401}, answer.text
    told: dict[str, Any] = answer.json()
    assert "access_token" not in told
    assert answer.headers["Cache-Control"] == "no-store"
    return str(told["error"])
