"""Kinds of host names and addresses, with or without a port."""

import ipaddress
from urllib.parse import urlsplit

from oduflow.domain.hosts import is_address, is_host_name, join_host_port
from oduflow.settings.kinds import Kind, Refused, plain_text


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
