"""Parse URLs that browsers, servers and this product read in the same way.

A redirect URI or a client's metadata URL comes from a stranger, and is compared, shown and dialled.
Attacks rely on two readings of one text, so a URL that could be read in two ways is rejected.

Source: RFC 3986; the URL Standard of WHATWG, 3.5 (hosts).
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from oduflow.domain.hosts import join_host_port

MAX_LENGTH = 1024

_LAST_PORT = 65535
# Without user information, fragments, wildcards and characters that end an attribute in HTML.
_CHARACTERS = r"(?:[A-Za-z0-9._~!$&()+,;=:@/{more}-]|%[0-9A-Fa-f]{{2}})*"
_QUERY = rf"(?P<query>(?:\?{_CHARACTERS.format(more='?')})?)"
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    rf"(?P<path>(?:/{_CHARACTERS.format(more='')})?){_QUERY}"
)
# RFC 8252, 7.1: a scheme that is a domain name in reverse needs no authority. No scheme of browsers
# has a dot, so none of them is read without one.
_WITHOUT_AUTHORITY = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+):"
    rf"(?P<path>/(?!/){_CHARACTERS.format(more='')}){_QUERY}"
)


@dataclass(frozen=True, slots=True)
class PlainUrl:
    """One URL in its parts.

    Attributes:
        host: lower case; an IPv6 address in brackets; empty without an authority.
        port: None when the URL has none.
        path: empty, or with its first slash.
        query: empty, or with its question mark.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str

    @property
    def authority(self) -> str:
        """The host, with the port if the URL has one."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        """Write the URL as it was read."""
        mark = "//" if self.host else ""
        return f"{self.scheme}:{mark}{self.authority}{self.path}{self.query}"


def read_plain(text: str) -> PlainUrl | None:
    """Parse a URL; None when it is not one, or could be read in another way."""
    if len(text) > MAX_LENGTH:
        return None
    if bare := _WITHOUT_AUTHORITY.fullmatch(text):
        return PlainUrl(bare["scheme"], "", None, bare["path"], bare["query"])
    found = _URL.fullmatch(text)
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
