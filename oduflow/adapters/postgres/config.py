"""The server's command lines, options and access rules, as pure text.

The data folder is below the named volume's mount point, and appears there complete or not at all.
The image's entrypoint is never used, because it needs the password in the environment.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from oduflow.adapters.postgres.names import ADMIN, EMPTY, FIRST, MAINTENANCE, READER_PREFIX
from oduflow.domain.connections import ADMIN_CONNECTIONS, places

VOLUME_TARGET = "/var/lib/postgresql"
DATA_FOLDER = f"{VOLUME_TARGET}/cluster"
SOCKET_TARGET = "/run/oduflow"
CONFIG_TARGET = "/etc/oduflow"
HBA_NAME = "pg_hba.conf"
PORT = 5432
SCRAM_ITERATIONS = 1  # of each password's verifier; all passwords are random secrets
ALREADY_INITIALISED = 17  # exit code of `initdb_command` when a cluster exists

# initdb works beside the final folder, so that a killed run leaves no folder that looks complete.
# Odoo needs C collation; the builtin C.UTF-8 has it, knows Unicode's letter cases, and no upgrade
# of the C library can change its order below an index. An option of the command line that only a
# restart can change is removed from the file, or each reload would report it as an error.
_INITDB = f"""
[ ! -e {DATA_FOLDER} ] || exit {ALREADY_INITIALISED}
rm -rf {DATA_FOLDER}.new
initdb --pgdata={DATA_FOLDER}.new --username={ADMIN} --pwfile="$1" \
    --auth-local=scram-sha-256 --auth-host=scram-sha-256 --set=scram_iterations={SCRAM_ITERATIONS} \
    --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8
