"""What the server itself leaves: throw-away containers, databases, its own folders."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.domain.plan import Naming
from oduflow.services.recoverable import Leftover, Recoverable


@dataclass(frozen=True, slots=True)
class ServerRecovery(Recoverable):
    """Implements `Recoverable` for what belongs to no noun alone."""

    naming: Naming
    containers: Containers
    cluster: Cluster
    folders: ClassVar[tuple[str, ...]] = ("audit", "failpoints", "postgres", "sample")

    def pieces(self) -> Iterator[tuple[str, Leftover]]:
        """Find throw-away containers and databases, each with the id of its template or other."""
        for container in self.containers.list(self.naming.labels("once")):
            owner = self.naming.own_labels(container.labels).get("id", "")
            yield owner, Leftover("Container", container.name, f"docker rm -f {container.name}")
        for database in sorted(self.cluster.databases()):
            yield database.partition("_")[2], Leftover("Database", database)
