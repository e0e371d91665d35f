"""What each team may fill, and what all of them together leave to the disk."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.pool.images import TeamImages
from oduflow.adapters.pool.space import HOST_KEEPS, PoolRules


@dataclass(frozen=True, slots=True)
class TeamLimits:
    """The limits of the teams' images.

    Attributes:
        data_dir: the server's own folder, which holds the images.
        images: the teams' images.
        rules: returns the current `[storage]`.
        configured: returns how many bytes each configured team may fill, 0 for a share of the disk.
        logs: returns how many bytes the logs of containers may take on the same disk.
        step: an image's first size in bytes, and by how much it grows.
    """

    data_dir: Path
    images: TeamImages
    rules: Callable[[], PoolRules]
    configured: Callable[[], Mapping[str, int]]
    logs: Callable[[], int]
    step: int

    def of(self, team: str) -> int:
        """Return how many bytes a team may fill at most.

        Without `disk_gb` it is an equal share of what the disk has for the teams without one. A
        team that is not configured keeps what it has.
        """
        configured, images = self.configured(), self.images
        if team not in configured:
            return images.of(team).size or self.step
        if configured[team]:
            return min(configured[team], self.together or configured[team])
        fixed = sum(configured.values())
        fixed += sum(images.of(each).size for each in images.made() if each not in configured)
        sharing = sum(not limit for limit in configured.values())
        share = max(0, self.capacity - fixed) // sharing
        return max(self.step, share // self.step * self.step)

    def now(self, team: str) -> int:
        """Return how many bytes a team's image may have now, beside those that others have."""
        images = self.images
        left = max(0, self.capacity - images.size())
        return max(self.step, min(self.of(team), images.of(team).size + left))

    @property
    def together(self) -> int:
        """The bytes that the configuration allows all images together; 0 without a limit."""
        return self.rules().pool_max_gb << 30

    @property
    def capacity(self) -> int:
        """The bytes that all images may have together."""
        free = shutil.disk_usage(self.data_dir).free
        most = self.images.size() + max(0, free - self.keeps())
        return min(most, self.together or most)

    @property
    def promised(self) -> int:
        """The bytes that the configuration gives to teams with `disk_gb`."""
        return sum(self.configured().values())

    def keeps(self) -> int:
        """Return the bytes that growth leaves free on the disk, for the store and for logs."""
        return HOST_KEEPS + self.logs()
