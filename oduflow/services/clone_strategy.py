"""How a database is copied: by its size, and by whether its disk shares blocks."""

from oduflow.adapters.postgres.databases import Strategy
from oduflow.services.server.infrastructure import Infrastructure

CLONE_WAIT_SECONDS = 1800.0  # a place frees as soon as one copy is done, and one may be large
FILE_COPY_FROM = 256 << 20  # bytes of a source from which copying files beats writing WAL


def clone_strategy(infrastructure: Infrastructure, team: str, size: int) -> Strategy:
    """Choose how to copy a database of a team, of `size` bytes."""
    server = infrastructure.databases.servers[team]
    return "file_copy" if server.shares_blocks() or size >= FILE_COPY_FROM else "wal_log"
