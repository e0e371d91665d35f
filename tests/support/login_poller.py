"""A client that asks an Odoo for its login page again and again."""

import http.client
import threading
import time
from statistics import median
from typing import Self
from urllib.parse import urlsplit


def login(url: str) -> int:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    try:
        connection.request("GET", "/web/login")
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return 0
    else:
        return answer.status
    finally:
        connection.close()


class LoginPoller(threading.Thread):
    """Asks for the login page every 50 ms."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.done = url, threading.Event()
        self.answers: list[int] = []
        self.seconds: list[float] = []

    @property
    def longest_pause(self) -> float:
        """How much longer than usual the slowest answer took, in seconds."""
        return max(self.seconds) - median(self.seconds)

    def run(self) -> None:
        while not self.done.is_set():
            begun = time.monotonic()
            self.answers.append(login(self.url))
            self.seconds.append(time.monotonic() - begun)
            self.done.wait(max(0.0, 0.05 - (time.monotonic() - begun)))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.join(30)
