"""Convert a connection error into a `Failure` that names its cause."""

import socket
import ssl
from collections.abc import Iterator

import httpx2

from oduflow.cli.remote.address import Address
from oduflow.domain.errors import UpstreamFailed

# In order of precedence: the first type found among the causes is reported.
_REASONS: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        ssl.SSLCertVerificationError,
        "The certificate of {address} is not trusted: {reason}.",
        "Check the name in --url; $SSL_CERT_FILE may name the certificate of your own authority.",
    ),
    (
        ssl.SSLError,
        "The TLS handshake with {address} failed.",
        "Check the port in --url. A server without TLS is http://, on this machine only.",
    ),
    (
        socket.gaierror,
        "The host name in {address} cannot be resolved.",
        "Check --url and your DNS.",
    ),
    (
        httpx2.ConnectTimeout,
        "The connection to {address} timed out.",
        "Check --url and its port.",
    ),
    (httpx2.TimeoutException, "{address} did not answer in time.", "Call again later."),
    (
        ConnectionRefusedError,
        "{address} refused the connection.",
        "Check --url, and that `oduflow serve` runs on that machine.",
    ),
    (httpx2.ConnectError, "{address} cannot be reached.", "Check --url and the network."),
)


def connection_error(cause: httpx2.TransportError, address: Address) -> UpstreamFailed:
    """Return the failure for a request that got no answer."""
    causes = list(_causes(cause))
    for kind, message, hint in _REASONS:
        for each in causes:
            if isinstance(each, kind):
                reason = getattr(each, "verify_message", "")
                return UpstreamFailed(message.format(address=address, reason=reason), hint)
    return connection_lost(address)


def connection_lost(address: Address) -> UpstreamFailed:
    """Return the failure for a connection that ended before the answer."""
    return UpstreamFailed(f"The connection to {address} ended before its answer.", "Call again.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
