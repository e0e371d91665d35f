from datetime import timedelta

import pytest

from oduflow.adapters.store import OAuthLogins, OAuthTokens
from oduflow.domain.clock import now
from oduflow.domain.oauth import Code, Login, TokenBinding, TokenKind, TokenPair

OCTOCAT = Login("octocat", "583231")


def test_the_first_sign_in_binds_a_login_to_its_number(logins):
    assert not logins.is_bound(OCTOCAT)

    assert logins.bind(OCTOCAT)
    assert logins.bind(OCTOCAT)

    assert logins.is_bound(OCTOCAT)


def test_the_same_login_with_another_number_is_not_the_same_person(logins):
    logins.bind(OCTOCAT)

    assert not logins.bind(Login("OctoCat", "666"))
    assert not logins.is_bound(Login("octocat", "666"))

    assert logins.is_bound(Login("OCTOCAT", "583231"))


def test_a_forgotten_login_is_signed_out_and_may_be_bound_anew(logins, store):
    tokens = OAuthTokens(store)
    signed_in(tokens, "OctoCat", "a")
    signed_in(tokens, "other", "b")
    logins.bind(OCTOCAT)

    assert logins.forget("OCTOCAT")

    assert tokens.find("a", TokenKind.ACCESS) is None
    assert tokens.find("b", TokenKind.ACCESS)
    assert logins.bind(Login("octocat", "666"))


def test_a_login_that_never_signed_in_cannot_be_forgotten(logins):
    assert not logins.forget("octocat")


def signed_in(tokens: OAuthTokens, login: str, access: str) -> None:
    binding = TokenBinding(access, "c", "1", Login(login, "1"), "mcp", "https://o.example/mcp")
    moment = now() + timedelta(minutes=1)
    tokens.add_code(Code(f"h{access}", binding, "https://a.example/", "x", moment))
    assert tokens.redeem(f"h{access}", "c", TokenPair(access, f"r{access}"))


@pytest.fixture
def logins(store):
    return OAuthLogins(store)
