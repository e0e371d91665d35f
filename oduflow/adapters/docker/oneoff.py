"""Following a container that runs to an end."""

import codecs
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

from docker import APIClient

from oduflow.adapters.docker.errors import FOREIGN
from oduflow.domain.container import RunResult
from oduflow.domain.errors import Cancelled, UpstreamFailed

KEPT_LINES = 400
LONGEST_LINE = 4_000  # characters; a longer one is cut into several
_TICK = 0.2  # seconds between two looks at the clock
_FAREWELL = 5  # seconds the log may take to end after the container


def follow_to_end(
    api: APIClient,
    container: str,
    *,
    timeout: float,
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> RunResult:
    """Pass a started container's lines on until it ends; kill it when its time is over.

    Raises:
        Cancelled: `cancelled` said so.
        UpstreamFailed: it ran longer than `timeout` seconds.
    """
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    lines: queue.Queue[str | None] = queue.Queue(maxsize=1_000)
    watch = _Watch(timeout, cancelled, tail)
    reader = Thread(target=_read, args=(api, container, lines), daemon=True)
    reader.start()
    drained = False
    try:
        while not drained:
            watch.check()
            with suppress(queue.Empty):
                line = lines.get(timeout=_TICK)
                if line is None:
                    drained = True
                else:
                    tail.append(line)
                    on_line(line)
        while (state := api.inspect_container(container)["State"])["Running"]:
            watch.check()
            time.sleep(_TICK)
    finally:
        if not drained:
            _kill(api, container, lines)
        reader.join(_FAREWELL)
    return RunResult(state["ExitCode"], "\n".join(tail), out_of_memory=bool(state.get("OOMKilled")))


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


def _read(api: APIClient, container: str, lines: "queue.Queue[str | None]") -> None:
    """Put each line into the queue, and None at the end, however it comes."""
    try:
        with suppress(*FOREIGN, OSError):  # the engine went away: waiting for the end will say so
            stream = api.logs(container, stream=True, follow=True)
            for line in split_lines(stream):
                lines.put(line)
    finally:
        lines.put(None)


def _kill(api: APIClient, container: str, lines: "queue.Queue[str | None]") -> None:
    """End the container and empty the queue, so that the reader is never left waiting."""
    with suppress(*FOREIGN):
        api.kill(container)
    with suppress(queue.Empty):
        while lines.get(timeout=_FAREWELL) is not None:
            pass
