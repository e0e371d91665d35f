"""Running a container to its end, with its output as it comes.

Its output is read by attaching, as `docker run` does. Following its log instead loses lines: the
engine (20.10, seen) ends a followed log when the container ends, read to its end or not.
"""

import codecs
import queue
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from docker import APIClient
from requests import Response

from oduflow.adapters.docker.errors import FOREIGN
from oduflow.domain.container import RunResult
from oduflow.domain.errors import Cancelled, UpstreamFailed

KEPT_LINES = 400
LONGEST_LINE = 4_000  # characters; a longer one is cut into several
_TICK = 0.2  # seconds between two looks at the clock
_FAREWELL = 5  # seconds the stream may take to end after the container
_CONNECT = 10  # seconds
_HEADER = struct.Struct(">4xL")  # which stream, three zeros, length


def run_to_end(
    api: APIClient,
    container: str,
    *,
    timeout: float,
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> RunResult:
    """Start a container and pass its lines on until it ends; kill it when its time is over.

    Raises:
        Cancelled: `cancelled` said so.
        UpstreamFailed: it ran longer than `timeout` seconds.
    """
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    watch = _Watch(timeout, cancelled, tail)
    reader = _Reader(attach(api, container))
    reader.start()
    try:
        api.start(container)
        while not reader.at_end:
            watch.check()
            if (line := reader.next_line()) is not None:
                tail.append(line)
                on_line(line)
        while (state := api.inspect_container(container)["State"])["Running"]:
            watch.check()
            time.sleep(_TICK)
    finally:
        reader.give_up()
        if not reader.at_end:
            with suppress(*FOREIGN):
                api.kill(container)
        reader.join(_FAREWELL)
    return RunResult(state["ExitCode"], "\n".join(tail), out_of_memory=bool(state.get("OOMKilled")))


class _Reader(Thread):
    """Reads a container's output, a bounded number of lines ahead of who takes them.

    It reads on, and forgets, after it was given up: a container whose output nobody takes can
    neither go on nor be killed.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(name="container-output", daemon=True)
        self.at_end = False
        self._response = response
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=1_000)
        self._given_up = Event()

    def run(self) -> None:
        """Put each line into the queue, and None at the end, however it comes."""
        # Where the engine goes away, looking at the container's state will say so.
        with self._response, suppress(*FOREIGN, OSError):
            for line in split_lines(frames(self._response.raw)):
                self._put(line)
        self._put(None)

    def next_line(self) -> str | None:
        """Wait a moment for a line; None when there is none yet, or no more."""
        try:
            line = self._lines.get(timeout=_TICK)
        except queue.Empty:
            return None
        self.at_end = line is None
        return line

    def give_up(self) -> None:
        """Want no more lines."""
        self._given_up.set()

    def _put(self, line: str | None) -> None:
        while not self._given_up.is_set():
            with suppress(queue.Full):
                self._lines.put(line, timeout=_TICK)
                return


@dataclass(slots=True)
class _Watch:
    """Says when a run has to stop, and asks its caller at most a few times a second."""

    timeout: float
    cancelled: Callable[[], bool]
    tail: Iterable[str]
    started: float = field(default_factory=time.monotonic)
    asked: float = 0.0

    def check(self) -> None:
        now = time.monotonic()
        if now - self.started > self.timeout:
            raise UpstreamFailed(
                f"It did not end within {self.timeout:.0f} s and was stopped.",
                output="\n".join(self.tail),
            )
        if now - self.asked >= _TICK:
            self.asked = now
            if self.cancelled():
                raise Cancelled("Stopped on request.", output="\n".join(self.tail))


def split_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cut a stream of bytes into lines of bounded length; bytes that are no UTF-8 become `�`."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield from _pieces(line)
        while len(rest) > LONGEST_LINE:
            yield rest[:LONGEST_LINE]
            rest = rest[LONGEST_LINE:]
    rest += decoder.decode(b"", final=True)
    if rest:
        yield from _pieces(rest)


def _pieces(line: str) -> Iterator[str]:
    line = line.rstrip("\r")
    yield line[:LONGEST_LINE]
    for start in range(LONGEST_LINE, len(line), LONGEST_LINE):
        yield line[start : start + LONGEST_LINE]


def attach(api: APIClient, container: str) -> Response:
    """Open the stream of what a container prints from now on, both streams together."""
    response = api.post(
        f"{api.base_url}/v{api.api_version}/containers/{container}/attach",
        params={"stream": 1, "stdout": 1, "stderr": 1},
        stream=True,
        timeout=(_CONNECT, None),
    )
    response.raise_for_status()
    return response


def frames(raw: Any) -> Iterator[bytes]:
    """Take the payloads out of the engine's stream, a file to read (API: “Attach”)."""
    while len(header := raw.read(_HEADER.size)) == _HEADER.size:
        (length,) = _HEADER.unpack(header)
        yield raw.read(length)
