"""Feed a named pipe from a thread of its own, until its reader ends."""

import errno
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

_WAIT_SECONDS = 0.05


def make_pipe(path: Path, user: int) -> None:
    """Make a named pipe that a user alone can read; an older one is replaced."""
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    os.chown(path, user, -1)


class PipeFeeder(threading.Thread):
    """Writes chunks into a named pipe as fast as its reader takes them.

    Attributes:
        complete: whether everything was written.
        error: what the chunks raised; the reader then sees an early end.
    """

    def __init__(self, path: Path, chunks: Callable[[], Iterable[bytes]]) -> None:
        super().__init__(name="pipe-feeder", daemon=True)
        self.complete = False
        self.error: BaseException | None = None
        self._path = path
        self._chunks = chunks
        self._given_up = threading.Event()

    def run(self) -> None:
        """Wait for the reader, then write until the end, or until the reader has gone."""
        try:
            pipe = self._opened()
            if pipe is None:
                return
            with os.fdopen(pipe, "wb", buffering=0) as file:
                for chunk in self._chunks():
                    _write(file.fileno(), chunk)
            self.complete = True
        except BrokenPipeError:
            return
        except BaseException as error:  # noqa: BLE001 - raised again by the reader's caller
            self.error = error

    def give_up(self) -> None:
        """Stop waiting for a reader, and wait until the thread has ended.

        The reader has ended, so a write fails at once.
        """
        self._given_up.set()
        self.join()

    def _opened(self) -> int | None:
        while not self._given_up.is_set():
            try:
                pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                self._given_up.wait(_WAIT_SECONDS)
                continue
            os.set_blocking(pipe, True)
            return pipe
        return None


def _write(pipe: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(pipe, rest) :]
