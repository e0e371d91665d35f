"""An environment in memory, and short ways to change what it holds and to look at it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.filestore import layers_of
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld


@dataclass
class EnvironmentContents:
    """What an environment holds: a text in each of its parts."""

    world: MemoryWorld
    process: Process
    name: str = "sale"

    @property
    def row(self) -> Any:
        found = self.process.deps.store.environments.get("1", self.name)
        assert found is not None
        return found

    @property
    def plan(self) -> EnvironmentPlan:
        return EnvironmentPlan.of(self.world.naming, self.row)

    @property
    def _files(self) -> tuple[Path, Path]:
        upper = layers_of(self.process.deps.engine.volumes, self.plan).upper
        return upper / "written", self.plan.checkout / "edited"

    def write(self, text: str) -> None:
        """Write a text into database, filestore and checkout."""
        self.world.postgres.change(self.plan.database, secret=text)
        for file in self._files:
            file.write_text(text)

    def spoil(self, part: str) -> None:
        """Write a text into one part alone: `database`, `filestore` or `checkout`."""
        if part == "database":
            self.world.postgres.change(self.plan.database, secret="spoiled")
        else:
            self._files[part == "checkout"].write_text("spoiled")

    def read(self) -> set[str]:
        """Return the texts of the three parts: one when they are of the same moment."""
        texts = {file.read_text() if file.exists() else "" for file in self._files}
        return {self.world.postgres.databases[self.plan.database].secret, *texts}

    @property
    def status(self) -> str:
        return self.world.engine.containers[self.plan.container].status

    def snapshots(self, process: Process | None = None) -> list[str]:
        listed = (process or self.process).ok("list_snapshots", name=self.name)
        return [each.name for each in listed.snapshots]
