"""Host names and addresses, with or without a port."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from oduflow.domain.hosts import is_address, is_host_name, join_host_port
from oduflow.settings.schema import Allowed, InvalidValue
from oduflow.settings.values import Text


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches the host: a loopback address or `localhost`."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def split_host_port(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or `[v6]:port` into a lower-case host and its port.

    Raises:
        InvalidValue: there is more in the text, or the host is neither a name nor an address.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError as cause:
        raise InvalidValue from cause
    bare = parts.netloc == text and "@" not in text and not text.endswith(":")
    if not bare or port == 0 or not (is_address(host) or is_host_name(host)):
        raise InvalidValue
    return host, port


def _host(text: str) -> str:
    text = text.lower()
    if text.startswith("[") and is_address(text.strip("[]")):
        raise InvalidValue("it is in brackets", f'Write "{text.strip("[]")}".')
    if not (is_address(text) or is_host_name(text)):
        raise InvalidValue
    return text


def _own_address(text: str) -> str:
    host = _host(text)
    if host == "localhost":
        return "127.0.0.1"
    if not is_address(host):
        # Docker would publish environments on every address for a name.
        raise InvalidValue("it is a name", "Write one of this machine's addresses.")
    return host


OwnAddress = Annotated[
    Text, AfterValidator(_own_address), Allowed("an IP address of this machine, or localhost")
]
OptionalHost = Annotated[
    Text,
    AfterValidator(lambda text: text and _host(text)),
    Allowed("an IP address or a host name, without a port, or empty"),
]
HostPort = Annotated[
    Text,
    AfterValidator(lambda text: join_host_port(*split_host_port(text))),
    Allowed('a host, or host:port, such as "git.lan" or "127.0.0.1:8770"'),
]
