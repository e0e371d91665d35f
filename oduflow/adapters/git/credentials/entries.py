"""One line of a credential file, in the format of git-credential-store(1).

A line is `https://USER:TOKEN@host[:port][/path]`, every field percent-encoded. It imports nothing
that is slow to import: git waits for our helper, which uses this module too.
"""

from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from oduflow.adapters.git.urls import RemoteUrl, check_path, split_authority
from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import DEFAULT_PORTS, join_host_port
from oduflow.domain.masking import HIDDEN, mask, prefix_of

WHOLE_HOST = "/"
# The password of an entry whose user is the token (GitHub, “Git over HTTPS”).
_NO_PASSWORD = frozenset({"", "x-oauth-basic"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A user and a token for a host, or for the repositories below a path of it.

    Args:
        scheme, host, port: the server, written as in `RemoteUrl`.
        path: starts with `/` and ends without one; `/` alone is the whole host.
        username: may be the token itself.
        password: the token; empty or a placeholder when the user is the token.
    """

    scheme: str
    host: str
    port: int
    path: str
    username: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def authority(self) -> str:
        """The host, with its port unless that is the default of https."""
        default = self.port == DEFAULT_PORTS["https"]
        return join_host_port(self.host, None if default else self.port)

    @property
    def url(self) -> str:
        """The URL of the host, or of the path that it is bound to."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def token_is_user(self) -> bool:
        """Whether the token is in the place of the user."""
        return self.password in _NO_PASSWORD or bool(prefix_of(self.username))

    @property
    def token(self) -> str:
        """The secret."""
        return self.username if self.password in _NO_PASSWORD else self.password

    @property
    def shown_user(self) -> str:
        """The user, masked if it is the token; callers address the entry by it."""
        return mask(self.username) if self.token_is_user else self.username

    @property
    def shown_token(self) -> str:
        """The token, masked."""
        return mask(self.token) if self.token else HIDDEN

    @property
    def shown(self) -> str:
        """The entry in messages: `me:ghp_****`."""
        if self.password in _NO_PASSWORD:
            return self.shown_user
        return f"{self.shown_user}:{self.shown_token}"

    @property
    def address(self) -> tuple[str, str, int, str, str]:
        """The entry's identity; a new token for the same address replaces it."""
        return (self.scheme, self.host, self.port, without_suffix(self.path), self.shown_user)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that no message may show."""
        return (self.token, self.username) if self.token_is_user else (self.token,)

    @property
    def git_can_carry(self) -> bool:
        """Whether git's credential protocol can carry it, in one line (gitcredentials(7))."""
        return not any(sign in self.username + self.password for sign in "\n\r\0")

    def fits(self, remote: RemoteUrl) -> bool:
        """Whether it is for that repository: on its server, and at or below its path."""
        ours = (self.scheme, self.host, self.port)
        theirs = (remote.scheme, remote.host, remote.port)
        return ours == theirs and is_within(remote.path, self.path)


def is_within(path: str, bound: str) -> bool:
    """Whether a repository's path is the path of a credential, or lies below it.

    Hosts redirect a path without `.git` to the one with it, or the other way: both are the same
    repository.
    """
    below = bound == WHOLE_HOST or f"{path}/".startswith(f"{bound}/")
    return below or without_suffix(path) == without_suffix(bound)


def without_suffix(path: str) -> str:
    """Return the path of a repository without a final `.git`."""
    return path.removesuffix(".git")


def choose(entries: tuple[Entry, ...], remote: RemoteUrl) -> Entry | None:
    """Choose the entry for a repository: the longest path wins, then the latest one.

    The user name in the URL goes first. Without an entry of that user all count, because the clone
    buttons of some hosts put the organisation there.
    """
    fitting = [entry for entry in entries if entry.git_can_carry and entry.fits(remote)]
    named = [entry for entry in fitting if remote.user and entry.username == remote.user]
    fitting = named or fitting
    return max(reversed(fitting), key=lambda each: len(without_suffix(each.path)), default=None)


def format_line(entry: Entry) -> bytes:
    """Return an entry as one line without its end; percent-encoding keeps it one line."""
    default = entry.port == DEFAULT_PORTS[entry.scheme]
    where = join_host_port(entry.host, None if default else entry.port)
    user, password = (quote(text, safe="") for text in (entry.username, entry.password))
    path = "" if entry.path == WHOLE_HOST else entry.path
    return f"{entry.scheme}://{user}:{password}@{where}{path}".encode("ascii")


def parse_line(line: bytes) -> Entry | None:
    """Parse one line; None when it is not a usable credential."""
    try:
        scheme, _, rest = line.decode("ascii").partition("://")
        authority, _, path = rest.partition("/")
        userinfo, at, where = authority.rpartition("@")
        user, colon, password = userinfo.partition(":")
        if not (at and colon and userinfo != ":") or scheme not in DEFAULT_PORTS:
            return None
        host, port = split_authority(where, DEFAULT_PORTS[scheme])
        return Entry(scheme, host, port, _path(path), _decoded(user), _decoded(password))
    except (UnicodeError, Invalid):
        return None


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8")


def _path(text: str) -> str:
    """Normalise a path as `RemoteUrl` does; git encodes other characters than this product.

    Raises:
        Invalid: the path is ambiguous.
    """
    text = text.rstrip("/")
    return check_path(text) if text else WHOLE_HOST
