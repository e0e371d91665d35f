"""The journal of a move into the pool: one row a team, from before its first step to its end.

A volume is moved in steps, of which each leaves what the next one, or a recovery, recognises:

1. its files are copied to a draft in the pool and compared, while nothing uses them;
2. the draft gets the name of the volume's folder in the pool, complete or not at all;
3. its files are renamed into another volume, the former one: from here on the copy counts;
4. the volume, now without files, is removed and made again, bound to its folder in the pool;
5. once the team's PostgreSQL serves, the former volume is removed.

Between 3 and 4 the volume has no files: nothing can start on it, and nothing makes it anew, because
no container is created with a volume that is missing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from oduflow.adapters.locks import FileLocks
from oduflow.adapters.store import Facts
from oduflow.domain.errors import Busy
from oduflow.kernel.locks import LockKey

RESERVE_WAIT_SECONDS = 5.0  # others of the team hold it only while they write a row

_KEY = "storage.move."  # and the team


@dataclass(frozen=True, slots=True)
class MovedVolume:
    """A volume that is being moved, with the labels to make it again."""

    name: str
    labels: dict[str, str]

    @property
    def former(self) -> str:
        """The volume that keeps the files as they were until the team's PostgreSQL serves."""
        return f"{self.name}-former"


@dataclass(frozen=True, slots=True)
class Move:
    """One team's move.

    Attributes:
        team: whose volumes.
        volumes: those that are outside the pool when it begins.
        environments: those that have a container, by id, and whether it runs.
    """

    team: str
    volumes: tuple[MovedVolume, ...]
    environments: dict[str, bool] = field(default_factory=dict)

    def save(self, facts: Facts) -> None:
        """Write the row."""
        facts.set(_KEY + self.team, json.dumps(asdict(self)))

    def remove(self, facts: Facts) -> None:
        """Remove the row: everything is settled."""
        facts.remove(_KEY + self.team)


def load_move(facts: Facts, team: str) -> Move | None:
    """Return the team's move that has begun, None when there is none."""
    text = facts.get(_KEY + team)
    if text is None:
        return None
    read = json.loads(text)
    volumes = tuple(MovedVolume(**each) for each in read["volumes"])
    return Move(team, volumes, read["environments"])


def refuse_during_move(facts: Facts, team: str) -> None:
    """Refuse work on volumes that a move, which was cut off, has not settled yet.

    Raises:
        Busy: the team's move is not settled; the reconcile loop settles it.
    """
    if load_move(facts, team) is not None:
        raise Busy(
            f"The volumes of team {team} are being moved into the pool.",
            "Call again in a minute.",
        )


@contextmanager
def holding_off_moves(locks: FileLocks, facts: Facts, team: str) -> Iterator[None]:
    """Let no move of the team begin while the block writes a row, which a move then sees.

    Without it a move could begin between the check and the row, and stop PostgreSQL under work
    that it does not know of.

    Raises:
        Busy: a move of the team goes on, or is not settled.
    """
    refuse_during_move(facts, team)
    held = locks.acquire(LockKey.storage(team), "a creation", wait=RESERVE_WAIT_SECONDS)
    try:
        refuse_during_move(facts, team)
        yield
    finally:
        held.release()
