"""Give Odoo's session cookie a name of its own in each environment, and end sessions in time.

Cookies ignore ports (RFC 6265, 8.5), and Odoo always calls its cookie `session_id`, so signing in
to one environment of a host would sign a browser out of the others. Odoo has no option for the
name. This file, with a line more that names the cookie, is mounted into the container as
`sitecustomize.py`, a module that Python imports when it starts. It renames the cookie at the WSGI
boundary, in requests and in responses, so Odoo and its modules see `session_id` as always. Odoo 14
to 19 have a WSGI application `odoo.http.root`.

A session that Oduflow makes for a user has an end in its data, which Odoo's store does not know. So
the store is wrapped as well: once the end has come, such a session is removed instead of read.

It runs in the container's Python, 3.7 or newer, and imports nothing of the product.
"""

from __future__ import annotations

import sys
import time
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

ODOO = "session_id"
UNTIL = "oduflow_until"  # of a session's data: when it ends, in seconds since 1970
MODULE = "odoo.http"


def incoming(header: str, ours: str) -> str:
    """Return a Cookie header in which our cookie has Odoo's name.

    Without ours, a cookie of Odoo's name is kept, for clients that set it themselves.
    """
    pairs = [pair.strip() for pair in header.split(";")]
    mine = [pair for pair in pairs if pair.startswith(f"{ours}=")]
    if not mine:
        return header
    others = [pair for pair in pairs if not pair.startswith((f"{ours}=", f"{ODOO}="))]
    return "; ".join([*others, ODOO + mine[-1][len(ours) :]])


def outgoing(headers: list[tuple[str, str]], ours: str) -> list[tuple[str, str]]:
    """Return response headers in which Odoo's cookie has our name."""
    return [
        (name, ours + value[len(ODOO) :])
        if name.lower() == "set-cookie" and value.startswith(f"{ODOO}=")
        else (name, value)
        for name, value in headers
    ]


def rename_cookie(application: Any, ours: str) -> None:
    """Wrap the class of a WSGI application, because Odoo's servers keep the instance itself."""
    call = application.__call__

    def renamed(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        # Not before a request: Odoo's store is made of its configuration.
        if not hasattr(self, "oduflow_store"):
            self.oduflow_store = end_in_time(self.session_store)
        if "HTTP_COOKIE" in environ:
            environ["HTTP_COOKIE"] = incoming(environ["HTTP_COOKIE"], ours)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, outgoing(headers, ours), *more)

        return call(self, environ, start)

    application.__call__ = renamed


def end_in_time(store: Any) -> Any:
    """Let a store remove a session whose end has come when it is asked for; return the store."""
    find = store.get

    def unended(sid: Any) -> Any:
        session = find(sid)
        if session.get(UNTIL, sys.maxsize) <= time.time():
            store.delete(session)
            return find(sid)
        return session

    store.get = unended
    return store


class Finder:
    """Finds `odoo.http` as Python does, and wraps its application once it is loaded."""

    def __init__(self, ours: str) -> None:
        self.ours = ours

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return the module's spec (importlib.abc.MetaPathFinder)."""
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        loader: Any = spec and spec.loader
        if loader is None:
            return None
        load = loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            rename_cookie(type(module.root), self.ours)

        loader.exec_module = exec_module
        return spec


def start_module(source: str, name: str) -> str:
    """Return the text of a `sitecustomize.py` that renames the cookie.

    Args:
        source: this file.
        name: the cookie's name in browsers.
    """
    return f"{source}\n\nsys.meta_path.insert(0, Finder({name!r}))\n"
