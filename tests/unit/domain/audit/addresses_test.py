"""Addresses in audit rows hold no credential, also those of refused calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from oduflow.domain.audit.addresses import public_address

TOKEN = "s3cret"


@pytest.mark.parametrize(
    ("given", "audited"),
    [
        ("https://github.com/acme/shop.git", "https://github.com/acme/shop.git"),
        ("https://ada:s3cret@github.com/acme/shop.git", "https://github.com/acme/shop.git"),
        ("https://s3cret@git.lan:8443/acme/shop", "https://git.lan:8443/acme/shop"),
        ("https://ada:s3cret@[fd00::1]:8443/shop", "https://[fd00::1]:8443/shop"),
        ("https://git.lan/shop?private_token=s3cret", "https://git.lan/shop"),
        ("https://git.lan/shop#s3cret", "https://git.lan/shop"),
        ("https://git.lan/a b/\u00e9", "https://git.lan/a b/\u00e9"),
        (" HTTPS://Git.lan/shop ", "HTTPS://Git.lan/shop"),
        ("git@github.com:acme/shop.git", "github.com:acme/shop.git"),
        ("ssh://git@github.com/acme/shop.git", "ssh://github.com/acme/shop.git"),
        ("https://git.lan", "https://git.lan"),
        (SecretStr("https://ada:s3cret@git.lan/shop"), "https://git.lan/shop"),
        (None, None),
    ],
)
def test_an_address_is_audited_without_its_secrets(given, audited):
    assert public_address(given) == audited


@pytest.mark.parametrize(
    "given",
    [
        "https://ada:p@s3cret@git.lan/shop",
        "https://ada:s3/cret@git.lan/shop",
        "https://ada:s3?cret@git.lan/shop",
        "https://ada:s3#cret@git.lan/shop",
        "https://ada:s3\\cret@git.lan/shop",
        "https://ada:s3cret/shop",
        "https://git.lan/shop?token=s3@cret",
        "ada:s3cret",
        "git.lan:s3cret",
        "s3cret",
        "",
        "https://",
        ["https://ada:s3cret@git.lan/shop"],
        {"https://ada:s3cret@git.lan/shop": 1},
        7,
    ],
)
def test_what_can_be_read_in_two_ways_is_hidden(given):
    assert public_address(given) == "****"


@given(st.text(alphabet="abc/@:?#\\ .%", max_size=8), st.text(alphabet="abc/@:?#", max_size=8))
def test_a_password_between_user_and_host_is_never_shown(before: str, after: str):
    audited = public_address(f"https://ada:{before}{TOKEN}{after}@git.lan/acme/shop")

    assert audited is not None
    assert TOKEN not in audited
