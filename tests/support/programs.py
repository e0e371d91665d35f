"""Python programs in separate processes, for rules that must hold between processes."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def running(source: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a program in a separate process, which ends with the block in any case."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", source, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    """Wait for the next line it prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(*processes: subprocess.Popen[str]) -> None:
    """Release all processes that wait for a line on their input."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def finished(process: subprocess.Popen[str]) -> list[str]:
    """Wait for its successful end, and return the words that it printed since."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output.split()


def eventually(is_so: Callable[[], bool], seconds: float = 5) -> bool:
    """Return whether a condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
