"""Parse the URL of a git repository; it has one accepted spelling, and no part git interprets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import DEFAULT_PORTS, is_listed, is_number, join_host_port

_EXAMPLE = "Write https://host/owner/repository.git"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~+@:,=-]|%[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ESCAPABLE = frozenset(" !\"#$&'()*;<>?[]^`{|}")  # characters that a path can only escape
_MAX_LENGTH = 1000
_MAX_HOST_LENGTH = 253


@dataclass(frozen=True, slots=True)
class RemoteUrl:
    """The URL of a git repository, in its parts.

    Args:
        clean: the whole URL as git is given it, without user, password or default port.
        scheme: `https` or `http`.
        host: lower case; a name, a dotted IPv4 address or an IPv6 address without brackets.
        port: TCP port, the scheme's default filled in.
        path: starts with `/`, ends without one; percent-encoding in upper case.
    """

    clean: str
    scheme: str
    host: str
    port: int
    path: str


def parse_url(text: str, allowed_hosts: Iterable[str] = ()) -> RemoteUrl:
    """Parse the URL of a git repository, before git is started.

    No message repeats the text, because it may hold a password.

    Args:
        text: as the caller wrote it.
        allowed_hosts: hosts the operator trusts, `host` or `host:port`; only these may use plain
            http.

    Raises:
        Invalid: the URL is not https (or http to a listed host), has a user or a password, has
            control, non-ASCII or ambiguous characters, or has no path.
    """
    if (
        not text
        or len(text) > _MAX_LENGTH
        or not all("!" <= character <= "~" for character in text)
    ):
        raise Invalid(
            "A repository URL must be printable ASCII, at most 1,000 characters.", _EXAMPLE
        )
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        raise Invalid("A repository URL must start with https://", _EXAMPLE)
    authority, _, path = rest.partition("/")
    if "@" in authority:
        raise Invalid(
            "A repository URL must not have a user or a password.",
            "Remove them; `oduflow call setup_repo_auth -` saves the credential.",
        )
    host, port = split_authority(authority, DEFAULT_PORTS[scheme])
    path = check_path(path)
    if scheme == "http" and not is_listed(host, port, allowed_hosts):
        raise Invalid(
            "Plain http is allowed only for hosts that the operator lists.",
            "Use https://, or list the host in git_allowed_hosts of oduflow.toml.",
        )
    shown = join_host_port(host, None if port == DEFAULT_PORTS[scheme] else port)
    return RemoteUrl(f"{scheme}://{shown}{path}", scheme, host, port, path)


def split_authority(authority: str, default_port: int) -> tuple[str, int]:
    """Parse `host` or `host:port`.

    Raises:
        Invalid: the text is neither, or has another spelling.
    """
    bracket = authority.rfind("]")
    name, colon, digits = authority[bracket + 1 :].partition(":")
    host = (authority[: bracket + 1] + name).lower()
    if not colon:
        return _check_host(host), default_port
    if not _PORT.fullmatch(digits) or int(digits) > 65535:  # noqa: PLR2004  TCP's last port
        raise Invalid("The port of the repository URL is not a number from 1 to 65535.", _EXAMPLE)
    return _check_host(host), int(digits)


def _check_host(host: str) -> str:
    """Accept a DNS name or an address in its full form (URL Standard of WHATWG, 3.5).

    Curl also reads `127.1`, `0x7f.1` and `2130706433` as addresses: these are refused.
    """
    try:
        if host.startswith("[") and host.endswith("]") and "%" not in host:
            return IPv6Address(host[1:-1]).compressed
        if is_number(host.rpartition(".")[2]):
            return str(IPv4Address(host))
    except AddressValueError as cause:
        raise Invalid("The host of the repository URL is not a full address.", _EXAMPLE) from cause
    if len(host) > _MAX_HOST_LENGTH or not _HOST_NAME.fullmatch(host):
        raise Invalid("The host of the repository URL is not a host name.", _EXAMPLE)
    return host


def check_path(path: str) -> str:
    """Accept a path in its one spelling, so that the compared path is the requested one.

    Curl removes dot segments and servers decode escapes: `/ours/../theirs` would match a
    credential stored for `/ours`.

    Raises:
        Invalid: the path has another spelling.
    """
    segments = path.removesuffix("/").split("/")
    for segment in segments:
        escaped = {chr(int(code, 16)) for code in _ESCAPE.findall(segment)}
        if not _SEGMENT.fullmatch(segment) or segment in {".", ".."} or not escaped <= _ESCAPABLE:
            raise Invalid(
                "The path of the repository URL has characters or segments that are not allowed.",
                _EXAMPLE,
            )
    return "/" + _ESCAPE.sub(lambda escape: escape[0].upper(), "/".join(segments))
