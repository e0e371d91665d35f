import hmac
import inspect

import pytest

from oduflow.blueprints.auth.secret_digests import SecretDigests, digest

SECRETS = {"1": "the first secret", "2": "the second secret", "3": "", "4": "the last secret"}


def test_a_secret_names_its_team(secrets):
    assert secrets.team_of("the first secret") == "1"
    assert secrets.team_of("the last secret") == "4"


@pytest.mark.parametrize("wrong", ["", "the first", "the first secret ", "THE FIRST SECRET", "é"])
def test_any_other_secret_names_no_team(secrets, wrong):
    assert secrets.team_of(wrong) is None


def test_an_empty_secret_belongs_to_no_team_although_a_team_has_none():
    assert SecretDigests({"3": ""}).team_of("") is None


def test_text_that_utf8_cannot_hold_is_only_wrong(secrets):
    assert secrets.team_of("\ud800") is None


@pytest.mark.parametrize("presented", ["the first secret", "the last secret", "wrong", ""])
def test_a_secret_is_compared_with_that_of_every_team(presented):
    compared = []

    def compare(known: bytes, given: bytes) -> bool:
        compared.append(known)
        return hmac.compare_digest(known, given)

    SecretDigests(SECRETS, compare).team_of(presented)
    assert len(compared) == len(SECRETS)


def test_only_digests_of_one_length_are_compared():
    lengths = set()

    def compare(known: bytes, given: bytes) -> bool:
        lengths.update({len(known), len(given)})
        return known == given

    SecretDigests(SECRETS, compare).team_of("short")
    assert lengths == {32}


def test_digests_are_compared_in_constant_time_unless_a_test_says_otherwise():
    default = inspect.signature(SecretDigests).parameters["compare"].default
    assert default is hmac.compare_digest


def test_a_digest_is_sha_256():
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest("").hex() == empty


@pytest.fixture
def secrets() -> SecretDigests:
    return SecretDigests(SECRETS)
