"""How the server treats connections: no ambiguous request, and no address that takes all places."""

from collections.abc import Callable
from typing import Any, cast

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError

from oduflow.domain.addresses import client_network

MOST_OF_A_NETWORK = 250


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


class DirectConnection(ClientConnection):
    """A connection of a client whose network may have a limited number of them."""

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002
        super().__init__(server, sock, addr, adj, map=map)
        self.network = client_network(self.addr[0])  # kept: every new connection looks at all
        self._make_room()

    def _make_room(self) -> None:
        """Close the connection of this network that has been silent longest, if there are many.

        A newcomer is served: it is refused only when every other one has a request in progress.
        """
        channels: dict[int, DirectConnection] = cast("Any", self.server).active_channels
        others = [
            each
            for each in channels.values()
            if each is not self and not each.will_close and each.network == self.network
        ]
        if len(others) < MOST_OF_A_NETWORK:
            return
        silent = [each for each in others if not each.requests]
        min(silent, key=lambda each: each.last_activity, default=self).will_close = True


def limit_connections(server: Any, *, trusted_proxies: int) -> None:
    """Make a waitress server use our connections, before it accepts one.

    Behind trusted proxies every connection comes from a proxy, which limits its clients itself.
    """
    kind: Callable[..., Any] = ClientConnection if trusted_proxies else DirectConnection
    for listener in (server, *getattr(server, "map", {}).values()):
        if hasattr(listener, "channel_class"):
            listener.channel_class = kind
