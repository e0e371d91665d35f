"""Parse the URL of a remote server."""

import re
from typing import NewType
from urllib.parse import urlsplit

from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import is_address, is_host_name, join_host_port
from oduflow.settings import is_loopback

# The MCP endpoint of a team or of one environment, without secrets: the token is sent only there.
Address = NewType("Address", str)

_PATH = re.compile(r"/?|/mcp/?|/mcp/[a-z0-9][a-z0-9-]{0,38}")
_FORMS = "Write https://HOST, or https://HOST/mcp/ENVIRONMENT for one environment alone."


def parse_address(text: str) -> Address:
    """Parse the value of `--url`: a server, its `/mcp`, or `/mcp/<environment>`.

    Raises:
        Invalid: it is not such a URL, contains a secret, or would send the token unencrypted.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("--url is not a valid URL.", _FORMS) from None
    if "@" in parts.netloc:
        raise Invalid(
            "--url contains a user or a password, which every user of this machine can see.",
            "Put the token into $ODUFLOW_TOKEN, or into a file for --token-file.",
        )
    if parts.scheme not in {"http", "https"} or not (is_address(host) or is_host_name(host)):
        raise Invalid("--url is not the address of a server.", _FORMS)
    if not _PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        raise Invalid("The path or query of --url is not an MCP endpoint of Oduflow.", _FORMS)
    if parts.scheme == "http" and not is_loopback(host):
        raise Invalid(
            f"http://{host} would show the token to the network: it is not encrypted.",
            f"Use https://, or a tunnel: `ssh -L 8000:localhost:8000 {host}` and "
            "--url http://localhost:8000.",
        )
    path = parts.path.rstrip("/") or "/mcp"
    return Address(f"{parts.scheme}://{join_host_port(host, port)}{path}")
