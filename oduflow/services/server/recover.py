"""Find leftovers that belong to no single noun: one-off containers, databases, folders."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from oduflow.adapters.docker.containers import Containers
from oduflow.domain.plan import Naming, environment_of
from oduflow.files.process_mark import is_used
from oduflow.services.recoverable import Leftover, Recoverable, of_one_team
from oduflow.services.server.databases import Databases


@dataclass(frozen=True, slots=True)
class ServerRecovery(Recoverable):
    """Implements `Recoverable` for one-off containers, databases and the server's folders."""

    naming: Naming
    containers: Containers
    databases: Databases
    folders: ClassVar[tuple[str, ...]] = (
        "audit",
        "failpoints",
        "postgres",
        "rate_limits",
        "sample",
        "scratch",
    )

    def prune(self) -> int:
        """Remove the scratch folders of processes that were killed; return how many."""
        removed, prefix = _prune(self.naming.scratch), self.naming.team_folder("").name
        for folder in sorted(self.naming.data_dir.glob(f"{prefix}*")):
            with of_one_team(folder.name.removeprefix(prefix), "scratch folders"):
                removed += _prune(folder / "scratch")
        return removed

    def pieces(self) -> Iterator[tuple[str, Leftover]]:
        """Find one-off containers and databases, each with the id of its row."""
        for container in self.containers.list(self.naming.labels("once")):
            owner = self.naming.own_labels(container.labels).get("id", "")
            yield owner, Leftover("Container", container.name, f"docker rm -f {container.name}")
        for team in self.databases.servers:
            for database in sorted(self.databases.names(team)):
                yield environment_of(database), Leftover("Database", database)


def _prune(scratch: Path) -> int:
    removed = 0
    for folder in sorted(scratch.iterdir()) if scratch.is_dir() else ():
        if not is_used(folder):
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed
