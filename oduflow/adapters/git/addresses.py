"""Choose the addresses that git may dial: public ones, and any of a host the operator trusts.

git is handed the checked addresses (`http.curloptResolve`), so a name that resolves differently a
moment later changes nothing.
"""

import time
from collections.abc import Iterable
from ipaddress import ip_address

from oduflow.adapters.git.urls import RemoteUrl
from oduflow.domain.errors import Invalid, UpstreamFailed
from oduflow.domain.hosts import is_address, is_listed, join_host_port
from oduflow.net.addresses import IPAddress, Resolve, ResolveFailed, public_only, resolve

_RESOLVE_SECONDS = 30.0


def pin(remote: RemoteUrl, allowed_hosts: Iterable[str], resolve: Resolve = resolve) -> str | None:
    """Choose the addresses that git may dial for a remote.

    Of a name with public and other addresses only the public ones are dialled. A host that the
    operator lists may have any address.

    Returns:
        One value of git's `http.curloptResolve` (`host:port:address,…`, curl's CURLOPT_RESOLVE);
        None when the URL holds the address itself and nothing is left to resolve.

    Raises:
        Invalid: none of the addresses is public, and the operator does not list the host.
        UpstreamFailed: the name does not resolve.
    """
    found = _addresses(remote, resolve)
    listed = is_listed(remote.host, remote.port, allowed_hosts)
    dialled = found if listed else public_only(found)
    if not dialled:
        raise Invalid(
            f"The git host {remote.host} is not on the public internet.",
            "An operator can list it in git_allowed_hosts of oduflow.toml.",
        )
    if is_address(remote.host):
        return None
    shown = ",".join(join_host_port(str(each)) for each in dialled)
    return f"{remote.host}:{remote.port}:{shown}"


def _addresses(remote: RemoteUrl, resolve: Resolve) -> tuple[IPAddress, ...]:
    if is_address(remote.host):
        return (ip_address(remote.host),)
    try:
        return resolve(remote.host, time.monotonic() + _RESOLVE_SECONDS)
    except ResolveFailed as cause:
        raise UpstreamFailed(
            f"The name of the git host, {remote.host}, cannot be resolved.",
            "Check the URL and the server's DNS.",
        ) from cause
