"""Run one git process: it inherits nothing, and none of its children outlives the call."""

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

from oduflow.adapters.git import child_reaper
from oduflow.domain.errors import UpstreamFailed

OutputHandler = Callable[[bytes], object]
"""Takes a chunk of output as it arrives; it may raise, which ends the process."""

_CHILD_REAPER = (sys.executable, "-I", "-S", str(Path(child_reaper.__file__)))
MEMORY_BYTES = 1 << 30  # larger files are streamed (core.bigFileThreshold)
_POLL_SECONDS = 0.1
_DEATH_SECONDS = 5.0
_CHUNK_BYTES = 65536


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    on_output: OutputHandler,
    on_message: OutputHandler,
    abort_check: Callable[[], None],
    stdin: BinaryIO | None = None,
) -> int:
    """Run a command in a session of its own and wait for it.

    None of its processes is alive afterwards, background processes included: also after
    `abort_check` raised, and after this server was killed.

    Args:
        command: program and arguments; the program is looked up in PATH of `environment`.
        environment: every variable that the command sees.
        on_output: takes standard output.
        on_message: takes standard error.
        abort_check: called about every 0.1 s; raises to end the command early.
        stdin: a real file to read from; nothing by default.

    Returns:
        The exit status, 128 + n for signal n.

    Raises:
        UpstreamFailed: the program is not installed, or no process can be started.
    """
    abort_check()
    parent_pipe, held = os.pipe()
    try:
        process = _start(command, environment, parent_pipe, stdin)
    except BaseException:
        os.close(held)
        raise
    finally:
        os.close(parent_pipe)
    try:
        status = _wait(
            process, {process.stdout: on_output, process.stderr: on_message}, abort_check
        )
    finally:
        os.close(held)
    if status == child_reaper.NOT_INSTALLED:
        raise UpstreamFailed(
            f"{command[0]} is not installed on the server.",
            f"Install it: apt-get install {command[0]}",
        )
    return status


def _start(
    command: Sequence[str], environment: Mapping[str, str], parent_pipe: int, stdin: BinaryIO | None
) -> Popen[bytes]:
    # GitPython always passes its own environment on, so `env -i` empties it again. The umask
    # keeps a checkout readable for the container's user under any umask of the server.
    variables = [f"{name}={value}" for name, value in environment.items()]
    try:
        started: Any = Git("/").execute(
            [
                "env",
                "-i",
                *variables,
                *_CHILD_REAPER,
                str(parent_pipe),
                str(MEMORY_BYTES),
                *command,
            ],
            istream=stdin,
            as_process=True,
            start_new_session=True,
            umask=0o022,
            pass_fds=(parent_pipe,),
        )
    except (GitCommandNotFound, OSError) as cause:
        raise UpstreamFailed("The server cannot start git.", "Run `oduflow doctor`.") from cause
    process: Popen[bytes] = started.proc
    started.proc = None  # else GitPython terminates the process when its wrapper is collected
    return process


def _wait(
    process: Popen[bytes], handlers: Mapping[Any, OutputHandler], abort_check: Callable[[], None]
) -> int:
    with selectors.DefaultSelector() as streams:
        for stream, handler in handlers.items():
            streams.register(stream, selectors.EVENT_READ, handler)
        next_check = 0.0
        try:
            while streams.get_map():
                _pump(streams)
                if time.monotonic() >= next_check:
                    abort_check()
                    next_check = time.monotonic() + _POLL_SECONDS
            # Wait for its end without reaping it: until then no other process gets its number,
            # and `killpg` below cannot hit a stranger.
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
    """Kill the process group and wait until it is dead: its members hold our pipes open so long."""
    os.killpg(process.pid, signal.SIGKILL)
    give_up = time.monotonic() + _DEATH_SECONDS
    while streams.get_map() and time.monotonic() < give_up:
        _pump(streams, listening=False)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
