from typing import Any

import pytest
from pydantic import ValidationError

from oduflow.domain.hosts import is_loopback
from oduflow.settings.addresses import HostPort, OptionalHost, OwnAddress
from tests.support.settings_values import hint_of, read

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the very case


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (OptionalHost, EVERYWHERE, EVERYWHERE),
        (OptionalHost, "::1", "::1"),
        (OptionalHost, "Odoo.Example.COM", "odoo.example.com"),
        (OptionalHost, "", ""),
        (OwnAddress, EVERYWHERE, EVERYWHERE),
        (OwnAddress, "::1", "::1"),
        (OwnAddress, "Localhost", "127.0.0.1"),
        (HostPort, "git.lan", "git.lan"),
        (HostPort, "Git.lan:3000", "git.lan:3000"),
        (HostPort, "127.0.0.1:8770", "127.0.0.1:8770"),
        (HostPort, "[fd00::1]:8770", "[fd00::1]:8770"),
    ],
)
def test_hosts_are_read_in_lower_case(type_: Any, value: str, expected: str):
    assert read(type_, value) == expected


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (OptionalHost, "*"),
        (OptionalHost, "localhost:8000"),
        (OptionalHost, "http://localhost"),
        (OptionalHost, "127.1"),
        (OptionalHost, "0x7f000001"),
        (OptionalHost, "2130706433"),
        (OptionalHost, "a_b.lan"),
        (OptionalHost, "-a.lan"),
        (OptionalHost, "a..lan"),
        (OptionalHost, f"{'a.' * 127}lan"),
        (OptionalHost, "bücher.example"),
        (OwnAddress, ""),
        (OwnAddress, "odoo.lan"),
        (OwnAddress, "localhost.lan"),
        (OwnAddress, "127.1"),
        (HostPort, "https://git.lan"),
        (HostPort, "git.lan/path"),
        (HostPort, "me@git.lan"),
        (HostPort, "git.lan:"),
        (HostPort, "git.lan:0"),
        (HostPort, "git.lan:65536"),
        (HostPort, "git.lan:ssh"),
        (HostPort, "*.lan"),
        (HostPort, "[::1"),
        (HostPort, ""),
        (HostPort, 8770),
    ],
)
def test_an_invalid_host_is_refused(type_: Any, value: Any):
    with pytest.raises(ValidationError):
        read(type_, value)


def test_an_address_in_brackets_gets_the_hint_to_take_them_away():
    with pytest.raises(ValidationError) as caught:
        read(OptionalHost, "[::1]")
    assert hint_of(caught.value) == 'Write "::1".'


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_known(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", [EVERYWHERE, "::", "10.0.0.1", "localhost.lan", "127.0.0.1.lan", ""]
)
def test_every_other_host_counts_as_reachable(host: str):
    assert not is_loopback(host)
