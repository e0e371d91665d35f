"""Addresses in audit rows hold no credential, also those of refused calls."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from oduflow.domain.audit.addresses import AUDITED_SOURCE, public_address, public_form

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


@pytest.mark.parametrize(
    ("given", "audited"),
    [
        ("/srv/backups/shop 1.zip", "/srv/backups/shop 1.zip"),
        ("upload:shop-zip-abcd", "upload:shop-zip-abcd"),
        ("https://files.example/shop.zip?signature=s3cret", "https://files.example/shop.zip"),
        (" https://ada:s3cret@files.example/shop.zip", "https://files.example/shop.zip"),
        ("https://ada:s3/cret@files.example/shop.zip", "****"),
        (None, None),
    ],
)
def test_a_source_is_audited_as_it_is_unless_it_is_an_address(given, audited):
    source = FieldInfo.from_annotation(Annotated[str, AUDITED_SOURCE])  # type: ignore[arg-type]
    assert public_form(source, given) == audited


def test_an_argument_that_is_no_address_is_audited_as_it_is():
    assert public_form(FieldInfo.from_annotation(str), "https://a.b/?x=1") == "https://a.b/?x=1"
    assert public_form(None, "unknown") == "unknown"
