"""Commands in running containers.

The engine cannot stop a command: a client that goes away leaves its process. So `timeout` ends it
inside, also when this process has died. At the end all processes are killed that carry the
command's mark in their environment, which children inherit wherever they hide.
"""

import math
import queue
import secrets
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from docker import APIClient
from requests import Response

from oduflow.adapters.docker.errors import FOREIGN, raise_for_status
from oduflow.adapters.docker.output import LineSplitter, read_frames
from oduflow.domain.container import ExecResult, ExecSpec
from oduflow.domain.errors import Cancelled
from oduflow.domain.progress_monitor import ProgressMonitor

KEPT_BYTES = 1 << 20  # of the beginning, and of the end of an output
KILLED = 137  # 128 + SIGKILL
_MARK = "ODUFLOW_COMMAND"
_POLL_SECONDS = 0.2
_STREAM_END_SECONDS = 1.0  # that the stream may take to end after the command
_FLOOD_SECONDS = 10.0  # the same, while there is still output to read
_GRACE_SECONDS = 5.0  # for `timeout`, before the command is killed from outside
_KILL_SECONDS = 10.0
_CONNECT = 10
_CHUNKS = 64  # that the reader is ahead of the caller
# A process that is killed may have started another one meanwhile, so it looks until none is left.
_KILL = f"""
for pass in 1 2 3 4 5; do
    found=
    for file in /proc/[0-9]*/environ; do
        if grep -qzx "{_MARK}=$1" "$file" 2>/dev/null; then
            process="${{file#/proc/}}" found=1
            kill -KILL "${{process%/environ}}" 2>/dev/null
        fi
    done
    [ "$found" ] || exit 0
done
"""


def run_inside(
    api: APIClient, container: str, spec: ExecSpec, monitor: ProgressMonitor
) -> ExecResult:
    """Run a command until it ends, its time is over, or the monitor stops it.

    Raises:
        Cancelled: the monitor's `cancelled` returned true.
    """
    mark = spec.mark or secrets.token_hex(8)
    seconds = math.ceil(spec.timeout)
    made = api.exec_create(
        container,
        ["timeout", "-s", "KILL", str(seconds), *spec.command],
        stdin=bool(spec.stdin),
        environment=[f"{_MARK}={mark}"],
        workdir=spec.folder or None,
    )["Id"]
    running = _Running(api, made, spec, monitor)
    try:
        return running.to_end(seconds + _GRACE_SECONDS)
    finally:
        running.close()
        kill_marked(api, container, mark)


@dataclass(slots=True)
class _Running:
    """One command while it runs."""

    api: APIClient
    id: str
    spec: ExecSpec
    monitor: ProgressMonitor
    begun: float = field(default_factory=time.monotonic)
    kept: "_Kept" = field(default_factory=lambda: _Kept(KEPT_BYTES))
    splitter: LineSplitter = field(default_factory=LineSplitter)
    reader: "_FrameReader | None" = None
    ended: float = math.inf

    def to_end(self, seconds: float) -> ExecResult:
        """Read the output until the command has ended."""
        self.reader = _FrameReader(_start(self.api, self.id, self.spec.stdin))
        self.reader.start()
        asked = self.begun
        while not self.reader.at_end:
            chunk = self.reader.next_chunk()
            if chunk:
                self._take(chunk)
            if time.monotonic() - asked < _POLL_SECONDS:
                continue
            asked = time.monotonic()
            if self.monitor.cancelled():
                raise Cancelled("Stopped on request.", output=self.kept.text())
            if asked - self.begun > seconds:
                return self._result(KILLED)
            if self._has_ended(asked, _STREAM_END_SECONDS if chunk is None else _FLOOD_SECONDS):
                break
        return self._result(self._exit_code(seconds))

    def _take(self, chunk: bytes) -> None:
        self.kept.add(chunk)
        for line in self.splitter.feed(chunk):
            self.monitor.on_progress(line)

    def _has_ended(self, now: float, seconds: float) -> bool:
        """Whether it ended so long ago; what it has started may keep the stream open for ever."""
        if self.ended == math.inf and not self._state()["Running"]:
            self.ended = now
        return now - self.ended > seconds

    def close(self) -> None:
        """Close the connection; the reader and the writer of the input end."""
        if self.reader is not None:
            self.reader.close()

    def _exit_code(self, seconds: float) -> int:
        while (state := self._state())["Running"]:
            if time.monotonic() - self.begun > seconds:
                return KILLED
            time.sleep(_POLL_SECONDS / 4)
        return int(state["ExitCode"] or 0)

    def _result(self, exit_code: int) -> ExecResult:
        took = time.monotonic() - self.begun
        timed_out = exit_code == KILLED and took >= math.ceil(self.spec.timeout)
        return ExecResult(exit_code, self.kept.text(), round(took, 3), timed_out)

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.exec_inspect(self.id)
        return found


