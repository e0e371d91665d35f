"""The one address of a stranger's host that may be dialled."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from oduflow.domain.addresses import is_public
from oduflow.domain.errors import Invalid, UpstreamFailed

Resolve = Callable[[str, int], Sequence[str]]
"""Takes a host name and a port, answers its addresses; raises `UpstreamFailed` without any."""
Allow = Callable[[str], bool]
"""Tells whether an address may be dialled."""


def look_up(host: str, port: int) -> list[str]:
    """Resolve a host name as the system does.

    Raises:
        UpstreamFailed: no such name, or no name server answers.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        raise UpstreamFailed(
            f"The client's host {host} is not known here.", "Check the server's DNS."
        ) from cause
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def on_the_public_internet(address: str) -> bool:
    """Tell whether an address is nobody's private one."""
    return is_public(ip_address(address))


def choose(host: str, port: int, resolve: Resolve, allow: Allow) -> str:
    """Return the address to dial.

    A name with even one address that is not allowed is nobody we want to know: it is how a name
    leads into our own network at the second try.

    Raises:
        Invalid: it leads elsewhere than to the public internet; nothing was asked there.
        UpstreamFailed: the name does not resolve.
    """
    found = resolve(host, port)
    if not found or not all(map(allow, found)):
        raise Invalid(
            f"The client's host {host} is not on the public internet.",
            "Register the client with this server instead.",
        )
    return found[0]
