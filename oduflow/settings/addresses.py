"""Types of hosts and URLs."""

import re
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from oduflow.domain.hosts import (
    DEFAULT_PORTS,
    is_address,
    is_host_name,
    is_loopback,
    join_host_port,
    split_host_port,
)
from oduflow.domain.redirects import PRIVATE_USE_SCHEMES
from oduflow.settings.schema import CARRIES_SECRETS, EMPTY_MEANS_DEFAULT, InvalidValue, Text

NO_INDEX = "none"  # the word of `[images] pip_index_url` for no package index
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,39}")
# Browsers open these themselves, or run what is in them.
_NOT_OF_AN_APPLICATION = frozenset(
    {"about", "blob", "chrome", "data", "file", "filesystem", "ftp", "http", "https", "intent"}
    | {"javascript", "mailto", "tel", "vbscript", "view-source", "ws", "wss"}
)


def _host(text: str) -> str:
    text = text.lower()
    if text.startswith("[") and is_address(text.strip("[]")):
        raise InvalidValue("it is in brackets", f'Write "{text.strip("[]")}".')
    if not (is_address(text) or is_host_name(text)):
        raise InvalidValue
    return text


def _own_address(text: str) -> str:
    host = _host(text)
    if host == "localhost":
        return "127.0.0.1"
    if not is_address(host):
        # Docker would publish environments on every address for a name.
        raise InvalidValue("it is a name", "Write one of this machine's addresses.")
    return host


def _split(text: str) -> SplitResult:
    """Split a URL without a password: URLs end up in logs and containers."""
    parts = urlsplit(text)
    if not text.isascii() or any(mark in text for mark in ' "<>\\^`{|}'):
        raise InvalidValue("it holds a character that a URL cannot hold")
    if "@" in parts.netloc:
        hint = "Leave out the part before the @."
        raise InvalidValue("it carries a user name or a password", hint)
    if "#" in text:
        raise InvalidValue("it has a #fragment")
    return parts


def _web(text: str) -> SplitResult:
    """Split an http or https URL; the host becomes lower case, a default port is left out."""
    parts = _split(text)
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidValue
    host, port = split_host_port(parts.netloc)
    kept = None if port == DEFAULT_PORTS[parts.scheme] else port
    return parts._replace(netloc=join_host_port(host, kept))


def _base(text: str) -> str:
    if not text:
        return ""
    parts = _web(text)
    if "?" in text:
        raise InvalidValue("it has a ?query")
    return parts._replace(path=parts.path.rstrip("/")).geturl()


def _origin(text: str) -> str:
    url = _base(text)
    if urlsplit(url).path:
        hint = "Write scheme and host only: the server owns every path."
        raise InvalidValue("it has a path", hint)
    return url


def _redirect(text: str) -> str:
    parts = _split(text)
    if parts.scheme in PRIVATE_USE_SCHEMES and parts.netloc:
        return text
    web = _web(text)
    if web.scheme == "http" and not is_loopback(web.hostname or ""):
        raise InvalidValue("plain http is for loopback only")
    if "*" in text:
        raise InvalidValue("it has a wildcard")
    return text


def _links(text: str) -> str:
    return text if PurePosixPath(text).is_absolute() else _base(text)


def _package_index(text: str) -> str:
    return text if text == NO_INDEX else _base(text)


def _scheme(text: str) -> str:
    name = text.removesuffix("://").removesuffix(":")
    if not _SCHEME.fullmatch(name):
        raise InvalidValue
    if name in _NOT_OF_AN_APPLICATION:
        raise InvalidValue("it is not the scheme of one application")
    return name


def _web_origin(text: str) -> str:
    url = _origin(text)
    if not url:
        raise InvalidValue
    return url


OwnAddress = Annotated[str, Text("an IP address of this machine, or localhost", _own_address)]
OptionalHost = Annotated[
    str,
    Text(
        "an IP address or a host name, without a port, or empty", lambda text: text and _host(text)
    ),
]
HostPort = Annotated[
    str,
    Text(
        'a host, or host:port, such as "git.lan" or "127.0.0.1:8770"',
        lambda text: join_host_port(*split_host_port(text)),
    ),
]
BaseUrl = Annotated[str, Text("a URL that begins with https:// or http://, or empty", _base)]
ProviderUrl = Annotated[BaseUrl, CARRIES_SECRETS, EMPTY_MEANS_DEFAULT]
Origin = Annotated[
    str,
    Text('a URL without a path, such as "https://your-server.com", or empty', _origin),
    CARRIES_SECRETS,
]
RedirectUri = Annotated[
    str,
    Text("an https URL, an http URL on loopback, or a known application's", _redirect),
]
PackageIndex = Annotated[
    str,
    Text('a URL that begins with https:// or http://, "none", or empty', _package_index),
]
RedirectScheme = Annotated[
    str, Text('the scheme of an application\'s URLs, such as "claude"', _scheme)
]
WebOrigin = Annotated[str, Text('an origin, such as "http://localhost:6274"', _web_origin)]
Links = Annotated[str, Text("a URL or an absolute path, or empty", _links)]
