"""A container's output, as it comes.

It is read by attaching, as `docker run` does. Following the log instead loses lines: the engine
(20.10, seen) ends a followed log when the container ends, read to its end or not.
"""

import codecs
import queue
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from docker import APIClient
from requests import Response

from oduflow.adapters.docker.errors import FOREIGN, raise_for_status

LONGEST_LINE = 4_000  # characters; a longer one is cut into several
_TICK = 0.2  # seconds a reader waits at most before it looks around
_CONNECT = 10  # seconds
_HEADER = struct.Struct(">B3xL")  # which stream, three zeros, length


class OutputReader(Thread):
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
            for line in split_lines(read_frames(self._response.raw)):
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


class Splitter:
    """Cuts one stream of bytes into lines of bounded length; what is no UTF-8 becomes `�`."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, chunk: bytes, *, final: bool = False) -> Iterator[str]:
        """Take in some bytes; give the lines that are whole, with `final` the rest too."""
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
    """Cut what two streams bring in turns into lines, each from one stream."""
    splitters: defaultdict[int, Splitter] = defaultdict(Splitter)
    for stream, payload in frames:
        yield from splitters[stream].feed(payload)
    for each in splitters.values():
        yield from each.feed(b"", final=True)


def _pieces(line: str) -> Iterator[str]:
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
    raise_for_status(response)
    return response


def read_frames(raw: Any) -> Iterator[tuple[int, bytes]]:
    """Take stream numbers and payloads out of the engine's answer (API: “Attach”)."""
    while len(header := raw.read(_HEADER.size)) == _HEADER.size:
        stream, length = _HEADER.unpack(header)
        yield stream, raw.read(length)
