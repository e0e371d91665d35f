"""Find the live processes of this machine with a text in their command line."""

import time
from pathlib import Path

_PATIENCE_SECONDS = 5.0


def marked(mark: str) -> list[str]:
    """Return the command lines that contain the text, such as a folder or a port of one test."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended while we looked
            continue
        if mark in line:
            lines.append(line)
    return lines


def wait_until_gone(mark: str) -> list[str]:
    """Wait briefly for such processes to end; return those still alive."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (alive := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive
