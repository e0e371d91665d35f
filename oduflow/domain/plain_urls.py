"""URLs with one plain spelling, which browsers, servers and we read in the same way.

What strangers name (a redirect URI, a client's metadata) is compared, shown and dialled. Two
readings of one text are what attacks on that are made of, so whatever has two is not read at all.

Source: RFC 3986; the URL Standard of WHATWG, 3.5 (hosts).
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from oduflow.domain.hosts import join_host_port

MAX_LENGTH = 1024

_LAST_PORT = 65535
# Without user information, fragments, wildcards and whatever ends an attribute in HTML.
_CHARACTERS = r"(?:[A-Za-z0-9._~!$&()+,;=:@/{more}-]|%[0-9A-Fa-f]{{2}})*"
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    rf"(?P<path>(?:/{_CHARACTERS.format(more='')})?)(?P<query>(?:\?{_CHARACTERS.format(more='?')})?)"
)


@dataclass(frozen=True, slots=True)
class PlainUrl:
    """One URL in its parts.

    Attributes:
        host: lower case; an IPv6 address in brackets.
        port: None where none is written.
        path: empty, or from its first slash on.
        query: empty, or with its question mark.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str

    @property
    def authority(self) -> str:
        """The host, with the port where one is written."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        """Write the URL as it was read."""
        return f"{self.scheme}://{self.authority}{self.path}{self.query}"


def read_plain(text: str) -> PlainUrl | None:
    """Read a URL; None when it is none, or could be read in another way."""
    found = _URL.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > _LAST_PORT:
        return None
    return PlainUrl(found["scheme"], found["host"], port, found["path"], found["query"])


def is_plain_address(host: str) -> bool:
    """Tell whether a URL's host is an address in its one full spelling, IPv6 in brackets."""
    try:
        return join_host_port(str(ip_address(host.strip("[]")))) == host
    except ValueError:
        return False
