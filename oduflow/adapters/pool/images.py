"""The images of teams: which team was given one, and where it is."""

from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.pool.image import PoolImage


@dataclass(frozen=True, slots=True)
class TeamImages:
    """A folder with an image for each team, the mark that it was made, and its mount beside it."""

    folder: Path

    def of(self, team: str) -> PoolImage:
        """Return a team's image, which need not exist."""
        return PoolImage(self.folder / f"{team}.img", self.folder / team)

    def made(self) -> tuple[str, ...]:
        """List the teams that were given an image, also one that is lost."""
        found = (*self.folder.glob("*.img"), *self.folder.glob("*.made"))
        return tuple(sorted({each.stem for each in found}))

    def size(self) -> int:
        """Return the bytes of the disk that all images take, also while they are being made."""
        teams = {*self.made(), *(Path(each.stem).stem for each in self.folder.glob("*.img.new"))}
        return sum(self.of(team).size for team in teams)
