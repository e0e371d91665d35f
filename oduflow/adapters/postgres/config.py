"""How the server is initialised, started and entered: pure text, no container, no socket.

The data folder lies below the named volume's mount point and appears there whole or not at all.
The image's entrypoint is never used: it wants the password in the environment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from oduflow.adapters.postgres.names import ADMIN, FIRST, MAINTENANCE

VOLUME_TARGET = "/var/lib/postgresql"
DATA_FOLDER = f"{VOLUME_TARGET}/cluster"
SOCKET_TARGET = "/run/oduflow"
CONFIG_TARGET = "/etc/oduflow"
HBA_NAME = "pg_hba.conf"
PORT = 5432
ALREADY_INITIALISED = 17  # exit code of `initdb_command` where a cluster exists

# initdb works beside the final folder, so that a killed run leaves nothing that looks finished.
# Odoo wants C collation; the builtin C.UTF-8 has it and keeps Unicode's letter cases, and no
# upgrade of the C library can reorder an index under it. What the command line says of a thing that
# only a start can change must not stand in the file too, or each reload calls that an error.
_INITDB = f"""
[ ! -e {DATA_FOLDER} ] || exit {ALREADY_INITIALISED}
rm -rf {DATA_FOLDER}.new
initdb --pgdata={DATA_FOLDER}.new --username={ADMIN} --pwfile="$1" \
    --auth-local=scram-sha-256 --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8
sed -i -E "/^(max_connections|shared_buffers) /d" {DATA_FOLDER}.new/postgresql.conf
mv -T {DATA_FOLDER}.new {DATA_FOLDER}
sync {VOLUME_TARGET}
"""


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """What an operator sizes.

    Attributes:
        max_connections: of all roles together; choose roles times their limit plus the reserve.
        admin_connections: how many of them only we may use.
        shared_buffers_mb: PostgreSQL's own cache, in MiB.
    """

    max_connections: int = 300
    admin_connections: int = 10
    shared_buffers_mb: int = 256


def initdb_command(password_file: str) -> tuple[str, ...]:
    """Make the cluster in its volume; argv of a one-off container run as the image's user.

    Args:
        password_file: path inside the container of a file that holds the admin's password.

    Returns:
        Entrypoint and arguments; they end with `ALREADY_INITIALISED` where a cluster exists.
    """
    return ("/bin/sh", "-euc", _INITDB, "initdb", password_file)


def server_command(settings: PostgresSettings) -> tuple[str, ...]:
    """Run the server in the foreground; argv of its container, as the image's user.

    The folder with `pg_hba.conf` is mounted read-only at `CONFIG_TARGET` (the folder: a mounted
    file would keep showing the old one after an atomic replace), the socket's at `SOCKET_TARGET`.
    """
    return (
        "postgres",
        "-D",
        DATA_FOLDER,
        *(word for name, value in _options(settings).items() for word in ("-c", f"{name}={value}")),
    )


def hba(team_subnets: Iterable[IPv4Network | IPv6Network]) -> str:
    """Write `pg_hba.conf`: SCRAM for everybody, the admin only by socket and only to our own.

    The first line that matches decides (PostgreSQL manual, “The pg_hba.conf File”). No line means
    no entry, so replication and unknown subnets are refused.
    """
    lines = [
        f"local {MAINTENANCE},{FIRST} {ADMIN} scram-sha-256",
        f"local all {ADMIN} reject",
        f"host all {ADMIN} all reject",
        "local all all scram-sha-256",
        *(f"host all all {subnet} scram-sha-256" for subnet in team_subnets),
    ]
    return "\n".join(lines) + "\n"


def _options(settings: PostgresSettings) -> dict[str, str]:
    return {
        "hba_file": f"{CONFIG_TARGET}/{HBA_NAME}",
        "listen_addresses": "*",
        "port": str(PORT),
        "unix_socket_directories": SOCKET_TARGET,
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "allow_alter_system": "off",
        "max_connections": str(settings.max_connections),
        "superuser_reserved_connections": str(settings.admin_connections),
        # A stranger who never finishes signing in holds a connection for this long.
        "authentication_timeout": "5s",
        "shared_buffers": f"{settings.shared_buffers_mb}MB",
        # A crash may lose the last moments of a disposable database, never its integrity.
        "synchronous_commit": "off",
        # A killed Odoo leaves no query behind.
        "client_connection_check_interval": "10s",
        # Without these DROP DATABASE can be blocked, and the server has no use for them.
        "max_prepared_transactions": "0",
        "max_replication_slots": "0",
        "max_wal_senders": "0",
        # Never “minimal”: a crash then sets sequences back behind their tables (seen), because
        # one made in the same transaction as its table is not in the log.
        "wal_level": "replica",
        # Tenants' statements and rows are their customers' data: neither is logged.
        "log_statement": "none",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
