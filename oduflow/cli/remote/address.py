"""Where a server elsewhere is, as a person writes it."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import is_address, is_host_name, join_host_port
from oduflow.settings import is_loopback

_PATH = re.compile(r"/?|/mcp/?|/mcp/[a-z0-9][a-z0-9-]{0,38}")
_FORMS = "Write https://HOST, or https://HOST/mcp/ENVIRONMENT for one environment alone."


@dataclass(frozen=True, slots=True)
class Address:
    """The one URL that a token may be sent to.

    Attributes:
        url: the MCP endpoint, of a team or of one environment.
    """

    url: str

    def __str__(self) -> str:
        """Write it for messages; it never holds a secret."""
        return self.url


def parse_address(text: str) -> Address:
    """Read the value of `--url`: a server, its `/mcp`, or `/mcp/<environment>`.

    Raises:
        Invalid: it is no such URL, holds a secret, or would show the token to the network.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("--url is no URL.", _FORMS) from None
    if "@" in parts.netloc:
        raise Invalid(
            "--url holds a user or a password, which every user of this machine could see.",
            "Put the token into $ODUFLOW_TOKEN, or into a file for --token-file.",
        )
    if parts.scheme not in {"http", "https"} or not (is_address(host) or is_host_name(host)):
        raise Invalid("--url is not the address of a server.", _FORMS)
    if not _PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        raise Invalid("--url has a path that no Oduflow answers at.", _FORMS)
    if parts.scheme == "http" and not is_loopback(host):
        raise Invalid(
            f"http://{host} would show the token to everybody on the way.",
            f"Use https://. A tunnel helps too: `ssh -L 8000:localhost:8000 {host}`, "
            "then --url http://localhost:8000.",
        )
    path = parts.path.rstrip("/") or "/mcp"
    return Address(f"{parts.scheme}://{join_host_port(host, port)}{path}")