class _Kept:
    """The beginning and the end of an output."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._head = b""
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, chunk: bytes) -> None:
        room = self._size - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if chunk:
            self._tail.append(chunk)
            self._tail_size += len(chunk)
        while self._tail_size - len(self._tail[0] if self._tail else b"") > self._size:
            self._dropped += len(self._tail[0])
            self._tail_size -= len(self._tail.popleft())

    def text(self) -> str:
        gap = b"\n[%d bytes are omitted here.]\n" % self._dropped if self._dropped else b""
        return (self._head + gap + b"".join(self._tail)).decode("utf-8", "replace")


class _FrameReader(Thread):
    """Reads the output, a bounded number of chunks ahead of its consumer."""

    def __init__(self, response: Response) -> None:
        super().__init__(name="command-output", daemon=True)
        self.at_end = False
        self._response = response
        self._chunks: queue.Queue[bytes | None] = queue.Queue(maxsize=_CHUNKS)
        self._closed = Event()

    def run(self) -> None:
        """Put each chunk into the queue, and None at the end, also after an error."""
        with suppress(*FOREIGN, OSError, ValueError, AttributeError):
            for _, payload in read_frames(self._response.raw):
                self._put(payload)
        self._put(None)

    def next_chunk(self) -> bytes | None:
        """Wait a moment for a chunk; return None when there is none yet, or none any more."""
        try:
            chunk = self._chunks.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return None
        self.at_end = chunk is None
        return chunk

    def close(self) -> None:
        """End the connection, which ends this thread."""
        self._closed.set()
        with suppress(OSError, AttributeError):
            _socket_of(self._response).shutdown(socket.SHUT_RDWR)
        self._response.close()

    def _put(self, chunk: bytes | None) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._chunks.put(chunk, timeout=_POLL_SECONDS)
                return


def _start(api: APIClient, made: str, stdin: bytes) -> Response:
    """Start a command, and send its input from a thread: it may be longer than is read now."""
    response = api.post(
        f"{api.base_url}/v{api.api_version}/exec/{made}/start",
        json={"Detach": False, "Tty": False},
        stream=True,
        timeout=(_CONNECT, None),
    )
    raise_for_status(response)
    if stdin:
        Thread(target=_send, args=(response, stdin), name="command-input", daemon=True).start()
    return response


def _send(response: Response, stdin: bytes) -> None:
    with suppress(OSError, AttributeError):  # it ended before it had read everything
        connection = _socket_of(response)
        connection.sendall(stdin)
        connection.shutdown(socket.SHUT_WR)


def _socket_of(response: Response) -> socket.socket:
    """Return the connection of a response, as docker-py finds it (`_get_raw_response_socket`)."""
    raw: Any = response.raw
    found: socket.socket = raw._fp.fp.raw._sock  # noqa: SLF001 - neither library offers it
    return found


def kill_marked(api: APIClient, container: str, mark: str) -> None:
    """Kill every process with the mark, and wait until it is done; not in a stopped container."""
    with suppress(*FOREIGN):
        command = ["sh", "-c", _KILL, "kill", mark]
        made = api.exec_create(container, command)["Id"]
        api.exec_start(made, detach=True)
        for _ in _until(_KILL_SECONDS):
            if not api.exec_inspect(made)["Running"]:
                return


def _until(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.02)
