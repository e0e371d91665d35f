"""The product in processes of its own, forked from one that has imported it already.

Importing costs a process two seconds of CPU and more, and a run of all tests starts hundreds. A
forked process runs the same `python -m` and dies of the same signals. What only a new Python can
show stays with tests that execute one, such as `e2e/serve_test.py` and `e2e/wheel_test.py`.
"""

import atexit
import ctypes
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATH_ONLY = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
CLONE_NEWNS = 0x00020000  # unshare(2): `os.unshare` came with Python 3.12
HIDE_ENGINE = "mount --make-rprivate / && mount --bind /dev/null /run/docker.sock"

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "oduflow.cli.serve",
        "oduflow.cli.call",
        "oduflow.cli.doctor",
        "oduflow.blueprints.mcp.server",
        "oduflow.adapters.store.upgrade",
    ]
)


@dataclass(frozen=True)
class Command:
    """What a process runs: `python -m module words`, in a whole environment of its own.

    Attributes:
        without_engine: run in a mount namespace where the engine's socket is nothing.
    """

    words: tuple[str, ...]
    environ: Mapping[str, str]
    module: str = "oduflow"
    without_engine: bool = False


class Forked:
    """A running process; its methods are those of `subprocess.Popen`.

    Args:
        output: the file to which its standard output is appended.
        errors: that of its standard error.
        given: the file that it reads as its standard input.
    """

    def __init__(
        self, command: Command, output: Path, errors: Path, given: Path = Path(os.devnull)
    ) -> None:
        self._command = command
        self._process = _context.Process(
            target=_run, args=(command, output, errors, given), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._command.words, timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    command: Command, typed: str = "", timeout: float = 90
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, as `subprocess.run` does."""
    with tempfile.TemporaryDirectory() as folder:
        given, output, errors = (Path(folder) / name for name in ("given", "output", "errors"))
        for file in (given, output, errors):
            file.write_text(typed if file == given else "")
        process = Forked(command, output, errors, given)
        try:
            returned = process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(
            command.words, returned, output.read_text(), errors.read_text()
        )


def oduflow(
    *words: str, typed: str = "", timeout: float = 90
) -> "subprocess.CompletedProcess[str]":
    """Run a command of the product to its end, in this process's environment."""
    return run(Command(words, dict(os.environ)), typed, timeout)


def _run(command: Command, output: Path, errors: Path, given: Path) -> None:
    _redirect(0, given, os.O_RDONLY)
    _redirect(1, output, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    _redirect(2, errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - multiprocessing put another in its place
    if command.without_engine:
        assert ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0
        subprocess.run(["sh", "-c", HIDE_ENGINE], check=True)
    os.environ.clear()
    os.environ.update(command.environ)
    os.chdir(ROOT)
    sys.argv = [command.module, *command.words]
    try:
        runpy.run_module(command.module, run_name="__main__", alter_sys=True)
    finally:  # multiprocessing leaves these out: a process of its own ends without them
        atexit._run_exitfuncs()


def _redirect(descriptor: int, path: Path, flags: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)
