"""The output store: a file for each output, `outputs/<team>/<handle>.<environment's id>`.

That of an image has `.png` behind it. The name holds the owner, so that no file is opened to decide
who may read it or when it goes.
"""

import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

from oduflow.domain.counting import binary_size
from oduflow.domain.errors import QuotaReached
from oduflow.domain.names import new_id
from oduflow.domain.output import OUTPUT_DAYS, OUTPUTS_OF_A_TEAM
from oduflow.files.private import make_folder, replace_file, writing
from oduflow.files.regular import read_bytes, read_regular

MAX_BYTES = 4 << 20  # of one output
MAX_TEAM_BYTES = 128 << 20
_DAY_SECONDS = 86_400
_GAP_BYTES = 100
_IMAGE = ".png"


class OutputFiles:
    """Implements `kernel.ports.OutputStore` below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @writing()
    def keep(self, content: str | bytes, *, team: str, environment: str) -> str:
        """Store an output and remove the team's oldest beyond its limits; return the handle.

        Args:
            content: a text, or the bytes of an image.
            team: whose.
            environment: the id of the environment that it is about; empty for none.

        Raises:
            QuotaReached: the image is too large, or the disk is full.
            UpstreamFailed: the folder cannot be written.
        """
        handle, is_image = new_id(), isinstance(content, bytes)
        kept = content if isinstance(content, bytes) else capped(content.encode("utf-8", "replace"))
        if len(kept) > MAX_BYTES:
            raise QuotaReached(
                f"The image has {binary_size(len(kept))}, and at most {binary_size(MAX_BYTES)} "
                "are kept.",
                "Make a smaller one.",
            )
        folder = make_folder(self._folder / team)
        self._make_room(folder, len(kept))
        replace_file(folder / f"{handle}.{environment}{_IMAGE if is_image else ''}", kept)
        return handle

    def environment(self, team: str, handle: str) -> str | None:
        """Return the id of the environment that a text is about; None for an absent text."""
        found = self._find(team, handle)
        return None if found is None else _owner(found)

    def read(self, team: str, handle: str) -> str | None:
        """Return a text, or None when the team has none of that handle."""
        found = self._find(team, handle)
        return None if found is None or _is_image(found) else read_regular(found, MAX_BYTES)

    def read_image(self, team: str, handle: str) -> bytes | None:
        """Return an image, or None when the team has none of that handle."""
        found = self._find(team, handle)
        return read_bytes(found, MAX_BYTES) if found is not None and _is_image(found) else None

    def prune(self, environments: Callable[[], AbstractSet[str]]) -> int:
        """Remove texts that are too old, or of environments that are gone; return how many.

        Args:
            environments: returns the ids of all environments. It is called after the texts are
                listed: the environment of a listed text is among them unless it was deleted.
        """
        oldest = time.time() - OUTPUT_DAYS * _DAY_SECONDS
        stored = [path for team in _entries(self._folder) for path in _entries(team)]
        known = environments() | {""}
        removed = 0
        for path in stored:
            with suppress(FileNotFoundError):  # another thread removed it
                if path.stat().st_mtime < oldest or not (_is_new(path) or _owner(path) in known):
                    path.unlink()
                    removed += 1
        return removed

    def _find(self, team: str, handle: str) -> Path | None:
        for path in _entries(self._folder / team):
            if not _is_new(path) and path.name.partition(".")[0] == handle:
                return path
        return None

    def _make_room(self, folder: Path, size: int) -> None:
        by_age = sorted(_sizes(folder), reverse=True)
        for number, (_, path, taken) in enumerate(by_age, 1):
            size += taken
            if number >= OUTPUTS_OF_A_TEAM or size > MAX_TEAM_BYTES:
                path.unlink(missing_ok=True)


def capped(content: bytes) -> bytes:
    """Return a text's beginning and end, with a line in between that says what was left out."""
    if len(content) <= MAX_BYTES:
        return content
    half = (MAX_BYTES - _GAP_BYTES) // 2
    head = content[:half].rpartition(b"\n")[0] or content[:half]
    tail = content[-half:].partition(b"\n")[2] or content[-half:]
    left_out = len(content) - len(head) - len(tail)
    return b"%s\n[%d bytes are omitted here.]\n%s" % (head, left_out, tail)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _sizes(folder: Path) -> Iterator[tuple[int, Path, int]]:
    """Yield modification time, path and size of each stored text."""
    for path in _entries(folder):
        with suppress(FileNotFoundError):  # another thread removed it
            facts = path.stat()
            yield facts.st_mtime_ns, path, facts.st_size


def _owner(path: Path) -> str:
    return path.name.split(".")[1]


def _is_image(path: Path) -> bool:
    return path.name.endswith(_IMAGE)


def _is_new(path: Path) -> bool:
    """Whether it is the unfinished file of `replace_file`."""
    return path.name.startswith(".")
