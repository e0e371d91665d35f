import pytest

from oduflow.domain.hosting_pages import HostingPages

COMMIT = "a41f09c2b77e210d09ac3d1e220b1755aa41f09c"


@pytest.mark.parametrize(
    ("repo_url", "repository", "branch", "commit"),
    [
        ("https://github.com/acme/shop.git", "", "/tree/feature/x", "/commit/"),
        ("https://me@github.com/acme/shop", "", "/tree/feature/x", "/commit/"),
        ("https://gitlab.com/a/b/shop.git", "", "/-/tree/feature/x", "/-/commit/"),
        ("https://bitbucket.org/acme/shop.git", "", "/src/feature/x", "/commits/"),
        ("https://git.lan/a/shop.git", "", "/-/tree/feature/x", "/-/commit/"),
        ("https://code.lan/acme/shop.git", "", "/tree/feature/x", "/commit/"),
    ],
)
def test_a_known_services_pages_are_named(repo_url, repository, branch, commit):
    pages = HostingPages.of(repo_url, github="https://code.lan", gitlab="https://git.lan")
    scheme, _, rest = repo_url.removesuffix(".git").partition("://")
    base = f"{scheme}://{rest.rpartition('@')[2]}{repository}"
    assert pages.repository == base
    assert pages.branch("feature/x") == base + branch
    assert pages.branch("refs/heads/feature/x") == base + branch
    assert pages.commit(COMMIT) == base + commit + COMMIT


@pytest.mark.parametrize(
    "repo_url",
    [
        "https://git.example.com/acme/shop.git",
        "https://github.com.evil.example/acme/shop.git",
        "https://github.com@evil.example/acme/shop.git",
        "javascript://github.com/%0aalert(1)",
        "https://github.com",
        "https:///acme/shop",
        "<div>",
        "",
    ],
)
def test_an_unknown_hosts_pages_are_not_guessed(repo_url):
    pages = HostingPages.of(repo_url, github="https://github.com", gitlab="")
    assert (pages.repository, pages.branch("main"), pages.commit(COMMIT)) == ("", "", "")


def test_a_pull_request_is_linked_and_other_refs_and_odd_commits_are_not():
    pages = HostingPages.of("https://github.com/acme/shop")
    assert pages.branch("refs/pull/7/head") == "https://github.com/acme/shop/pull/7"
    assert pages.branch("refs/notes/x") == ""
    assert pages.commit("main") == ""
    assert pages.branch('a"><script>') == ("https://github.com/acme/shop/tree/a%22%3E%3Cscript%3E")
