"""The translation of git's messages into the product's errors."""

import re
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from oduflow.adapters.git.invocation import RepositoryPaths
from oduflow.adapters.git.offered_credential import NO_CREDENTIAL, OfferedCredential
from oduflow.adapters.git.urls import RemoteUrl, parse_url
from oduflow.domain.errors import Failure, Invalid, NotFound, QuotaReached, UpstreamFailed
from oduflow.domain.hosts import join_host_port
from oduflow.domain.next_call import Next

_SETUP = "Add a credential for {authority}{path}, then try again."
_ADD = (Next.of("setup_repo_auth", "adds a credential"),)
_SHOWN_LINES = 10
_REFS = "/info/refs"  # what git asks for first (gitprotocol-http(5))

REDIRECT = re.compile(r"error: 30[1-8]")
"""Git's message about a redirect, which it was told not to follow."""


class GitFailed(Exception):
    """Git ended with an error.

    Args:
        status: its exit status.
        text: the last lines it wrote to standard error.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"git exited with {status}:\n{text}")
        self.status = status
        self.text = text


class AccessRefused(UpstreamFailed):
    """The server asks for a credential, or refuses the one that was sent."""


class Redirected(UpstreamFailed):
    """The server redirects a repository's URL.

    Args:
        message: names the target.
        hint: the next step.
        target: the repository at the same server that it leads to; None for anything else.
        calls: the calls that are worth making next.
    """

    def __init__(self, message: str, hint: str, target: RemoteUrl | None, *calls: Next) -> None:
        super().__init__(message, hint, *calls)
        self.target = target

    def followed(self) -> RemoteUrl:
        """Return the target; raise this failure when it may not be followed."""
        if self.target is None:
            raise self
        return self.target


@dataclass(frozen=True, slots=True)
class _Sign:
    """An error and the message of git or curl that means it (git 2.39 and newer, LC_ALL=C)."""

    words: re.Pattern[str]
    failure: type[Failure]
    message: str
    hint: str
    calls: tuple[Next, ...] = ()


_SIGNS = (
    _Sign(
        re.compile(r"couldn't find remote ref"),
        NotFound,
        "{path} on {host} has no such branch (any more).",
        "Give one of its branches.",
    ),
    _Sign(
        re.compile(r"No space left on device|Out of diskspace"),
        QuotaReached,
        "The server's disk is full.",
        "Delete environments, or give the server more disk.",
    ),
    _Sign(
        re.compile(r"Out of memory|Cannot allocate memory|unable to create thread"),
        QuotaReached,
        "{path} unfolds to more than git may hold in memory.",
        "Use a smaller repository or branch.",
    ),
    _Sign(
        re.compile(r"could not read (Username|Password)|Authentication failed|error: 40[13]"),
        AccessRefused,
        "{host} {refuses}.",
        _SETUP,
        _ADD,
    ),
    _Sign(
        re.compile(r"repository .* not found|error: (404|410)|not valid: is this a git repository"),
        NotFound,
        "{host} has no repository {path}{asked}.",
        "Check the URL; some hosts answer so for a private one. " + _SETUP,
        _ADD,
    ),
    _Sign(
        REDIRECT,
        UpstreamFailed,
        "{host} redirects {path} elsewhere, which is not followed.",
        "Give the URL that it redirects to.",
    ),
    _Sign(
        re.compile(r"wrong version number|unexpected TLS packet|packet length too long"),
        UpstreamFailed,
        "{authority} answers in plain http, not in https.",
        "Give the port of its https. Where it has none, an operator lists {authority} in "
        "git_allowed_hosts of oduflow.toml, and the URL begins with http://.",
    ),
    _Sign(
        re.compile(r"dumb http transport"),
        UpstreamFailed,
        "{host} offers {path} as plain files (git's dumb protocol), which cannot be read without "
        "the whole history.",
        "Serve it with git http-backend, or push it to a git host.",
    ),
    _Sign(
        re.compile(r"not our ref|unadvertised object|unadvertised ref"),
        NotFound,
        "{path} on {host} has no such commit, or gives out only the newest ones of its branches.",
        "Give a branch or a tag that has it as its newest commit.",
    ),
    _Sign(
        re.compile(r"does not match target host|no alternative certificate subject|SSL: no alt"),
        UpstreamFailed,
        "The certificate of {authority} is one of another host name.",
        "Give the URL with the name that the certificate has, or have it issued for {host}.",
    ),
    _Sign(
        re.compile(r"certificate has expired"),
        UpstreamFailed,
        "The certificate of {authority} has expired.",
        "Have it renewed, then try again; check this server's clock if it has not.",
    ),
    _Sign(
        re.compile(r"SSL certificate|server certificate|SSL peer"),
        UpstreamFailed,
        "{host} has no certificate that this server trusts.",
        "Add its authority to the system's certificates (update-ca-certificates), or name a file "
        "of authorities: ca_bundle below [server] in oduflow.toml.",
    ),
    _Sign(
        re.compile(r"gnutls_handshake|SSL_connect|SSL routines|TLS connection"),
        UpstreamFailed,
        "{authority} breaks off the TLS handshake of https.",
        "Check that this port speaks https. Where it speaks plain http only, an operator lists "
        "{authority} in git_allowed_hosts of oduflow.toml, and the URL begins with http://.",
    ),
    _Sign(
        re.compile(r"expected commit type"),
        NotFound,
        "What was asked for of {path} on {host} is a tag of a file or a folder, not of a commit.",
        "Give a branch, a tag of a commit, or a commit id.",
    ),
    _Sign(
        re.compile(r"returned error: (?P<status>\d{3})"),
        UpstreamFailed,
        "{host} answers HTTP {status} for {path}.",
        "Try again later; if it stays so, the reason is in the log of {authority}.",
    ),
    _Sign(
        re.compile(r"Operation too slow|timed out"),
        UpstreamFailed,
        "{host} stalled.",
        "Try again.",
    ),
    _Sign(
        re.compile(r"Failed to connect|Could not resolve host|unable to access|RPC failed"),
        UpstreamFailed,
        "{host} cannot be reached, or broke off.",
        "Try again; check the URL and the server's network.",
    ),
    _Sign(
        re.compile(r"fsck error"),
        UpstreamFailed,
        "{host} sent objects that git's own check refuses.",
        "Repair the repository: `git fsck` in a clone names the objects.",
    ),
)


def explain(
    cause: GitFailed,
    remote: RemoteUrl,
    paths: RepositoryPaths,
    offered: OfferedCredential = NO_CREDENTIAL,
) -> Failure | None:
    """Return the product's error for a message of git's, None when the message is unknown.

    Paths of this server are removed from what the caller is shown. Lines that begin with
    "remote: " are not matched, because a server chooses their text.
    """
    lines = cause.text.splitlines()
    own = "\n".join(line for line in lines if not line.startswith("remote:"))
    for sign in _SIGNS:
        if found := sign.words.search(own.replace(remote.clean, "")):
            words = _words(remote, offered) | found.groupdict()
            message, hint = (text.format(**words) for text in (sign.message, sign.hint))
            return sign.failure(message, hint, *sign.calls, output=last_lines(cause, paths))
    return None


def redirected(location: str, remote: RemoteUrl) -> Redirected | None:
    """Return the failure for a redirect of a repository; None when its target is unreadable.

    Only a target at the same server may be followed, because another one was not checked, and a
    credential is for one server. https in place of http is the same server.
    """
    if not location:
        return None
    parts = urlsplit(urljoin(remote.clean + _REFS, location))
    whole = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    try:
        # Plain http of another host is named as well; only the same server is followed.
        named = tuple(map(join_host_port, {remote.host, parts.hostname or remote.host}))
        target = parse_url(whole.removesuffix(_REFS), named)
    except (Invalid, ValueError):
        return None
    message = f"{remote.host} redirects {remote.path} to {target.clean}."
    if not whole.endswith(_REFS):
        page = f"{message} That is a page, not a repository."
        return Redirected(page, _SETUP.format(**_words(remote, NO_CREDENTIAL)), None, *_ADD)
    same = (target.scheme, target.host, target.port) == (remote.scheme, remote.host, remote.port)
    if same or (target.scheme, target.host) == ("https", remote.host):
        return Redirected(message, "Give that URL.", replace(target, user=remote.user))
    return Redirected(message, "Give that URL, if you trust that server.", None)


def unexplained(cause: GitFailed, remote: RemoteUrl, paths: RepositoryPaths) -> UpstreamFailed:
    """Make the error for a message of git's that is unknown."""
    message = f"Git could not read {remote.path} from {remote.host}."
    return UpstreamFailed(message, "Try again.", output=last_lines(cause, paths))


def _words(remote: RemoteUrl, offered: OfferedCredential) -> dict[str, str]:
    refused = f"refused the credential {offered.shown} for {remote.path}"
    unasked = f"requires a credential for {remote.path}, and the team has none for it"
    return {
        "host": remote.host,
        "path": remote.path,
        "authority": remote.clean.removesuffix(remote.path).partition("://")[2],
        "refuses": refused if offered.shown else unasked,
        "asked": f" that {offered.shown} may read" if offered.shown else "",
    }


def last_lines(cause: GitFailed, paths: RepositoryPaths) -> str:
    """Return the last lines that git wrote, without paths of this server."""
    text = cause.text
    for path in filter(None, (paths.git_dir, paths.work_tree)):
        text = text.replace(str(path), "…")
    return "\n".join(text.splitlines()[-_SHOWN_LINES:])
