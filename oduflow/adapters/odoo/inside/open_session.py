"""Make a session of a user of the environment's Odoo, beside the Odoo that serves.

Standard input is a JSON object: `login`, `seconds`, after which the session ends, `mark`, which
begins our line, and `memory`, the most bytes that the process may allocate. The line has the
session, or why there is none.

The token of a session depends on fields that modules add, such as the secret of a second factor.
So the loaded registry computes it, as Odoo does when a user signs in.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import odoo
import odoo.http
from odoo.modules.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ODOO_SUPERUSER = 1
MOST_LOGINS = 10  # that the answer to an unknown login names


def main(configuration: str) -> None:
    """Make the session in the database that the configuration names."""
    given = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    resource.setrlimit(resource.RLIMIT_DATA, (given["memory"], given["memory"]))
    odoo.tools.config.parse_config(["--config", configuration, "--no-http", "--log-level", "warn"])
    until = getattr(sys.modules.get("sitecustomize"), "UNTIL", None)
    if until is None:
        answer: dict[str, Any] = {"refused": "old"}
    else:
        name = database()
        threading.current_thread().dbname = name  # type: ignore[attr-defined]
        with opened(Registry(name)) as environment:
            answer = made(environment, given["login"], {until: time.time() + given["seconds"]})
            environment.cr.rollback()
    sys.stdout.write(f"\n{given['mark']} {json.dumps(answer)}\n")


def made(environment: Any, login: str, limit: dict[str, float]) -> dict[str, Any]:
    """Make and store a session of the user with that login."""
    users = environment["res.users"].with_context(active_test=False)
    user = users.search([("login", "=", login)])
    if len(user) != 1:
        known = environment["res.users"].search([], limit=MOST_LOGINS, order="share, id")
        return {"refused": "unknown", "logins": known.mapped("login")}
    if not user.active:
        return {"refused": "archived"}
    user = user.with_user(user)
    store = odoo.http.root.session_store
    session = store.new()
    defaults = getattr(odoo.http, "get_default_session", dict)()
    values = {"db": environment.cr.dbname, "login": user.login, "uid": user.id}
    session.update({**defaults, **values, "context": dict(user.context_get()), **limit})
    session["session_token"] = user._compute_session_token(session.sid)  # noqa: SLF001 - Odoo's own
    store.save(session)
    ends = next(iter(limit.values()))
    return {"cookie": session.sid, "user": user.name, "uid": user.id, "ends": ends}


def database() -> str:
    """Return the configured database; Odoo 19 reads a list of them."""
    names = odoo.tools.config["db_name"]
    return names if isinstance(names, str) else names[0]


@contextlib.contextmanager
def opened(registry: Any) -> Iterator[Any]:
    """Open an environment of the superuser."""
    # Environments live in this context up to Odoo 14; later it is useless, then gone.
    manage = getattr(odoo.api.Environment, "manage", contextlib.nullcontext)
    with manage(), contextlib.closing(registry.cursor()) as cursor:
        yield odoo.api.Environment(cursor, ODOO_SUPERUSER, {})


main(*sys.argv[1:])
