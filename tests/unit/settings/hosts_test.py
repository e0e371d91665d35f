from typing import Any

import pytest

from oduflow.settings.hosts import HOST_PORT, OPTIONAL_HOST, OWN_ADDRESS, is_loopback
from oduflow.settings.kinds import Kind, Refused

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the very case


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (OPTIONAL_HOST, EVERYWHERE, EVERYWHERE),
        (OPTIONAL_HOST, "::1", "::1"),
        (OPTIONAL_HOST, "Odoo.Example.COM", "odoo.example.com"),
        (OPTIONAL_HOST, "", ""),
        (OWN_ADDRESS, EVERYWHERE, EVERYWHERE),
        (OWN_ADDRESS, "::1", "::1"),
        (OWN_ADDRESS, "Localhost", "127.0.0.1"),
        (HOST_PORT, "git.lan", "git.lan"),
        (HOST_PORT, "Git.lan:3000", "git.lan:3000"),
        (HOST_PORT, "127.0.0.1:8770", "127.0.0.1:8770"),
        (HOST_PORT, "[fd00::1]:8770", "[fd00::1]:8770"),
    ],
)
def test_hosts_are_read_in_lower_case(kind: Kind, value: str, read: str):
    assert kind.read(value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (OPTIONAL_HOST, "*"),
        (OPTIONAL_HOST, "localhost:8000"),
        (OPTIONAL_HOST, "http://localhost"),
        (OPTIONAL_HOST, "127.1"),
        (OPTIONAL_HOST, "0x7f000001"),
        (OPTIONAL_HOST, "2130706433"),
        (OPTIONAL_HOST, "a_b.lan"),
        (OPTIONAL_HOST, "-a.lan"),
        (OPTIONAL_HOST, "a..lan"),
        (OPTIONAL_HOST, f"{'a.' * 127}lan"),
        (OPTIONAL_HOST, "bücher.example"),
        (OWN_ADDRESS, ""),
        (OWN_ADDRESS, "odoo.lan"),
        (OWN_ADDRESS, "localhost.lan"),
        (OWN_ADDRESS, "127.1"),
        (HOST_PORT, "https://git.lan"),
        (HOST_PORT, "git.lan/path"),
        (HOST_PORT, "me@git.lan"),
        (HOST_PORT, "git.lan:"),
        (HOST_PORT, "git.lan:0"),
        (HOST_PORT, "git.lan:65536"),
        (HOST_PORT, "git.lan:ssh"),
        (HOST_PORT, "*.lan"),
        (HOST_PORT, "[::1"),
        (HOST_PORT, ""),
        (HOST_PORT, 8770),
    ],
)
def test_what_is_no_host_is_refused(kind: Kind, value: Any):
    with pytest.raises(Refused):
        kind.read(value)


def test_an_address_in_brackets_gets_the_hint_to_take_them_away():
    with pytest.raises(Refused) as caught:
        OPTIONAL_HOST.read("[::1]")
    assert caught.value.hint == 'Write "::1".'


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_known(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", [EVERYWHERE, "::", "10.0.0.1", "localhost.lan", "127.0.0.1.lan", ""]
)
def test_every_other_host_counts_as_reachable(host: str):
    assert not is_loopback(host)
