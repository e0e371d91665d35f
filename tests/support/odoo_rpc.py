"""Odoo's own JSON-RPC, as an integration calls it: `/jsonrpc` is there from Odoo 14 to 19."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

SECONDS = 60.0


@dataclass(frozen=True)
class OdooRpc:
    """A person who signed in to one database.

    Attributes:
        url: of the Odoo, with a slash at its end.
    """

    url: str
    database: str
    password: str
    uid: int

    @classmethod
    def sign_in(cls, url: str, database: str, login: str, password: str) -> "OdooRpc":
        """Sign in, and fail the test with what Odoo said when it refuses."""
        uid = _call(url, "common", "login", database, login, password)
        assert uid, f"{login} cannot sign in to {database}"
        return cls(url, database, password, int(uid))

    def call(self, model: str, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of a model and return its result."""
        signed = (self.database, self.uid, self.password)
        return _call(self.url, "object", "execute_kw", *signed, model, method, arguments, named)


def _call(url: str, service: str, method: str, *arguments: Any) -> Any:
    params = {"service": service, "method": method, "args": arguments}
    request = urllib.request.Request(  # noqa: S310 - the environment's own address
        f"{url}jsonrpc",
        json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        told = json.load(answer)
    assert "error" not in told, told["error"]["data"]
    return told.get("result")  # Odoo 14 leaves None out
