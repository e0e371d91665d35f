"""Sessions of Odoo's users: the script that makes one, its answer, and the requests about one."""

import json
import secrets
import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from oduflow.adapters.odoo.commands import OdooCommand, script
from oduflow.domain.plan import ODOO_PORT
from oduflow.net.fetch import FetchFailed, Request, Response, fetch

_MARK = "oduflow-session-"
_MAX_BYTES = 1 << 20
_SECONDS = 20.0
_ENDING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What the script reads, and the mark that begins its own line."""

    stdin: bytes
    mark: str

    @classmethod
    def of(cls, login: str, seconds: int, memory: int) -> "SessionRequest":
        """Return the request for a session that ends after `seconds`.

        Args:
            login: of the user.
            seconds: how long the session lives.
            memory: the most bytes that the process may allocate.
        """
        mark = f"{_MARK}{secrets.token_hex(8)}:"
        given = {"login": login, "seconds": seconds, "memory": memory, "mark": mark}
        return cls(json.dumps(given).encode(), mark)


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What the script said.

    Attributes:
        refused: why there is no session: `archived`, `old`, `unknown`, or empty.
        logins: of users that there are, where the login is unknown.
        value: of the cookie.
        user: the user's name.
        uid: the user's id in the database.
        ends: when the session ends, in seconds since 1970.
    """

    refused: str = ""
    logins: tuple[str, ...] = ()
    value: str = field(default="", repr=False)
    user: str = ""
    uid: int = 0
    ends: float = 0.0


def open_session() -> OdooCommand:
    """Make a session; `SessionRequest` is its input, and `session_report` reads its output."""
    return script("open_session.py")


def session_report(output: str, mark: str) -> SessionReport | None:
    """Return what the script said in its output; None if it ended without saying anything."""
    lines = [line for line in output.split("\n") if line.startswith(mark)]
    try:
        said: Any = json.loads(lines[-1].removeprefix(mark)) if lines else None
        if not isinstance(said, dict):
            return None
        return SessionReport(
            refused=str(said.get("refused", "")),
            logins=tuple(map(str, said.get("logins", ()))),
            value=str(said.get("cookie", "")),
            user=str(said.get("user", "")),
            uid=int(said.get("uid", 0)),
            ends=float(said.get("ends", 0.0)),
        )
    except (TypeError, ValueError):
        return None


def user_of_session(address: str, cookie: str) -> int:
    """Return the id of the user whom the serving Odoo sees behind a cookie; 0 for none.

    Args:
        address: the container's IPv4 address.
        cookie: name and value, as a `Cookie` header has them.
    """
    answer = _ask(address, cookie, "/web/session/get_session_info")
    try:
        said: Any = json.loads(answer.body) if answer is not None else None
        uid = said["result"]["uid"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return 0
    return uid if isinstance(uid, int) else 0


def end_session(address: str, cookie: str) -> None:
    """End a session, as signing out does; one that Odoo does not end, ends by itself."""
    _ask(address, cookie, "/web/session/destroy", _ENDING_SECONDS)


def _ask(address: str, cookie: str, path: str, seconds: float = _SECONDS) -> Response | None:
    """Call a JSON-RPC route of the web client with a session."""
    body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": {}}).encode()
    headers = {"Host": "localhost", "Content-Type": "application/json", "Cookie": cookie}
    url = f"http://{address}:{ODOO_PORT}{path}"
    request = Request(url, ip_address(address), headers, "POST", body)
    try:
        return fetch(request, max_bytes=_MAX_BYTES, deadline=time.monotonic() + seconds)
    except FetchFailed:
        return None
