"""Submodules: those that are public and on the repository's own server, as they are pinned."""

import os

import pytest

from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.errors import QuotaReached
from tests.support.git_server import PASSWORD, USER, GitServer, Submodule


@pytest.fixture
def superproject(server):
    """Make a repository with one submodule at `oca/web`; return its URL."""

    def make(url, commit=None, **files):
        modules = f'[submodule "web"]\n\tpath = oca/web\n\turl = {url}\n'
        pinned = Submodule(commit or server.commit("web", "main"))
        content = {"shop/x": "1", ".gitmodules": modules, "oca/web": pinned, **files}
        return server.repository("shop", {"main": content})

    return make


@pytest.fixture
def web(server):
    """Publish the submodule's repository, and then a newer commit; return the older one."""
    server.repository("web", {"main": {"web_grid/a": "pinned"}})
    older = server.commit("web", "main")
    server.repository("web", {"main": {"web_grid/a": "newest"}})
    return older


@pytest.mark.parametrize("url", ["{server}/public/web.git", "../web.git", "./../web.git"])
def test_a_public_one_of_the_same_server_is_there_at_its_pinned_commit(
    server, web, superproject, check_out, tmp_path, url
):
    shop = superproject(url.format(server=f"http://{server.authority}"), web)

    check_out(shop)
    check_out(shop)

    assert (tmp_path / "work/oca/web/web_grid/a").read_text() == "pinned"
    assert not (tmp_path / "work/oca/web/.git").exists()


def test_it_follows_the_repository_and_leaves_with_its_declaration(
    server, web, superproject, check_out, tmp_path
):
    check_out(superproject("../web.git", web))
    check_out(superproject("../web.git"))
    assert (tmp_path / "work/oca/web/web_grid/a").read_text() == "newest"

    check_out(server.repository("shop", {"main": {"shop/x": "2"}}))
    assert not (tmp_path / "work/oca").exists()


def test_its_own_submodules_are_not_fetched(server, superproject, check_out, tmp_path):
    server.repository("inner", {"main": {"x": "1"}})
    nested = '[submodule "inner"]\n\tpath = inner\n\turl = ../inner.git\n'
    inner = Submodule(server.commit("inner", "main"))
    server.repository("web", {"main": {"a": "1", ".gitmodules": nested, "inner": inner}})

    check_out(superproject("../web.git"))

    assert (tmp_path / "work/oca/web/a").exists()
    assert list((tmp_path / "work/oca/web/inner").iterdir()) == []


def test_no_credential_is_sent_for_one(server, web, superproject, tmp_path):
    helper = f"!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f"
    repositories = GitRepositories(
        allowed_hosts=(server.authority,), helper=lambda _team, _remote: helper
    )
    superproject("../web.git", web)

    fill(repositories, server.url("private/shop.git"), tmp_path)

    assert (tmp_path / "work/shop/x").exists()
    assert list((tmp_path / "work/oca/web").iterdir()) == []
    asked = [request for request in server.requests if "web.git" in request.path]
    assert asked
    assert {request.authorization for request in asked} == {""}


@pytest.mark.parametrize(
    "url",
    [
        "{other}public/web.git",
        "file://{root}/web.git",
        "{root}/web.git",
        "ext::sh -c touch% {root}/ran",
        "https://{authority}/public/web.git",
        "",
    ],
)
def test_one_of_another_server_or_of_another_kind_is_not_asked_for(
    server, web, superproject, tmp_path, url
):
    with GitServer(server.root) as other:
        repositories = GitRepositories(allowed_hosts=(server.authority, other.authority))
        shop = superproject(
            url.format(other=other.url(""), root=server.root, authority=server.authority), web
        )

        fill(repositories, shop, tmp_path)

        assert not [each for each in server.requests if "web.git" in each.path]
        assert other.requests == []
    assert list((tmp_path / "work/oca/web").iterdir()) == []
    assert not (server.root / "ran").exists()


def test_one_whose_commit_is_gone_leaves_its_place_empty(
    server, web, superproject, check_out, tmp_path
):
    check_out(superproject("../web.git", "1" * 40))

    assert (tmp_path / "work/shop/x").exists()
    assert list((tmp_path / "work/oca/web").iterdir()) == []


def test_a_declared_path_without_a_submodule_writes_nothing(server, check_out, tmp_path):
    server.repository("web", {"main": {"planted": "1"}})
    paths = ("shop", "../out", "/tmp/out", ".", "shop/x")  # noqa: S108 - never made
    modules = "".join(
        f'[submodule "{number}"]\n\tpath = {path}\n\turl = ../web.git\n'
        for number, path in enumerate(paths)
    )

    check_out(server.repository("shop", {"main": {"shop/x": "1", ".gitmodules": modules}}))

    assert list(tmp_path.rglob("planted")) == []
    assert not [each for each in server.requests if "web.git" in each.path]


def test_repository_and_submodules_share_one_quota(server, superproject, tmp_path):
    size = 4 * 1024**2
    server.repository("web", {"main": {"a": os.urandom(size)}})
    shop = superproject("../web.git", b=os.urandom(size))

    with pytest.raises(QuotaReached):  # each needs twice its size, for the pack and for the file
        fill(limited(server, 3 * size), shop, tmp_path)

    fill(limited(server, 5 * size), shop, tmp_path)
    assert (tmp_path / "work/oca/web/a").exists()


def limited(server, size):
    return GitRepositories(
        allowed_hosts=(server.authority,), limits=RepositoryLimits(repository_bytes=size)
    )


def fill(repositories, url, folder):
    repositories.checkout(url, "main", team="1", git_dir=folder / "git", work_tree=folder / "work")
