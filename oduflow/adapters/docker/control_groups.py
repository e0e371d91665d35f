"""One control group for each team, in which the engine puts the team's containers.

The kernel divides the processor between groups of one level first and inside them afterwards
(cgroups(7)). So a team that keeps ten containers busy gets no more than one that uses a single one;
without them every container counts for itself, beside one group for all of Docker.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.plan import Naming

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """The groups of an instance's teams.

    Attributes:
        naming: the instance.
        driver: returns the engine's cgroup driver: `cgroupfs`, `systemd` or `none`.
        root: where the kernel's groups are mounted.
    """

    naming: Naming
    driver: Callable[[], str]
    root: Path = ROOT

    def of(self, labels: Mapping[str, str]) -> str:
        """Return the parent group of a container with these labels; empty for the engine's own."""
        team = self.naming.own_labels(labels).get("team")
        if not team:
            return ""
        match self.driver():
            case "cgroupfs":
                return f"/{self.naming.instance}@{team}"
            case "systemd":  # where “a-b.slice” lies in “a.slice” (systemd.slice(5))
                instance, slice_ = (each.replace("-", "_") for each in (self.naming.instance, team))
                return f"{instance}-{slice_}.slice"
            case _:  # an engine without root has none to give
                return ""

    def remove(self) -> None:
        """Remove the groups that the engine leaves behind empty; systemd removes its own."""
        for group in sorted(self._folders(), reverse=True):
            with suppress(OSError):  # a container is in it
                group.rmdir()

    def _folders(self) -> Iterator[Path]:
        pattern = f"{self.naming.instance}@*"
        for hierarchy in (self.root, *self.root.glob("*/")):  # version 2, and each of version 1
            yield from hierarchy.glob(pattern)
