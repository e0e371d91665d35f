"""A small WSGI server on a loopback port, in threads of this process."""

import socket
from threading import Event, Thread
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore
from waitress.server import create_server

from oduflow.domain.errors import Conflict

_HOST = "127.0.0.1"
_BODY_BYTES = 16 * 1024**2
_STOP_SECONDS = 5
_POLL_SECONDS = 0.2


class LoopbackServer:
    """Serves one application to this machine only.

    Args:
        application: answers the requests.
        port: 1 to 65535, or 0 for a free one, chosen at the start.
    """

    def __init__(self, application: WSGIApplication, port: int = 0) -> None:
        self.port = port
        self._application = application
        self._channels: dict[int, Any] = {}
        self._stopping = Event()

    @property
    def authority(self) -> str:
        """Host and port, as URLs and `git_allowed_hosts` write them."""
        return f"{_HOST}:{self.port}"

    def start(self) -> None:
        """Start to answer requests.

        Raises:
            Conflict: the port is taken.
        """
        listening = socket.socket()
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((_HOST, self.port))
        except OSError as cause:
            listening.close()
            raise Conflict(
                f"Port {self.port} is taken on this machine.",
                "Stop what uses it, or give another port.",
            ) from cause
        self.port = int(listening.getsockname()[1])
        # Any: waitress's published stubs are wrong about the settings and the trigger.
        create: Any = create_server
        self._server = create(
            self._application,
            map=self._channels,
            sockets=[listening],
            ident=None,
            max_request_body_size=_BODY_BYTES,
        )
        self._thread = Thread(target=self._loop, name=f"port-{self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait at most 5 s for running requests, then close every connection."""
        # The workers first: they wake the loop through a descriptor that the loop closes.
        self._server.task_dispatcher.shutdown(timeout=_STOP_SECONDS)
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=_POLL_SECONDS, use_poll=True, map=self._channels, count=1)
        wasyncore.close_all(self._channels)
