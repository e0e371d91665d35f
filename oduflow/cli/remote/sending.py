"""Send a file to a remote server in parts, and go on after broken links.

The server says how much has arrived, so neither a broken link nor Ctrl-C loses more than a part.
"""

import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx2

from oduflow import __version__
from oduflow.cli.remote.errors import connection_error, upload_error
from oduflow.cli.remote.target import Address
from oduflow.domain.errors import Failure, Invalid
from oduflow.domain.upload import PART_BYTES, path_of

STALL_SECONDS = 30.0
CONNECT_SECONDS = 10.0
MAX_TRIES = 12  # one after the other that brought nothing: about four minutes
_MAX_PAUSE_SECONDS = 30.0
_OFFSET = "Upload-Offset"
_LATER = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,  # another offset: an answer was lost
        HTTPStatus.LOCKED,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)

OnBytes = Callable[[int, str], None]
"""Called with the bytes that have arrived, and what is going on besides, such as a pause."""


@dataclass(frozen=True, slots=True)
class PartSender:
    """Sends the parts of one upload.

    Attributes:
        address: the server's MCP endpoint; the parts go to the same origin.
        token: sent to that origin only.
        name: the upload's name.
        size: the file's size.
        on_bytes: see `OnBytes`.
        pause: waits some seconds before the next try.
    """

    address: Address
    token: str
    name: str
    size: int
    on_bytes: OnBytes
    pause: Callable[[float], None] = time.sleep

    def send(self, file: Path) -> None:
        """Send what the server does not have yet.

        Raises:
            Failure: the server refused it, or could not be reached for minutes.
            Invalid: the file became shorter meanwhile.
        """
        tries, last = 0, -1
        with file.open("rb") as content, self._client() as client:
            while True:
                problem: Failure
                try:
                    arrived = self._arrived(client)
                    while True:
                        tries = 0 if arrived > last else tries
                        last = arrived
                        self.on_bytes(arrived, "")
                        if arrived >= self.size:
                            return
                        arrived = self._part(client, content, arrived)
                except _Later as later:
                    problem = later.failure
                except httpx2.TransportError as broken:
                    problem = connection_error(broken, self.address)
                tries += 1
                if tries >= MAX_TRIES:
                    raise problem
                wait = min(2.0 ** (tries - 1), _MAX_PAUSE_SECONDS) * random.uniform(0.5, 1.0)  # noqa: S311
                self.on_bytes(max(last, 0), "the link broke; trying again")
                self.pause(wait)

    def _client(self) -> httpx2.Client:
        secure = self.address.startswith("https:")
        return httpx2.Client(
            headers={
                "Authorization": f"Bearer {self.token}",
                "User-Agent": f"oduflow/{__version__}",
            },
            timeout=httpx2.Timeout(STALL_SECONDS, connect=CONNECT_SECONDS),
            trust_env=secure,  # $HTTP_PROXY must not see the token of an unencrypted connection
            verify=ssl.create_default_context() if secure else True,
        )

    def _arrived(self, client: httpx2.Client) -> int:
        return self._offset(client.get(self._url))  # unlike HEAD with the reason of a refusal

    def _part(self, client: httpx2.Client, content: BinaryIO, offset: int) -> int:
        content.seek(offset)
        part = content.read(min(PART_BYTES, self.size - offset))
        if not part:
            raise Invalid("The file became shorter while it was sent.", "Call again.")
        headers = {_OFFSET: str(offset), "Content-Type": "application/offset+octet-stream"}
        return self._offset(client.patch(self._url, content=part, headers=headers))

    def _offset(self, response: httpx2.Response) -> int:
        if response.status_code in _LATER:
            raise _Later(upload_error(response, self.address))
        offset = response.headers.get(_OFFSET, "")
        if response.is_success and offset.isdecimal():
            return int(offset)
        raise upload_error(response, self.address)

    @property
    def _url(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}{path_of(self.name)}"


class _Later(Exception):
    """The server can take the part in a moment, or asks to look at the offset."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def sent_bar(done: int, size: int) -> str:
    """Draw how much was sent: `[########······] 57 % of 4096 MiB`."""
    share = done / size if size else 1.0
    filled = int(share * _BAR_WIDTH)
    bar = "#" * filled + "·" * (_BAR_WIDTH - filled)
    return f"[{bar}] {int(100 * share)} % of {size / (1 << 20):,.0f} MiB"


_BAR_WIDTH = 24
