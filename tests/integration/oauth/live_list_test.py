"""SECURITY.md, OAuth 11: `github_users` counts as the configuration's file says now.

It is looked at once a second, and left alone until it has been still for a moment.
"""

from tests.support.fake_github import FakeGitHub
from tests.support.oauth_world import BLUE, OAuthWorld


def test_who_is_removed_from_the_list_is_out_with_the_next_call(world: OAuthWorld):
    walk = world.walk("octocat")
    tokens = walk.sign_in()
    assert walk.call(tokens["access_token"]).status_code == 200
    world.configure(BLUE.replace('"octocat", ', ""))
    answer = walk.call(tokens["access_token"])
    assert answer.status_code == 403
    assert "Access Denied" in answer.text
    refused = walk.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    again = walk.callback(walk.github(walk.consent(walk.authorize())))
    assert again.status_code == 403


def test_who_is_added_to_the_list_comes_in_without_a_restart(world: OAuthWorld, github: FakeGitHub):
    github.people["newcomer"] = 7
    world.configure(BLUE.replace('"octocat"', '"newcomer", "octocat"'))
    walk = world.walk("newcomer")
    assert walk.call(walk.sign_in()["access_token"]).status_code == 200


def test_a_broken_configuration_changes_nothing_and_stops_nobody(world: OAuthWorld):
    walk = world.walk("octocat")
    tokens = walk.sign_in()
    world.configure("[team.blue\n")
    assert walk.call(tokens["access_token"]).status_code == 200
