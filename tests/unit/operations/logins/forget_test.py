from typing import Any

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Forbidden, NotFound
from oduflow.domain.oauth import GithubLogin, Login
from oduflow.kernel.call import Call, Origin
from oduflow.operations.logins.forget import forget_github_login
from oduflow.settings import parse
from tests.support.oauth_stores import TemporaryOAuthStores
from tests.support.parts import deps_of

TEAMS = """\
[team.1]
github_users = ["octocat", "both"]
[team.2]
github_users = ["dev1", "both"]
"""


@pytest.mark.parametrize("kind", [ActorKind.BASIC, ActorKind.CLI])
def test_a_team_forgets_its_own(kind):
    deps = signed_in("octocat")

    forget(deps, "OctoCat", kind)

    assert not deps.store.logins.is_bound(Login("octocat", "1"))


@pytest.mark.parametrize("kind", sorted(set(ActorKind) - {ActorKind.BASIC, ActorKind.CLI}))
@pytest.mark.parametrize("login", ["octocat", "dev1", "unknown"])
def test_an_actor_that_is_no_operator_forgets_no_login_and_learns_nothing(kind, login):
    deps = signed_in("octocat")

    with pytest.raises(Forbidden, match="Only an operator") as refused:
        forget(deps, login, kind)

    assert "on the server" in refused.value.hint
    assert deps.store.logins.is_bound(Login("octocat", "1"))


@pytest.mark.parametrize(("login", "error"), [("dev1", NotFound), ("both", Forbidden)])
def test_a_team_does_not_forget_for_another(login, error):
    deps = signed_in(login)

    with pytest.raises(error):
        forget(deps, login)

    assert deps.store.logins.is_bound(Login(login, "1"))


@pytest.mark.parametrize("login", ["dev1", "both", "gone"])
def test_the_servers_operator_forgets_any_login(login):
    deps = signed_in(login)

    forget(deps, login, ActorKind.CLI)

    assert not deps.store.logins.is_bound(Login(login, "1"))


def test_a_login_that_is_not_known_is_reported():
    with pytest.raises(NotFound, match="signed in as octocat"):
        forget(signed_in("dev1"), "octocat")


def signed_in(login: str) -> Any:
    logins = TemporaryOAuthStores().logins
    logins.bind(Login(login, "1"))
    return deps_of(logins=logins, settings=parse(TEAMS))


def forget(deps: Any, login: str, kind: ActorKind = ActorKind.BASIC) -> None:
    call = Call(Actor("1", kind, "ada"), Origin("cli"))
    forget_github_login(deps, call, GithubLogin(login=login))
