"""Name why a server gave no answer at all."""

import socket
import ssl
from collections.abc import Iterator

import httpx2

from oduflow.cli.remote.address import Address
from oduflow.domain.errors import UpstreamFailed

# The first that is among the causes counts.
_REASONS: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        ssl.SSLCertVerificationError,
        "The certificate of {address} is not trusted: {reason}.",
        "Check the name in --url; $SSL_CERT_FILE may name the certificate of your own authority.",
    ),
    (
        ssl.SSLError,
        "{address} does not speak TLS as it should.",
        "Check the port in --url; a plain server is http://, on this machine only.",
    ),
    (socket.gaierror, "No machine has the name in {address}.", "Check --url, and your DNS."),
    (httpx2.ConnectTimeout, "{address} cannot be reached in time.", "Check --url, and its port."),
    (httpx2.TimeoutException, "{address} did not answer in time.", "Call again later."),
    (
        ConnectionRefusedError,
        "{address} refused the connection.",
        "Check --url, and that `oduflow serve` runs there.",
    ),
    (httpx2.ConnectError, "{address} cannot be reached.", "Check --url, and the network."),
)


def unreachable(cause: httpx2.TransportError, address: Address) -> UpstreamFailed:
    """Say what kept the answer away."""
    causes = list(_causes(cause))
    for kind, message, hint in _REASONS:
        for each in causes:
            if isinstance(each, kind):
                reason = getattr(each, "verify_message", "")
                return UpstreamFailed(message.format(address=address, reason=reason), hint)
    return cut_off(address)


def cut_off(address: Address) -> UpstreamFailed:
    """Say that the connection ended before the answer came."""
    return UpstreamFailed(f"The connection to {address} ended before its answer.", "Call again.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
