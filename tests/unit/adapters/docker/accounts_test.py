import pytest

from oduflow.adapters.docker.accounts import home_of, needs_files, resolve_user
from oduflow.domain.errors import UpstreamFailed

PASSWD = """root:x:0:0:root:/root:/bin/bash
odoo:x:100:101::/var/lib/odoo:/usr/sbin/nologin
1234:x:555:556:a number for a name::
a broken line
"""
GROUP = "root:x:0:\nodoo:x:101:\nstaff:x:50:odoo\n"


@pytest.mark.parametrize(
    ("user", "ids"),
    [
        ("", (0, 0)),
        ("root", (0, 0)),
        ("odoo", (100, 101)),
        ("100", (100, 101)),
        ("odoo:staff", (100, 50)),
        ("odoo:7", (100, 7)),
        ("4000", (4000, 0)),
        ("4000:4001", (4000, 4001)),
        ("1234", (555, 556)),
    ],
)
def test_a_user_is_resolved_as_the_engine_does(user: str, ids: tuple[int, int]) -> None:
    assert resolve_user(user, PASSWD, GROUP) == ids


@pytest.mark.parametrize(
    ("user", "home"),
    [
        ("odoo", "/var/lib/odoo"),
        ("100:7", "/var/lib/odoo"),
        ("root:staff", "/root"),
        ("4000", ""),
        ("1234", ""),
    ],
)
def test_a_users_home_is_that_of_the_images_table(user: str, home: str) -> None:
    assert home_of(user, PASSWD) == home


@pytest.mark.parametrize("user", ["unknown-user", "odoo:no-such-group"])
def test_an_unknown_name_is_named(user: str) -> None:
    with pytest.raises(UpstreamFailed, match=user.rsplit(":", maxsplit=1)[-1]):
        resolve_user(user, PASSWD, GROUP)


@pytest.mark.parametrize(
    ("user", "passwd"),
    [
        ("odoo", "odoo:x:abc:101::/:"),
        ("odoo", "odoo:x:100:::/:"),
        ("odoo", "odoo:x:-1:101::/:"),
        ("odoo", "odoo:x:4294967296:101::/:"),
        ("9" * 5000, ""),
        ("1:" + "9" * 5000, ""),
    ],
)
def test_a_number_that_is_none_is_a_failure_with_a_name(user: str, passwd: str) -> None:
    with pytest.raises(UpstreamFailed, match="no valid number"):
        resolve_user(user, passwd, "")


@pytest.mark.parametrize(
    ("user", "needed"), [("", False), ("1:2", False), ("1", True), ("odoo", True), ("1:x", True)]
)
def test_the_image_is_only_looked_into_for_a_name(user: str, *, needed: bool) -> None:
    assert needs_files(user) is needed
