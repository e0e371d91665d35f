"""The programs that read and restore a dump, in a container of PostgreSQL's image.

The dump comes through a named pipe: no copy of it is needed, its reader needs no right to the file,
and what has been read is the progress. pg_restore opens a file twice, which a pipe does not allow,
so it reads its standard input.
"""

from oduflow.adapters.postgres.dump_scan import MAX_MODULES, NAME_LENGTH

FOLDER = "/run/restore"  # mounted, with the pipe and the password
PIPE = "input"
PASSWORDS = "pgpass"
_FROM_PIPE = f'exec "$@" <{FOLDER}/{PIPE}'
# What belongs to the server or to roles that are not here; ours are already right.
_LEFT_OUT = (
    "--no-owner",
    "--no-acl",
    "--no-comments",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-tablespaces",
)
_MODULES = "ir_module_module"
# Prints name, state and version of so many rows. Rows hold whole web pages of description.
_COLUMNS = r"""
/^COPY / {
    sub(/^[^(]*\(/, ""); sub(/\).*/, ""); gsub(/"/, "")
    for (i = split($0, column, ", "); i > 0; i--) place[column[i]] = i
    rows = 1; next
}
/^\\\.$/ { exit }
rows {
    split($0, value, "\t")
    print short("name") "\t" short("state") "\t" short("latest_version")
    if (++printed == most) exit
}
function short(column_name) { return substr(value[place[column_name]], 1, longest) }
"""
_READ = (
    f"pg_restore --data-only --table={_MODULES} --file=- <{FOLDER}/{PIPE} | "
    f'awk -v most={MAX_MODULES} -v longest={NAME_LENGTH} "$1"'
)

Command = tuple[str, ...]


def list_content() -> Command:
    """Return the command that prints the list of a dump in custom format."""
    return _piped("pg_restore", "--list")


def read_modules() -> Command:
    """Return the command that prints name, state and version of each module, tab-separated."""
    return ("/bin/sh", "-euc", _READ, "read", _COLUMNS)


def restore_custom(connection: str) -> Command:
    """Return the command that restores a dump in custom format.

    Args:
        connection: libpq's connection string, without a password.
    """
    return _piped("pg_restore", "--no-password", *_LEFT_OUT, f"--dbname={connection}")


def restore_plain(connection: str) -> Command:
    """Return the command that restores the output of `dump_filter.restricted`.

    Args:
        connection: libpq's connection string, without a password.
    """
    return _piped(
        *("psql", "--no-psqlrc", "--quiet", "--no-password"),
        *("--output=/dev/null", "--file=-", f"--dbname={connection}"),
    )


def connection_string(host: str, database: str) -> str:
    """Return the connection string of a tenant, whose role has the name of its database."""
    return f"host={host} dbname={database} user={database} require_auth=scram-sha-256"


def environment() -> dict[str, str]:
    """Return the variables of the programs; the password is in a file.

    A crash of the server loses the whole import, so no statement waits for the disk: what follows
    does, and the log is in order.
    """
    return {
        "PGPASSFILE": f"{FOLDER}/{PASSWORDS}",
        "PGOPTIONS": "-c synchronous_commit=off",
        "HOME": "/",
        "LC_ALL": "C.UTF-8",
    }


def _piped(*program: str) -> Command:
    return ("/bin/sh", "-euc", _FROM_PIPE, "restore", *program)
