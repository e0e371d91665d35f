"""Read the URL of a remote server, and its token from the environment or a file, not argv."""

import os
import re
import stat
from pathlib import Path
from typing import NewType
from urllib.parse import urlsplit

from oduflow.domain.errors import Invalid, Unauthenticated
from oduflow.domain.hosts import is_address, is_host_name, is_loopback, join_host_port
from oduflow.settings import remote_token

# The MCP endpoint of a team or of one environment, without secrets: the token is sent only there.
Address = NewType("Address", str)
_PATH = re.compile(r"/?|/mcp/?|/mcp/[a-z0-9][a-z0-9-]{0,38}")
_FORMS = "Write https://HOST, or https://HOST/mcp/ENVIRONMENT for one environment alone."
MAX_BYTES = 4096  # more than any token has
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_TOKEN = re.compile(r"[\x21-\x7e]+")  # visible ASCII; a line break would start a header


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


def bearer_token(file: Path | None) -> str:
    """Return the token from the file, or from $ODUFLOW_TOKEN if no file is named.

    Raises:
        Invalid: the file cannot be read, other users may read it, or it is not one token.
        Unauthenticated: there is no token.
    """
    token, place = (remote_token(), "$ODUFLOW_TOKEN") if file is None else (_read(file), str(file))
    if not token and file is None:
        raise Unauthenticated(
            "There is no token for the server.",
            "Set $ODUFLOW_TOKEN, or name a file with --token-file: the team's auth_token, or a "
            "grant of create_grant.",
        )
    if not _TOKEN.fullmatch(token):
        raise Invalid(f"{place} does not hold one token.", "Write the token alone, as one word.")
    return token


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & _OPEN_TO_OTHERS:
                raise Invalid(
                    f"Other users of this machine may read the token in {file}.",
                    f"chmod 600 {file}",
                )
            content = opened.read(MAX_BYTES)
    except OSError as cause:
        raise Invalid(
            f"The token file {file} cannot be read: {cause.strerror or 'an input error'}.",
            "Name a file that holds only the token.",
        ) from cause
    return content.decode("utf-8", "replace").strip() if len(content) < MAX_BYTES else ""