sed -i -E "/^(max_connections|shared_buffers) /d" {DATA_FOLDER}.new/postgresql.conf
mv -T {DATA_FOLDER}.new {DATA_FOLDER}
sync {VOLUME_TARGET}
"""

_PAGE = 8192
# The engine's own limit would hold for its start program too, which needs more (seen: runc).
_LIMITED = 'ulimit -d "$1"; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """The sizes of one team's server.

    Attributes:
        memory_mb: the limit of its container in MiB; caches and work areas are parts of it.
        max_connections: of all roles together, the superuser's reserve included.
        admin_connections: how many of them are reserved for the superuser.
    """

    memory_mb: int = 1024
    max_connections: int = places(20)
    admin_connections: int = ADMIN_CONNECTIONS

    @property
    def shared_memory(self) -> int:
        """The size of /dev/shm in bytes, which parallel queries use."""
        return self.memory_mb // 4 << 20

    @property
    def process_memory(self) -> int:
        """What each process may allocate for itself, in bytes (RLIMIT_DATA, setrlimit(2)).

        PostgreSQL answers “out of memory” beyond it, to that session only. Without it the kernel
        kills a process of the full container, which ends all sessions. An installation of Odoo 19
        with account, stock and website needs 38 MiB.
        """
        return max(64, self.memory_mb // 8) << 20

    @property
    def notify_pages(self) -> int:
        """How many pages of 8 KiB unread notifications may fill on disk, by default 8 GiB.

        It is four times what one transaction can send. A transaction that finds no room leaves
        its notifications in the queue without waking the listeners, so one that could fill the
        whole queue would block it until every listener has ended (seen in PostgreSQL 18).
        """
        return 4 * self.process_memory // _PAGE

    @property
    def processes(self) -> int:
        """The limit of processes: PostgreSQL admits twice the connections before it checks them."""
        return 2 * self.max_connections + 64


def initdb_command(password_file: str) -> tuple[str, ...]:
    """Return the command that makes the cluster, for a one-off container as the image's user.

    Args:
        password_file: path inside the container of a file that holds the admin's password.

    Returns:
        Entrypoint and arguments; the exit code is `ALREADY_INITIALISED` when a cluster exists.
    """
    return ("/bin/sh", "-euc", _INITDB, "initdb", password_file)


def server_command(settings: PostgresSettings) -> tuple[str, ...]:
    """Return the command that runs the server in the foreground, as the image's user.

    The folder with `pg_hba.conf` is mounted read-only at `CONFIG_TARGET`, the socket's folder at
    `SOCKET_TARGET`. A mounted file would not change when the file is replaced atomically.
    """
    return (
        *("/bin/sh", "-euc", _LIMITED, "postgres", str(settings.process_memory >> 10)),
        "postgres",
        "-D",
        DATA_FOLDER,
        *(word for name, value in _options(settings).items() for word in ("-c", f"{name}={value}")),
    )


def hba(subnet: IPv4Network | IPv6Network) -> str:
    """Return `pg_hba.conf`: the superuser by socket only, tenants from their team's network.

    A tenant enters the database that is named like its role and the one of Odoo's bus; a CONNECT
    that a tenant grants on its own database admits no other role. By socket the control plane
    enters a tenant's database as its role, or as the role that only reads it; CONNECT decides which
    database that one enters.

    The first matching line decides (PostgreSQL manual, “The pg_hba.conf File”). Without a matching
    line a connection is refused, which excludes replication and other subnets.
    """
    lines = [
        f"local {MAINTENANCE},{FIRST},{EMPTY} {ADMIN} scram-sha-256",
        f"local all {ADMIN} reject",
        f"host all {ADMIN} all reject",
        f"local all /^{READER_PREFIX}env_[a-z0-9_]+$ scram-sha-256",
        f"local sameuser,{FIRST} all scram-sha-256",
        f"host sameuser,{FIRST} all {subnet} scram-sha-256",
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
        # Iterations slow down guesses at passwords that people choose, and each sign-in.
        "scram_iterations": str(SCRAM_ITERATIONS),
        "allow_alter_system": "off",
        "max_connections": str(settings.max_connections),
        "superuser_reserved_connections": str(settings.admin_connections),
        # A client that never finishes signing in occupies a connection for this long.
        "authentication_timeout": "5s",
        "shared_buffers": f"{settings.memory_mb // 8}MB",
        "work_mem": f"{max(1, settings.memory_mb // 256)}MB",
        "maintenance_work_mem": f"{settings.memory_mb // 16}MB",
        # A provider that does not exist: compiled queries need much memory, and the compiler ends
        # its process when it gets none. No tenant can change this, unlike `jit`.
        "jit_provider": "none",
        # What a session may write in a sort or an index build; it grows with the server.
        "temp_file_limit": f"{settings.memory_mb}MB",
        "max_notify_queue_pages": str(settings.notify_pages),
        # What a person has saved in Odoo stays, also when the kernel kills the server.
        "synchronous_commit": "on",
        # One call for the whole file system before recovery begins. By default each file of the
        # data folder is synchronised: 25 s for 31,000 of them, and a team can have 200,000.
        "recovery_init_sync_method": "syncfs",
        # FILE_COPY lets the kernel copy, which shares blocks on a file system with reflinks.
        "file_copy_method": "clone",
        # Ends the query of an Odoo that was killed.
        "client_connection_check_interval": "10s",
        # A team's idle server is small: no processes for asynchronous reads and replication, and
        # few locks of SERIALIZABLE transactions, which Odoo never opens.
        "io_method": "sync",
        "max_logical_replication_workers": "0",
        "max_pred_locks_per_transaction": "10",
        # Each of these can block DROP DATABASE, and the product uses none.
        "max_prepared_transactions": "0",
        "max_replication_slots": "0",
        "max_wal_senders": "0",
        # Never “minimal”: a crash then sets sequences back behind their tables (seen), because
        # one made in the same transaction as its table is not in the log.
        "wal_level": "replica",
        # Tenants' statements and rows are customers' data, which must not be logged.
        "log_statement": "none",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
