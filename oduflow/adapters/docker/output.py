"""A running container's output.

It is read by attaching, as `docker run` does. Following the log would lose lines: the engine (seen
with 20.10) ends a followed log when the container ends, even before its last line was read.
"""

import codecs
import queue
import struct
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from docker import APIClient
from requests import Response

from oduflow.adapters.docker.errors import FOREIGN, raise_for_status

LONGEST_LINE = 4_000  # characters; a longer one is cut into several
MOST_OF_A_LOG = 4 << 20  # bytes; a container's log has up to 30 MB
_POLL_SECONDS = 0.2  # that a reader waits before it checks for the end
_CONNECT = 10  # seconds
_HEADER = struct.Struct(">B3xL")  # which stream, three zeros, length


class OutputReader(Thread):
    """Reads a container's output, a bounded number of lines ahead of its consumer.

    After `give_up` it reads on and drops the lines: a container whose output is not read can
    neither continue nor be killed.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(name="container-output", daemon=True)
        self.at_end = False
        self._response = response
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=1_000)
        self._given_up = Event()

    def run(self) -> None:
        """Put each line into the queue, and None at the end, also after an error."""
        # When the engine fails, the caller's next inspection of the container raises its error.
        with self._response, suppress(*FOREIGN, OSError):
            for line in split_lines(read_frames(self._response.raw)):
                self._put(line)
        self._put(None)

    def next_line(self) -> str | None:
        """Wait a moment for a line; return None when there is none yet, or none any more."""
        try:
            line = self._lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return None
        self.at_end = line is None
        return line

    def give_up(self) -> None:
        """Drop all further lines."""
        self._given_up.set()

    def _put(self, line: str | None) -> None:
        while not self._given_up.is_set():
            with suppress(queue.Full):
                self._lines.put(line, timeout=_POLL_SECONDS)
                return


class LineSplitter:
    """Cuts one stream of bytes into lines of bounded length; invalid UTF-8 becomes `�`."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, chunk: bytes, *, final: bool = False) -> Iterator[str]:
        """Add bytes, and yield the complete lines; with `final` also the rest."""
        *whole, rest = (self._rest + self._decoder.decode(chunk, final=final)).split("\n")
        for line in whole:
            yield from _pieces(line.rstrip("\r"))
        if final:
            yield from _pieces(rest) if rest else ()
            rest = ""
        while len(rest) > LONGEST_LINE:
            yield rest[:LONGEST_LINE]
            rest = rest[LONGEST_LINE:]
        self._rest = rest


def split_lines(frames: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    """Cut the frames of two interleaved streams into lines, each of one stream."""
    splitters: defaultdict[int, LineSplitter] = defaultdict(LineSplitter)
    for stream, payload in frames:
        yield from splitters[stream].feed(payload)
    for each in splitters.values():
        yield from each.feed(b"", final=True)


def _pieces(line: str) -> Iterator[str]:
    yield line[:LONGEST_LINE]
    for start in range(LONGEST_LINE, len(line), LONGEST_LINE):
        yield line[start : start + LONGEST_LINE]


def attach(api: APIClient, container: str) -> Response:
    """Attach to a container's output from now on, stdout and stderr together."""
    response = api.post(
        f"{api.base_url}/v{api.api_version}/containers/{container}/attach",
        params={"stream": 1, "stdout": 1, "stderr": 1},
        stream=True,
        timeout=(_CONNECT, None),
    )
    raise_for_status(response)
    return response


def read_log(api: APIClient, container: str, *, tail: int, since: float | None) -> bytes:
    """Return the log's last `tail` lines, at most `MOST_OF_A_LOG` bytes from their end."""
    asked: dict[str, float] = {"stdout": 1, "stderr": 1, "tail": tail}
    with api.get(
        f"{api.base_url}/v{api.api_version}/containers/{container}/logs",
        params=asked if since is None else {**asked, "since": since},
        stream=True,
        timeout=api.timeout,
    ) as response:
        raise_for_status(response)
        return _end((payload for _, payload in read_frames(response.raw)), MOST_OF_A_LOG)


def _end(chunks: Iterable[bytes], most: int) -> bytes:
    """Join the last chunks, about `most` bytes of them, without keeping the others."""
    kept: deque[bytes] = deque()
    size = 0
    for chunk in chunks:
        kept.append(chunk)
        size += len(chunk)
        while size - len(kept[0]) >= most:
            size -= len(kept.popleft())
    return b"".join(kept)


def read_frames(raw: Any) -> Iterator[tuple[int, bytes]]:
    """Yield stream numbers and payloads from the engine's response (API: “Attach”)."""
    while len(header := raw.read(_HEADER.size)) == _HEADER.size:
        stream, length = _HEADER.unpack(header)
        yield stream, raw.read(length)
