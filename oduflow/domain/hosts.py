"""Host names and addresses, as URLs and the configuration write them."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MAX_LENGTH = 253


def is_address(host: str) -> bool:
    """Tell whether the text is an IPv4 or IPv6 address in its usual form, without brackets."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_host_name(host: str) -> bool:
    """Tell whether the text is a lower-case host name (RFC 1123).

    A last label that is a number makes an old spelling of an address (`127.1`, `0x7f000001`),
    which resolvers and browsers read as one: not a name.
    """
    return (
        len(host) <= _MAX_LENGTH
        and _HOST_NAME.fullmatch(host) is not None
        and not is_number(host.rpartition(".")[2])
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches the host: a loopback address or `localhost`."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_number(label: str) -> bool:
    """Tell whether a last label makes its host an IPv4 address (URL Standard of WHATWG, 3.5)."""
    return _NUMBER.fullmatch(label) is not None


def join_host_port(host: str, port: int | None = None) -> str:
    """Write a host and its port as URLs do, an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def split_host_port(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or `[v6]:port` into a lower-case host and its port.

    Raises:
        ValueError: there is more in the text, or the host is neither a name nor an address.
    """
    parts = urlsplit(f"//{text}")
    host, port = parts.hostname or "", parts.port
    bare = parts.netloc == text and "@" not in text and not text.endswith(":")
    if not bare or port == 0 or not (is_address(host) or is_host_name(host)):
        raise ValueError("not a host with a port")
    return host, port


def is_listed(host: str, port: int, allowed_hosts: Iterable[str]) -> bool:
    """Tell whether the operator's list has a host, for every port or for this one.

    Args:
        host: lower case.
        port: TCP port.
        allowed_hosts: `host` or `host:port`, in any case.
    """
    spellings = {join_host_port(host), join_host_port(host, port)}
    return not spellings.isdisjoint(entry.lower() for entry in allowed_hosts)
