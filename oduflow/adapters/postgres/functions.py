"""The functions that fill what the whole cluster shares: revoked, or limited for each session.

The lock table has a fixed size for all databases together, and a full one refuses every sign-in.
A session of `SELECT pg_advisory_lock(g) FROM generate_series(…)` filled it in less than a second.
Neither Odoo 14 nor Odoo 19 calls an advisory lock, and both switch off psycopg's large objects. A
few addons take advisory locks that end with their transaction, so these stay, up to a limit.

Rights on functions of `pg_catalog` belong to one database. A copy has those of its source.
"""

from psycopg.sql import SQL, Identifier, Literal

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import LOCKS
from oduflow.adapters.postgres.roles import exists

LOCKS_PER_SESSION = 200  # a role's 20 sessions hold less than half of the smallest lock table

_ADVISORY = "^pg_(try_)?advisory_(xact_)?lock"
# Each large object takes a lock when it is deleted. In `postgres` they would also use disk that no
# quota counts, and keep their owner's role from being dropped.
_LARGE_OBJECT_MAKERS = ("lo_creat", "lo_create", "lo_from_bytea")
_LIMITED = {"pg_advisory_xact_lock": "void", "pg_try_advisory_xact_lock": "boolean"}
_ARGUMENTS = {"bigint": "$1", "integer, integer": "$1, $2"}
_ORIGINAL = "oduflow_original_"

_HOARDING = """
    SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND (proname ~ %s OR proname = ANY (%s))
"""
# A built-in function is executed by its number, and its row in pg_proc is ignored. So the original
# is renamed, and its name given to a new function, which counts before it calls the original.
_LIMIT = """
    CREATE FUNCTION pg_catalog.{name}({arguments}) RETURNS {result}
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS {body}
"""
_BODY = """
    BEGIN
        IF (
            SELECT count(*) FROM pg_lock_status() AS held
            WHERE held.pid = pg_backend_pid() AND held.locktype = 'advisory'
        ) >= {limit} THEN
            RAISE EXCEPTION 'a session of this server holds at most {limit} advisory locks'
            USING ERRCODE = 'configuration_limit_exceeded';
        END IF;
        {call} {original}({values});
    END
"""
# pg_dump leaves out the rights that are noted as those of the installation. Without the note, a
# dump would change rights on these functions in the server that it is restored to.
_FORGET_RIGHTS = """
    DELETE FROM pg_init_privs WHERE classoid = 'pg_proc'::regclass AND objoid IN (
        SELECT oid FROM pg_proc WHERE proacl IS NOT NULL
        AND pronamespace = 'pg_catalog'::regnamespace
    )
"""
_NOTE_RIGHTS = """
    INSERT INTO pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
    SELECT oid, 'pg_proc'::regclass, 0, 'i', proacl FROM pg_proc
    WHERE proacl IS NOT NULL AND pronamespace = 'pg_catalog'::regnamespace
"""


def revoke_hoarding(session: Session) -> None:
    """Revoke every lock function and every maker of large objects from PUBLIC, in this database."""
    for (signature,) in session.run(_HOARDING, _ADVISORY, list(_LARGE_OBJECT_MAKERS)):
        session.run(SQL("REVOKE ALL ON FUNCTION {} FROM PUBLIC").format(SQL(signature)))


def limit_locks(session: Session) -> None:
    """Replace the locks that addons need by functions that count, in this database.

    They run as a role that cannot sign in and owns nothing else. The caller's transaction makes
    all of them or none.
    """
    if not exists(session, LOCKS):
        session.run(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(LOCKS)))
    for name, result in _LIMITED.items():
        for arguments, values in _ARGUMENTS.items():
            _limit(session, name, result, arguments, values)
    session.run("SET LOCAL allow_system_table_mods = on")
    session.run(_FORGET_RIGHTS)
    session.run(_NOTE_RIGHTS)


def _limit(session: Session, name: str, result: str, arguments: str, values: str) -> None:
    original, role, types = Identifier(_ORIGINAL + name), Identifier(LOCKS), SQL(arguments)
    body = _BODY.format(
        limit=LOCKS_PER_SESSION,
        call="PERFORM" if result == "void" else "RETURN",
        original=_ORIGINAL + name,
        values=values,
    )
    parts = {"name": Identifier(name), "original": original, "arguments": types, "role": role}
    for statement in (
        "ALTER FUNCTION pg_catalog.{name}({arguments}) RENAME TO {original}",
        "GRANT EXECUTE ON FUNCTION pg_catalog.{original}({arguments}) TO {role}",
    ):
        session.run(SQL(statement).format(**parts))
    session.run(SQL(_LIMIT).format(**parts, result=SQL(result), body=Literal(body)))
    session.run(
        SQL("ALTER FUNCTION pg_catalog.{name}({arguments}) OWNER TO {role}").format(**parts)
    )
