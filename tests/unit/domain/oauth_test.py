import pytest

from oduflow.domain.oauth import (
    asked_resource,
    hash_of,
    joinable,
    new_secret,
    resource_at,
    teams_of,
)

BASE = "https://o.example"


@pytest.mark.parametrize(
    ("users", "teams"),
    [
        ({"1": ["octocat"], "2": ["dev1"]}, ("1",)),
        ({"1": ["OctoCat"], "2": ["octocat"]}, ("1", "2")),
        ({"1": ["dev1"]}, ()),
        ({"1": []}, ("1",)),  # the only team, with an empty list: every account
        ({"1": [], "2": []}, ()),
        ({"1": [], "2": ["dev1"]}, ()),  # with a second team, an empty list admits no one
    ],
)
def test_who_signs_in_to_which_team(users, teams):
    assert teams_of("octocat", users) == teams


@pytest.mark.parametrize("login", ["octocat", "OctoCat", "OCTOCAT"])
def test_the_case_of_a_login_does_not_matter(login):
    assert teams_of(login, {"1": ["octoCat"], "2": ["dev1"]}) == ("1",)


@pytest.mark.parametrize(
    ("users", "teams"),
    [
        ({"1": []}, ("1",)),
        ({"1": ["octocat"], "2": ["dev1"]}, ("1", "2")),
        ({"1": [], "2": ["dev1"]}, ("2",)),
        ({"1": [], "2": []}, ()),
    ],
)
def test_which_teams_a_login_could_sign_in_to(users, teams):
    assert joinable(users) == teams


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ([], f"{BASE}/mcp"),
        ([BASE], f"{BASE}/mcp"),
        ([f"{BASE}/"], f"{BASE}/mcp"),
        ([f"{BASE}/mcp/"], f"{BASE}/mcp"),
        ([f"{BASE}/mcp", BASE], f"{BASE}/mcp"),
        ([f"{BASE}/mcp/sale-1"], f"{BASE}/mcp/sale-1"),
        ([f"{BASE}/mcp", f"{BASE}/mcp/sale-1"], None),
        ([f"{BASE}/mcp?profile=coding"], f"{BASE}/mcp"),
        ([f"{BASE}/mcp/sale-1?profile=coding"], f"{BASE}/mcp/sale-1"),
        ([f"{BASE}/mcp".replace("https", "HTTPS")], f"{BASE}/mcp"),
        ([f"{BASE.upper()}/mcp/sale-1"], f"{BASE}/mcp/sale-1"),
        ([f"{BASE}/MCP"], None),
        (["https://other.example/mcp?profile=coding"], None),
        ([f"{BASE}/mcp/Sale"], None),
        ([f"{BASE}/mcp/../x"], None),
        ([f"{BASE}/api"], None),
        ([f"{BASE}.evil.example/mcp"], None),
        (["https://other.example/mcp"], None),
        ([f"{BASE}/mcp", "https://other.example/mcp"], None),
        ([""], None),
    ],
)
def test_which_resource_is_asked_for(asked, meant):
    assert asked_resource(BASE, asked) == meant


@pytest.mark.parametrize(
    "path", ["/", "/mcp/", "/mcp/A", "/mcp/a/b", "/mcp/a\n", "/mcp/a%00", "/api"]
)
def test_other_paths_are_no_resources(path):
    assert resource_at(BASE, path) is None


def test_secrets_are_long_unlike_each_other_and_hashed():
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 43
    assert hash_of("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert hash_of("\ud800") != hash_of("\ud801")
