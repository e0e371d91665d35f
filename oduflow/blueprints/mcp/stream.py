"""A stream as WSGI wants it: an iterator that is closed however it ends."""

from collections.abc import Callable, Iterator


class Stream(Iterator[bytes]):
    """Hands out chunks until there are none, or until the server stops reading.

    Not a generator: one that was never started would never run its `finally`, and a client that
    leaves between head and body would keep its slot for ever.
    """

    def __init__(
        self, first: bytes, following: Callable[[], bytes | None], on_close: Callable[[], None]
    ) -> None:
        self._first: bytes | None = first
        self._following = following
        self._on_close = on_close

    def __next__(self) -> bytes:
        """Return the next bytes, waiting for them."""
        chunk, self._first = self._first, None
        if chunk is None:
            chunk = self._following()
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Let go of the stream (PEP 3333: called whether or not it was read to its end)."""
        self._on_close()
