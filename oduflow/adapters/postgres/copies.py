"""Prove that a database is an unused copy of a snapshot, without a session in either.

A copy has the files of its source, by name and size. They are compared as soon as the copy is made,
and a comment on the database then keeps what they are: it goes with the database through a rename
and a kill of PostgreSQL, and no copy gets it. The copy admits no session until it is proven, so
nothing can have changed what is in its files. Contents are not compared.
"""

import hashlib
import re
from collections.abc import Callable

from psycopg.sql import SQL, Identifier, Literal

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.databases import Strategy
from oduflow.adapters.postgres.names import tenant_name
from oduflow.domain.errors import UpstreamFailed

_INIT = "_init"
_NODE = re.compile("[_.]")  # ends the number of a relation's file

Files = dict[str, int]
"""The size of each file of relations, and of the map of the system's own, by name."""

# Without temporary tables, which are not copied, and the cache that PostgreSQL makes anew.
_FILES = r"""
    SELECT name, (pg_stat_file(folder || '/' || name, true)).size
    FROM (SELECT 'base/' || oid AS folder FROM pg_database WHERE datname = %s) AS found,
         pg_ls_dir(folder) AS name
    WHERE name ~ '^[0-9]+(_[a-z]+)?([.][0-9]+)?$' OR name = 'pg_filenode.map'
"""
_IS_ADMITTING = "SELECT datallowconn FROM pg_database WHERE datname = %s"
_COMMENT_OF_UNUSED = """
    SELECT shobj_description(oid, 'pg_database') FROM pg_database
    WHERE datname = %s AND NOT datallowconn AND NOT datistemplate
        AND pg_get_userbyid(datdba) = datname
"""


def copy_proven(
    admin: Session, source: str, copy: str, strategy: Strategy, make: Callable[[], None]
) -> None:
    """Make a copy, and compare it with its source.

    Raises:
        UpstreamFailed: the copy is not whole.
    """
    before = _files(admin, source)
    make()
    made, after = _files(admin, copy), _files(admin, source)
    # The source has others before if PostgreSQL first removes files of dropped tables, and after if
    # autovacuum has come to a snapshot that was in use.
    if not any(_is_whole(made, each, strategy) for each in (before, after)):
        raise UpstreamFailed(
            "PostgreSQL's copy of the snapshot does not have the snapshot's files.",
            "Nothing was changed. Look at the disk and at PostgreSQL's log, then call again.",
        )
    comment = Literal(_comment(source, made))
    admin.run(SQL("COMMENT ON DATABASE {} IS {}").format(Identifier(tenant_name(copy)), comment))


def is_copy(admin: Session, database: str, source: str) -> bool:
    """Whether a database is its role's, and a copy of `source` that admitted no session since.

    One that admits sessions was proven before: `snapshots.admit` is called for no other.
    """
    if admin.run(_IS_ADMITTING, tenant_name(database)) == [(True,)]:
        return True
    found = admin.run(_COMMENT_OF_UNUSED, tenant_name(database))
    return found == [(_comment(source, _files(admin, database)),)]


def _files(admin: Session, database: str) -> Files:
    return {name: int(size or 0) for name, size in admin.run(_FILES, tenant_name(database))}


def _is_whole(copy: Files, source: Files, strategy: Strategy) -> bool:
    """Compare the files; `wal_log` copies relations, so not what a crash left of a table."""
    if strategy == "file_copy":
        return copy == source
    return bool(copy) and copy.items() <= source.items()


def _comment(source: str, files: Files) -> str:
    lasting = sorted(_lasting(files).items())
    digest = hashlib.sha256(repr(lasting).encode()).hexdigest()
    return f"oduflow: copy of {source}, {digest}"


def _lasting(files: Files) -> Files:
    """Leave out what a crash of PostgreSQL empties: all of an unlogged relation but its init fork.

    Source: section "The Initialization Fork" of PostgreSQL's manual.
    """
    unlogged = {name.removesuffix(_INIT) for name in files if name.endswith(_INIT)}
    return {
        name: size
        for name, size in files.items()
        if name.endswith(_INIT) or _NODE.split(name, maxsplit=1)[0] not in unlogged
    }
