"""Kinds of host names and addresses, with or without a port."""

import ipaddress
import re
from urllib.parse import urlsplit

from oduflow.settings.kinds import Kind, Refused, plain_text

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 253


def is_address(host: str) -> bool:
    """Say whether the text is an IPv4 or IPv6 address in its usual form, without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_host_name(host: str) -> bool:
    """Say whether the text is a lower-case host name (RFC 1123).

    A last label that is a number makes an old spelling of an address (`127.1`, `0x7f000001`),
    which resolvers read in surprising ways: not a name.
    """
    labels = host.split(".")
    return (
        len(host) <= _LONGEST
        and all(_LABEL.fullmatch(label) for label in labels)
        and not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1])
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches the host; a name other than localhost never counts."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def split_host_port(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or `[v6]:port` into a lower-case host and its port.

    Raises:
        Refused: there is more than that in it, or the host is neither a name nor an address.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError as cause:
        raise Refused from cause
    bare = parts.netloc == text and "@" not in text and not text.endswith(":")
    if not bare or port == 0 or not (is_address(host) or is_host_name(host)):
        raise Refused
    return host, port


def join_host_port(host: str, port: int | None) -> str:
    """Write a host and its port as they stand in a URL."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def _host(value: object) -> str:
    text = plain_text(value).lower()
    if text.startswith("[") and is_address(text.strip("[]")):
        raise Refused("it stands in brackets", f'Write "{text.strip("[]")}".')
    if not (is_address(text) or is_host_name(text)):
        raise Refused
    return text


def _own_address(value: object) -> str:
    host = _host(value)
    if host == "localhost":
        return "127.0.0.1"
    if not is_address(host):
        # Docker would publish environments on every address for a name.
        raise Refused("it is a name", "Write one of this machine's addresses.")
    return host


def _optional_host(value: object) -> str:
    return _host(value) if value != "" else ""


def _host_port(value: object) -> str:
    return join_host_port(*split_host_port(plain_text(value)))


OWN_ADDRESS = Kind("an IP address of this machine, or localhost", _own_address)
OPTIONAL_HOST = Kind("an IP address or a host name, without a port, or empty", _optional_host)
HOST_PORT = Kind('a host, or host:port, such as "git.lan" or "127.0.0.1:8770"', _host_port)
