"""SECURITY.md, OAuth 11 and "Who gets in": which person may, into which team, and how long."""

import json
from pathlib import Path

from tests.support.fake_github import FakeGitHub
from tests.support.oauth_walk import OAuthWalk, query_of
from tests.support.oauth_world import ANY_LOGIN, BLUE, RED, OAuthWorld, oauth_world
from tests.support.pages import read_page


def test_a_listed_login_is_admitted_in_any_case_of_letters(world: OAuthWorld, github: FakeGitHub):
    github.people["OctoCat"] = 583231
    walk = world.walk("OctoCat")
    assert walk.call(walk.sign_in()["access_token"]).status_code == 200


def test_who_is_not_listed_is_denied_access(world: OAuthWorld, github: FakeGitHub):
    github.people["mallory"] = 666
    walk = world.walk("mallory")
    walk.register()
    answer = walk.callback(walk.github(walk.consent(walk.authorize())))
    assert answer.status_code == 403
    assert "Access Denied" in answer.text
    assert "Location" not in answer.headers


def test_the_only_team_without_a_list_admits_every_login(tmp_path: Path, github: FakeGitHub):
    github.people["mallory"] = 666
    with oauth_world(tmp_path, github, ANY_LOGIN) as world:
        walk = world.walk("mallory")
        assert walk.call(walk.sign_in()["access_token"]).status_code == 200


def test_a_team_without_a_list_admits_no_login_beside_a_team_with_one(
    tmp_path: Path, github: FakeGitHub
):
    github.people["mallory"] = 666
    open_red = RED.replace('github_users = ["dev1", "admin2"]\n', "")
    with oauth_world(tmp_path, github, BLUE + open_red) as world:
        walk = world.walk("mallory")
        walk.register()
        answer = walk.callback(walk.github(walk.consent(walk.authorize())))
        assert answer.status_code == 403
        dev = world.walk("dev1")  # blue only: red has an empty list, so there is no choice
        assert dev.sign_in()["access_token"]


def test_a_login_in_two_teams_chooses_one_and_gets_no_other(tmp_path: Path, github: FakeGitHub):
    with oauth_world(tmp_path, github, BLUE + RED) as world:
        walk = world.walk("dev1")
        walk.register()
        chooser = walk.callback(walk.github(walk.consent(walk.authorize())))
        assert chooser.status_code == 200
        assert chooser.headers["X-Frame-Options"] == "DENY"
        told = read_page(chooser.text).text
        assert "Blue" in told
        assert "Red" in told
        for team in ("", "green", "Blue", "../blue"):
            again = walk.browser.submit(chooser, team=team)
            assert again.status_code in {400, 403}, team
            assert "Location" not in again.headers
        answer = walk.browser.submit(chooser, team="red")
        token = walk.redeem(walk.code(answer)).json()["access_token"]
        assert status(world, walk, token) == ("red", "dev1")


def test_a_team_that_the_login_does_not_belong_to_cannot_be_posted(
    tmp_path: Path, github: FakeGitHub
):
    green = RED.replace("team.red", "team.green").replace("red-", "green-").replace("Red", "Green")
    green = green.replace('"dev1", ', "")
    with oauth_world(tmp_path, github, BLUE + RED + green) as world:
        walk = world.walk("dev1")
        walk.register()
        chooser = walk.callback(walk.github(walk.consent(walk.authorize())))
        assert "Green" not in read_page(chooser.text).text
        answer = walk.browser.submit(chooser, team="green")
        assert answer.status_code in {400, 403}
        assert "Location" not in answer.headers


def test_the_chooser_belongs_to_one_browser_and_to_our_own_page(tmp_path: Path, github: FakeGitHub):
    with oauth_world(tmp_path, github, BLUE + RED) as world:
        walk, thief = world.walk("dev1"), world.walk("dev1")
        walk.register()
        thief.client = walk.client
        thief.authorize()
        chooser = walk.callback(walk.github(walk.consent(walk.authorize())))
        for browser, fields in ((thief.browser, {}), (walk.browser, {"csrf": "wrong"})):
            answer = browser.submit(chooser, team="red", **fields)
            assert answer.status_code == 400
            assert "Location" not in answer.headers
        form = read_page(chooser.text).one("form")
        foreign = walk.browser.post(
            f"{world.url}{form['action']}",
            data={"team": "red", "csrf": form.one("input", name="csrf")["value"]},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert foreign.status_code in {400, 403}


def test_a_team_that_is_gone_takes_its_tokens_along(tmp_path: Path, github: FakeGitHub):
    with oauth_world(tmp_path, github, BLUE + RED) as world:
        walk = world.walk("admin2")
        github.people["admin2"] = 2
        tokens = walk.sign_in()
        assert walk.call(tokens["access_token"]).status_code == 200
        world.configure(BLUE)
        world.restart()
        assert walk.call(tokens["access_token"]).status_code in {401, 403}
        assert walk.refresh(tokens["refresh_token"]).status_code == 400


def test_a_login_that_another_person_registered_anew_is_refused(
    world: OAuthWorld, github: FakeGitHub
):
    walk = world.walk("octocat")
    tokens = walk.sign_in()
    github.people["octocat"] = 999_999
    thief = world.walk("octocat")
    thief.register()
    answer = thief.callback(thief.github(thief.consent(thief.authorize())))
    assert answer.status_code == 403
    assert "Location" not in answer.headers
    assert walk.call(tokens["access_token"]).status_code == 200


def test_github_is_asked_for_no_scope(world: OAuthWorld, github: FakeGitHub):
    walk = world.walk("octocat")
    walk.register()
    to_github = walk.to_github(walk.consent(walk.authorize()))
    asked = query_of(to_github)
    assert asked.get("scope", "") == ""
    assert asked["redirect_uri"] == f"{world.url}/auth/callback"
    assert asked["code_challenge_method"] == "S256"
    assert github.seen == {}


def test_githubs_token_is_kept_nowhere(world: OAuthWorld, github: FakeGitHub):
    world.walk("octocat").sign_in()
    (token,) = github.tokens
    world.stop()
    kept = b"".join(path.read_bytes() for path in world.store.parent.rglob("*") if path.is_file())
    assert token.encode() not in kept


def test_the_github_login_is_in_the_audit_trail(world: OAuthWorld):
    walk = world.walk("octocat")
    call(walk, walk.sign_in()["access_token"], "list_jobs")
    with world.services.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT canonical FROM audit").scalars().all()
    (called,) = [json.loads(row) for row in rows if "list_jobs" in row]
    assert "octocat" in str(called)
    assert "oauth" in str(called)


def status(world: OAuthWorld, walk: OAuthWalk, token: str) -> tuple[str, str]:
    """Return the actor of a token, by the server's own verifiers."""
    actors = [verifier.verify(token, "/mcp") for verifier in world.services.verifiers]
    (actor,) = filter(None, actors)
    assert walk.call(token).status_code == 200
    return actor.team, actor.subject


def call(walk: OAuthWalk, token: str, tool: str) -> None:
    version = "2026-07-28"
    answer = walk.http.post(
        f"{walk.url}/mcp",
        json={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": tool,
                "arguments": {},
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": version,
                    "io.modelcontextprotocol/clientCapabilities": {},
                },
            },
        },
        headers={
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {token}",
            "Mcp-Protocol-Version": version,
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        },
    )
    assert answer.status_code == 200, answer.text
