"""Find what a kill left in the pools."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.pool.pools import Pools
from oduflow.services.recoverable import Leftover, Recoverable, Stray


@dataclass(frozen=True, slots=True)
class PoolRecovery(Recoverable):
    """Finds folders in the pools whose volume is gone, as after a kill between the two removals."""

    pools: Pools
    volumes: Volumes

    def strays(self, adoptable: AbstractSet[str]) -> Iterator[Stray]:  # noqa: ARG002
        """Find folders without a volume."""
        folders = {folder: name for name, folder in self.pools.folders()}
        # Listed after the folders, so that a volume in creation is not missed.
        known = {each.name for each in self.volumes.list({})} if folders else set()
        for folder, name in folders.items():
            if name not in known:
                removal = f"rm -r {folder}"
                yield Stray(Leftover("Folder", name, removal))
