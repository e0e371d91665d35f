"""Fetch a file to import from a host that the operator lists."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from shutil import rmtree
from urllib.parse import urlsplit

from oduflow.domain.errors import Failure, Forbidden, Invalid, QuotaReached, UpstreamFailed
from oduflow.domain.hosts import DEFAULT_PORTS, is_address, is_host_name, is_listed
from oduflow.files.private import make_folder, writing
from oduflow.kernel.call import CANCEL_CHECK_SECONDS, Call
from oduflow.net.addresses import IPAddress, Resolve, ResolveFailed, resolve
from oduflow.net.authorities import authorities
from oduflow.net.download import Download, DownloadRefused, NotWritten, TooLarge
from oduflow.net.fetch import FetchFailed
from oduflow.services.deps import Deps
from oduflow.services.download_room import DownloadRoom
from oduflow.services.move_journal import holding_off_moves

RESOLVE_SECONDS = 30.0
_MIB = 1 << 20


@contextmanager
def downloaded(
    deps: Deps, call: Call, team: str, url: str, resolve: Resolve = resolve
) -> Iterator[Path]:
    """Yield a file of an https URL, which is removed at the block's end.

    A broken connection is taken up where it broke. The file is below the folder of scratch files,
    which the next look empties after a kill.

    Raises:
        Busy: the team's files are being moved.
        Forbidden: the URL or a redirect leads to a host that the operator does not list.
        Invalid: it is not an https URL, or contains a user or a password.
        QuotaReached: the file is too large for the team or the disk.
        UpstreamFailed: the server does not give the file.
    """
    hosts = deps.settings.storage.import_hosts
    _check_listed(url, hosts)  # before anything is made
    room = DownloadRoom(deps, team)
    limit = room.limit()
    download = Download(
        url,
        room.file,
        check=_check_of(hosts, resolve),
        max_bytes=limit,
        on_bytes=_arriving(call, room),
        pause=lambda seconds: _pause(call, seconds),
        context=_trust(deps.settings.server.ca_bundle),
    )
    try:
        with holding_off_moves(deps.work.locks, deps.store.facts, team):
            make_folder(room.folder)
        call.report("download", f"asking {urlsplit(url).hostname}")
        _run(download, shown_url(url), limit)
        yield download.target
    finally:
        rmtree(room.folder, ignore_errors=True)


def shown_url(url: str) -> str:
    """Return a URL without its query and fragment, which may be secrets."""
    return url.partition("#")[0].partition("?")[0]


def _run(download: Download, shown: str, limit: int) -> None:
    try:
        with writing():
            try:
                download.run()
            except NotWritten as failed:
                raise failed.__cause__ or failed from failed
    except TooLarge as large:
        raise QuotaReached(
            f"{shown} has {large.size // _MIB} MiB or more, and {limit // _MIB} MiB are allowed.",
            "Raise max_upload_gb of the team, or free disk space.",
        ) from large
    except DownloadRefused as refused:
        raise UpstreamFailed(
            f"The server of {shown} {refused}.",
            "Open the URL in a browser; a signed one may have expired.",
        ) from refused
    except FetchFailed as broken:
        raise _explained(broken, shown) from broken


def _explained(broken: FetchFailed, shown: str) -> UpstreamFailed:
    host, causes = urlsplit(shown).hostname, list(_causes(broken))
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
        return UpstreamFailed(
            f"The certificate of {host} is not trusted.",
            "An operator can name its authority in ca_bundle of [server] in oduflow.toml.",
        )
    if any(isinstance(each, ResolveFailed) for each in causes):
        return UpstreamFailed(
            f"The name {host} cannot be resolved.", "Check the URL and the server's DNS."
        )
    return UpstreamFailed(
        f"{shown} could not be downloaded: the connection broke again and again.",
        "Check that the host answers this server, then call again.",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _arriving(call: Call, room: DownloadRoom) -> Callable[[int, int], None]:
    """Return what reports the progress and looks whether there is still room."""

    def arrived(done: int, total: int) -> None:
        room.arrived(done, total)
        call.report("download", _progress(done, total))

    return arrived


def _check_of(hosts: tuple[str, ...], resolve: Resolve) -> Callable[[str], IPAddress]:
    def check(url: str) -> IPAddress:
        host = _check_listed(url, hosts)
        if is_address(host):
            return ip_address(host)
        try:
            return resolve(host, time.monotonic() + RESOLVE_SECONDS)[0]
        except ResolveFailed as cause:
            raise FetchFailed(f"{host} was not resolved") from cause

    return check


def _check_listed(url: str, hosts: tuple[str, ...]) -> str:
    """Return a URL's host, which the operator must list.

    Raises:
        Forbidden: it is not listed.
        Invalid: it is not a plain https URL.
    """
    host, port = _parsed(url)
    if not is_listed(host, port, hosts):
        raise Forbidden(
            f"Files are not imported from {host}.",
            "An operator can list it in import_hosts of [storage] in oduflow.toml.",
        )
    return host


def _parsed(url: str) -> tuple[str, int]:
    """Return host and port of a URL.

    Raises:
        Invalid: it is not a plain https URL.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS["https"]
    except ValueError:
        raise _not_https() from None
    if "@" in parts.netloc:
        raise Invalid(
            "The URL contains a user or a password.", "Use a signed URL, or upload the file."
        )
    if parts.scheme != "https" or not (is_address(host) or is_host_name(host)):
        raise _not_https()
    return host, port


def _not_https() -> Failure:
    return Invalid("It is not an https URL of a file.", "Write https://host/path.")


def _progress(done: int, total: int) -> str:
    if not total:
        return f"downloading: {done // _MIB} MiB"
    return f"downloading: {done // _MIB} of {total // _MIB} MiB, {100 * done // total} %"


def _pause(call: Call, seconds: float) -> None:
    until = time.monotonic() + seconds
    call.report("download", "the connection broke; trying again")
    while (left := until - time.monotonic()) > 0:
        call.raise_if_cancelled()
        time.sleep(min(left, CANCEL_CHECK_SECONDS))


def _trust(configured: Path | None) -> ssl.SSLContext | None:
    bundle = authorities(configured)
    return ssl.create_default_context(cafile=str(bundle)) if bundle else None
