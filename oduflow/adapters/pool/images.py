"""The images of teams: which team was given one, and where it is."""

from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.pool.image import PoolImage


@dataclass(frozen=True, slots=True)
class TeamImages:
    """The images of teams, each with its mount beside it.

    The marks that they were made are in a folder of their own, `<folder>.made`, so that they are
    there when that of the images is not, as a disk that was not mounted.

    Attributes:
        folder: the folder of images and mounts.
    """

    folder: Path

    @property
    def marks(self) -> Path:
        """The folder with a mark for each team that was given an image."""
        return self.folder.with_name(f"{self.folder.name}.made")

    @property
    def begun(self) -> bool:
        """Whether teams are given images."""
        return self.folder.is_dir() or self.marks.is_dir()

    def of(self, team: str) -> PoolImage:
        """Return a team's image, which need not exist."""
        return PoolImage(self.folder / f"{team}.img", self.folder / team, self.marks / team)

    def made(self) -> tuple[str, ...]:
        """List the teams that were given an image, also one that is lost."""
        images = {each.stem for each in self.folder.glob("*.img")}
        return tuple(sorted(images | {each.name for each in self.marks.glob("*")}))

    def size(self) -> int:
        """Return the bytes of the disk that all images take, also while they are being made."""
        drafts = {Path(each.stem).stem for each in self.folder.glob("*.img.new")}
        return sum(self.of(team).size for team in {*self.made(), *drafts})
