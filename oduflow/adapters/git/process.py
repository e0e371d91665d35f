"""Run one process of git's under our eyes: nothing inherited, nothing left behind."""

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any, BinaryIO

from git import Git
from git.exc import GitCommandNotFound

from oduflow.adapters.git import guardian
from oduflow.domain.errors import UpstreamFailed

Take = Callable[[bytes], object]
"""Takes a chunk of output as it arrives; may raise, which ends the process."""

_GUARDIAN = (sys.executable, "-I", "-S", str(Path(guardian.__file__)))
MEMORY_BYTES = 1 << 30  # larger files are streamed (core.bigFileThreshold)
_POLL_SECONDS = 0.1
_DEATH_SECONDS = 5.0
_CHUNK_BYTES = 65536


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    on_output: Take,
    on_message: Take,
    watch: Callable[[], None],
    stdin: BinaryIO | None = None,
) -> int:
    """Run a command in a session of its own and wait for it.

    Whatever happens, none of its processes is alive afterwards: also not what it started in the
    background, not after `watch` raised, and not when this server is killed meanwhile.

    Args:
        command: program and arguments; the program is looked up in PATH of `environment`.
        environment: all of the variables that the command sees.
        on_output: takes standard output.
        on_message: takes standard error.
        watch: called about every 0.1 s; raises to end the command early.
        stdin: a real file to read from; nothing by default.

    Returns:
        The exit status, 128 + n for signal n.

    Raises:
        UpstreamFailed: the program is not installed, or no process can be started.
    """
    watch()
    lifeline, held = os.pipe()
    try:
        process = _start(command, environment, lifeline, stdin)
    except BaseException:
        os.close(held)
        raise
    finally:
        os.close(lifeline)
    try:
        status = _wait(process, {process.stdout: on_output, process.stderr: on_message}, watch)
    finally:
        os.close(held)
    if status == guardian.NOT_INSTALLED:
        raise UpstreamFailed(
            f"{command[0]} is not installed on the server.",
            f"Install it: apt-get install {command[0]}",
        )
    return status


def _start(
    command: Sequence[str], environment: Mapping[str, str], lifeline: int, stdin: BinaryIO | None
) -> Popen[bytes]:
    # GitPython always hands its own environment on, so `env` empties it again. The umask keeps a
    # checkout readable for the container's user, whatever the server's own is.
    variables = [f"{name}={value}" for name, value in environment.items()]
    try:
        started: Any = Git("/").execute(
            ["env", "-i", *variables, *_GUARDIAN, str(lifeline), str(MEMORY_BYTES), *command],
            istream=stdin,
            as_process=True,
            start_new_session=True,
            umask=0o022,
            pass_fds=(lifeline,),
        )
    except (GitCommandNotFound, OSError) as cause:
        raise UpstreamFailed("The server cannot start git.", "Run `oduflow doctor`.") from cause
    process: Popen[bytes] = started.proc
    started.proc = None  # else GitPython terminates the process when its wrapper goes away
    return process


def _wait(process: Popen[bytes], takers: Mapping[Any, Take], watch: Callable[[], None]) -> int:
    with selectors.DefaultSelector() as streams:
        for stream, take in takers.items():
            streams.register(stream, selectors.EVENT_READ, take)
        next_look = 0.0
        try:
            while streams.get_map():
                _pump(streams)
                if time.monotonic() >= next_look:
                    watch()
                    next_look = time.monotonic() + _POLL_SECONDS
            # Known to have ended, but not reaped: until then its number is not given to others.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            _end(process, streams)
    return process.wait()


def _pump(streams: selectors.BaseSelector, *, listening: bool = True) -> None:
    for key, _ in streams.select(_POLL_SECONDS):
        chunk = os.read(key.fd, _CHUNK_BYTES)
        if not chunk:
            streams.unregister(key.fileobj)
        elif listening:
            key.data(chunk)


def _end(process: Popen[bytes], streams: selectors.BaseSelector) -> None:
    """Kill the group and see it gone: every member holds our pipes open until it is dead."""
    os.killpg(process.pid, signal.SIGKILL)
    give_up = time.monotonic() + _DEATH_SECONDS
    while streams.get_map() and time.monotonic() < give_up:
        _pump(streams, listening=False)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
