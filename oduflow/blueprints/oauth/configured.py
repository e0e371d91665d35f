"""What Flask and Flask-Dance would keep, and here live no longer than a request."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SessionInterface


class Configured:
    """An attribute that is read from the configuration each time; what is written is ignored."""

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read

    def __get__(self, instance: object, owner: type) -> Any:
        """Read it."""
        return self._read() if instance is not None else self

    def __set__(self, instance: object, value: object) -> None:
        """Ignore what a constructor says: the configuration may change while the server runs."""


class OneRequest(SessionInterface):
    """Flask's session without a cookie: what a library puts there is gone with the request."""

    def open_session(self, _app: Flask, _request: Request) -> SecureCookieSession:
        """Begin an empty session."""
        return SecureCookieSession()

    def save_session(self, _app: Flask, _session: object, _response: Response) -> None:
        """Keep nothing."""
