"""The number of calls in flight."""

import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import ClosingIterator


class CallsInFlight:
    """Counts calls from their start until the server has taken the last byte of the response."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0

    def counting(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application, with its calls counted."""

        def counted(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            self._add(1)
            try:
                answer = app(environ, start)
            except BaseException:
                self._add(-1)
                raise
            return ClosingIterator(answer, lambda: self._add(-1))

        return counted

    def wait(self, seconds: float) -> bool:
        """Wait until no call is in flight, at most so many seconds. Return whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._number == 0, seconds)

    def _add(self, number: int) -> None:
        with self._changed:
            self._number += number
            self._changed.notify_all()
