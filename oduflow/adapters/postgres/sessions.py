"""End the sessions of a database or of a role."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres.connection import Session

END_SECONDS = 5.0
_POLL_SECONDS = 0.002
_OF = Literal["database", "role"]
_END = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE {} = %s AND backend_type = 'client backend'
"""
_COLUMNS: Mapping[_OF, str] = MappingProxyType({"database": "datname", "role": "usename"})


def end(admin: Session, of: _OF, name: str, seconds: float = END_SECONDS) -> bool:
    """End every session of a database or of a role; return whether none is left.

    Without the time limit of pg_terminate_backend, which sleeps 100 ms for each session before it
    looks for the first time.
    """
    deadline = time.monotonic() + seconds
    statement = SQL(_END).format(Identifier(_COLUMNS[of]))
    while admin.run(statement, name) != [(0,)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
