"""Send the requests of a sign-in to GitHub, each within one deadline.

The operator configured the address, so a private one or plain http on loopback is allowed.
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from oduflow.domain.errors import UpstreamFailed
from oduflow.net.addresses import Resolve, ResolveFailed, resolve
from oduflow.net.fetch import FetchFailed, Request, fetch

SECONDS = 10.0
MAX_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class BoundedGitHubClient:
    """Implements `blueprints.oauth.ports.GitHubClient`.

    Args:
        context: which certificates are trusted; None for the system's.
        seconds: how long a request may take, from the look-up of the name to the last byte.
        resolve: finds a host's addresses.
    """

    context: ssl.SSLContext | None = None
    seconds: float = SECONDS
    resolve: Resolve = resolve

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and return the status, headers and body of the answer.

        Raises:
            UpstreamFailed: there is no answer within the limits.
        """
        deadline = time.monotonic() + self.seconds
        try:
            address = self.resolve(urlsplit(url).hostname or "", deadline)[0]
            request = Request(url, address, headers, method, body)
            found = fetch(request, max_bytes=MAX_BYTES, deadline=deadline, context=self.context)
        except (ResolveFailed, FetchFailed, LookupError) as cause:
            raise _no_answer() from cause
        if len(found.body) > MAX_BYTES:
            raise _no_answer()
        return found.status, dict(found.headers.items()), found.body


def _no_answer() -> UpstreamFailed:
    return UpstreamFailed(
        "GitHub did not answer this server.", "Start again in your MCP client in a minute."
    )
