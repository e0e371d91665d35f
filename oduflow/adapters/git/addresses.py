"""Which addresses git may be led to: public ones, and whatever the operator vouches for.

The check is on the address that is dialled, not on the name: git is handed the address we
checked (`http.curloptResolve`), so a name that answers differently a moment later leads nowhere.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address

from oduflow.adapters.git.urls import RemoteUrl
from oduflow.domain.addresses import is_public
from oduflow.domain.errors import Invalid, UpstreamFailed
from oduflow.domain.hosts import is_address, is_listed, join_host_port

Resolve = Callable[[str, int], Sequence[str]]
"""Takes a host name and a port, answers its addresses; raises `UpstreamFailed` without any."""


def look_up(host: str, port: int) -> list[str]:
    """Resolve a host name as the system does.

    Raises:
        UpstreamFailed: no such name, or no name server answers.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        raise UpstreamFailed(
            f"The git host {host} is not known here.", "Check the URL and the server's DNS."
        ) from cause
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def pin(remote: RemoteUrl, allowed_hosts: Iterable[str], resolve: Resolve = look_up) -> str | None:
    """Choose the addresses that git may dial for a remote.

    A name with public and other addresses is dialled at its public ones. A host that the
    operator lists is dialled wherever it resolves to.

    Returns:
        One value of git's `http.curloptResolve` (`host:port:address,…`, curl's CURLOPT_RESOLVE);
        None when the URL holds the address itself and nothing is left to resolve.

    Raises:
        Invalid: none of the addresses is public, and the operator does not list the host.
        UpstreamFailed: the name does not resolve.
    """
    listed = is_listed(remote.host, remote.port, allowed_hosts)
    literal = is_address(remote.host)
    candidates = [remote.host] if literal else resolve(remote.host, remote.port)
    dialled = [each for each in candidates if listed or is_public(ip_address(each))]
    if not dialled:
        raise Invalid(
            f"The git host {remote.host} is not on the public internet.",
            "An operator can list it in git_allowed_hosts of oduflow.toml.",
        )
    if literal:
        return None
    return f"{remote.host}:{remote.port}:{','.join(map(join_host_port, dialled))}"
