"""How the server treats connections: no ambiguous request, and no address that takes all places.

A refusal takes as long as a short call. So a client that repeats one at once is read later.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import WSGITask

from oduflow.domain.addresses import client_network

MOST_OF_A_NETWORK = 250
_TOO_MANY = "429"
# waitress looks at its connections once a second at least.
PAUSE_SECONDS = 1.0
FREE_PLACES = 50  # below the server's limit, at which waitress accepts no connection any more


class StrictParser(HTTPRequestParser):
    """Refuses requests whose length two servers may read differently (RFC 9112, 6.1)."""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the header.

        Raises:
            ParsingError: it has Content-Length and Transfer-Encoding; answered with 400.
        """
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other.")


class ClientConnection(HTTPChannel):
    """A connection of a client that may come through proxies."""

    parser_class = StrictParser


class PausingTask(WSGITask):
    """A request whose connection is paused when it was one too many."""

    channel: "DirectConnection"

    def build_response_header(self) -> bytes:
        """Return the header, and pause before the client can read it."""
        if self.status.startswith(_TOO_MANY):
            self.channel.pause()
        return super().build_response_header()


class DirectConnection(ClientConnection):
    """A connection of a client whose network may have a limited number of them."""

    task_class = PausingTask
    _paused_until = 0.0

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002
        super().__init__(server, sock, addr, adj, map=map)
        self.network = client_network(self.addr[0])  # kept: every new connection looks at all
        self._make_room()

    def pause(self) -> None:
        """Read the next request later: the one that is answered was one too many.

        The client's own threads then wait, and none of the server's.
        """
        self._paused_until = time.monotonic() + PAUSE_SECONDS

    def readable(self) -> bool:
        """Whether to read from it now."""
        return time.monotonic() >= self._paused_until and super().readable()

    def _make_room(self) -> None:
        """Close the connection that has been silent longest of a network that has too many.

        That is this one's network at its limit, and the one with the most connections when the
        server is almost full: several networks below their limit can fill it.
        A newcomer is served: it is refused only when every other one has a request in progress.
        """
        server = cast("Any", self.server)
        channels: dict[int, DirectConnection] = server.active_channels
        others = [each for each in channels.values() if each is not self and not each.will_close]
        counts = Counter(each.network for each in others)
        network = self.network
        if counts[network] < MOST_OF_A_NETWORK:
            if len(others) < server.adj.connection_limit - FREE_PLACES:
                return
            network = max(counts, key=counts.__getitem__)
        silent = [each for each in others if each.network == network and not each.requests]
        min(silent, key=lambda each: each.last_activity, default=self).will_close = True


def limit_connections(server: Any, *, trusted_proxies: int) -> None:
    """Make a waitress server use our connections, before it accepts one.

    Behind trusted proxies every connection comes from a proxy, which limits its clients itself.
    """
    kind: Callable[..., Any] = ClientConnection if trusted_proxies else DirectConnection
    for listener in (server, *getattr(server, "map", {}).values()):
        if hasattr(listener, "channel_class"):
            listener.channel_class = kind
