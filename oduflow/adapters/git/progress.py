"""The parser of git's standard error: progress for the caller, the last lines for an error."""

import re
import time
from collections.abc import Callable

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")
_BREAKS = re.compile(rb"[\r\n]+")
# Only git's own stages are passed on: a server may send any text as "remote: …".
_STAGE = re.compile(
    r"(?:remote: )?((?:Enumerating|Counting|Compressing|Receiving|Unpacking) objects"
    r"|Resolving deltas|Updating files): +(\d+%.*|\d+.*)"
)
_REST = re.compile(r"[\w%()/., |-]*")
_REPORT_SECONDS = 0.5
_LINE_BYTES = 500
_KEPT_LINES = 60


class StderrParser:
    """Parses git's standard error as it arrives.

    Args:
        on_stage: gets "Receiving objects: 45% (450/1000), 1.20 MiB | 800.00 KiB/s", at most
            twice a second within a stage, and the first line of each stage.
    """

    def __init__(self, on_stage: Callable[[str], None] | None = None) -> None:
        self._on_stage = on_stage
        self._pending = b""
        self._kept: list[str] = []
        self._stage = ""
        self._reported_at = 0.0

    def feed(self, chunk: bytes) -> None:
        """Add the next bytes."""
        *lines, rest = _BREAKS.split(self._pending + chunk)
        self._pending = rest[-_LINE_BYTES:]
        for line in lines:
            self._read(line)

    def text(self) -> str:
        """Return the last lines that were not progress, without control characters."""
        self.feed(b"\n")
        return "\n".join(self._kept)

    def _read(self, raw: bytes) -> None:
        line = _ESCAPES.sub(b"", raw)[:_LINE_BYTES].decode(errors="replace").strip()
        line = "".join(character for character in line if character.isprintable())
        found = _STAGE.fullmatch(line)
        if found and _REST.fullmatch(found[2]):
            self._report(found[1], found[2])
        elif line:
            self._kept = [*self._kept[1 - _KEPT_LINES :], line]

    def _report(self, stage: str, rest: str) -> None:
        now = time.monotonic()
        if self._on_stage and (stage != self._stage or now - self._reported_at >= _REPORT_SECONDS):
            self._stage, self._reported_at = stage, now
            self._on_stage(f"{stage}: {rest}")
