"""Parse the URL of a git repository into its one normal form, with no part that git interprets.

People paste what a host's clone button shows, so user names, ssh addresses, spaces and accents are
accepted and normalised.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, unquote

from oduflow.adapters.git.page_urls import refuse_page
from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import DEFAULT_PORTS, is_listed, is_number, join_host_port
from oduflow.domain.masking import is_user_name
from oduflow.domain.next_call import Next
from oduflow.domain.ssh_urls import https_form

_EXAMPLE = "Write https://host/owner/repository.git"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_SAFE = "~+@:,="  # besides letters, digits and "-._"; all else is percent-encoded
_FORBIDDEN = frozenset("/\\%")  # in the text of a segment
_WITHOUT_SCHEME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[\w.-]+)+")
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
        user: the user name in the URL, which chooses among a team's credentials; empty for none.
    """

    clean: str
    scheme: str
    host: str
    port: int
    path: str
    user: str = ""

    @property
    def stored(self) -> str:
        """The normal form that is stored and shown: `clean`, with the user name if there is one."""
        if not self.user:
            return self.clean
        scheme, _, rest = self.clean.partition("://")
        return f"{scheme}://{quote(self.user, safe='')}@{rest}"


def without_user(url: str) -> str:
    """Return a normal form without its user name: the address of the repository."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def parse_url(text: str, allowed_hosts: Iterable[str] = ()) -> RemoteUrl:
    """Parse the URL of a git repository, before git is started.

    No message repeats the user information, because it may hold a password.

    Args:
        text: as the caller wrote it; an ssh clone address of a known form becomes its https URL.
        allowed_hosts: hosts the operator trusts, `host` or `host:port`; only these may use plain
            http.

    Raises:
        Invalid: the URL is not https (or http to a listed host), has a password or a token, has
            control or ambiguous characters, or has no path.
    """
    text = text.strip()
    if not text or len(text) > _MAX_LENGTH or not text.isprintable():
        raise Invalid(
            "A repository URL must be printable text of at most 1,000 characters.", _EXAMPLE
        )
    text = https_form(text)
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        named = _WITHOUT_SCHEME.fullmatch(text)
        raise Invalid(
            "A repository URL must start with https://",
            f"Write https://{text}" if named else _EXAMPLE,
        )
    authority, _, path = rest.partition("/")
    userinfo, _, address = authority.rpartition("@")
    user = _check_user(userinfo)
    host, port = split_authority(address, DEFAULT_PORTS[scheme])
    path = check_path(path)
    shown = join_host_port(host, None if port == DEFAULT_PORTS[scheme] else port)
    if scheme == "http" and not is_listed(host, port, allowed_hosts):
        raise Invalid(
            f"Plain http is allowed only for hosts that the operator lists, and {shown} is not.",
            f'An operator can add "{shown}" to git_allowed_hosts of oduflow.toml; '
            "else use https:// if the host has it.",
        )
    refuse_page(f"{scheme}://{shown}", host, path)
    return RemoteUrl(f"{scheme}://{shown}{path}", scheme, host, port, path, user)


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
        raise Invalid(
            "The text after the colon of the repository URL's host is not a port, 1 to 65535.",
            f"{_EXAMPLE}; save a user and a token as a credential, "
            "with @ : / in the token as %40 %3A %2F.",
            Next.of("setup_repo_auth", "saves it"),
        )
    return _check_host(host), int(digits)


def _check_host(host: str) -> str:
    """Accept a DNS name or an address in its full form (URL Standard of WHATWG, 3.5).

    Curl also reads `127.1`, `0x7f.1` and `2130706433` as addresses: these are refused. A name of
    other letters becomes its ASCII form (RFC 5891; UTS 46, as browsers do), which is what messages
    show.
    """
    host = host if host.isascii() else _ascii_form(host)
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


def _ascii_form(host: str) -> str:
    import idna  # noqa: PLC0415 - git waits for our helper, which imports this module too

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as cause:
        raise Invalid(
            "The host of the repository URL is not a host name.",
            "Write its ASCII form, which starts with xn--.",
        ) from cause


def check_path(path: str) -> str:
    """Return a path in its normal form, so that the compared path is the requested one.

    Spaces, accents and other characters are percent-encoded as UTF-8 (RFC 3986, 2.5). Curl removes
    dot segments and servers decode escapes: `/ours/../theirs` would match a credential stored for
    `/ours`. So segments that decode to dots, to a slash or to a percent sign are refused.

    Raises:
        Invalid: the path is empty, or ambiguous.
    """
    for mark, name in (("?", "query"), ("#", "fragment")):
        if mark in path:
            raise Invalid(
                f"A repository URL has no {name}.",
                f"Leave out the {mark} and what follows it; a {mark} of the path itself is "
                f"written {quote(mark)}.",
            )
    segments = map(_decode, path.removesuffix("/").split("/"))
    return "/" + "/".join(quote(segment, safe=_PATH_SAFE) for segment in segments)


def _decode(segment: str) -> str:
    """Return a segment's text.

    Raises:
        Invalid: it is empty or ambiguous.
    """
    text = "" if _BAD_ESCAPE.search(segment) else unquote(segment, errors="replace")
    not_utf8 = "\N{REPLACEMENT CHARACTER}" in text
    if text in {"", ".", ".."} or not_utf8 or not text.isprintable() or set(text) & _FORBIDDEN:
        raise Invalid(
            "The path of the repository URL has characters or segments that are not allowed.",
            _EXAMPLE,
        )
    return text


def _check_user(userinfo: str) -> str:
    """Return the user name of a URL's user information, decoded; refuse what may be a secret.

    A clone button shows the user name or the organisation, never the token.
    """
    user = unquote(userinfo)
    if not user and ":" not in userinfo:
        return ""
    if ":" in userinfo or not is_user_name(user):
        raise Invalid(
            "A repository URL must not have a password or a token.",
            "Remove it; save the credential separately.",
            Next.of("setup_repo_auth", "saves it"),
        )
    return user
