"""Kinds of URLs. A password in one is always refused: URLs end up in logs and containers."""

from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

from oduflow.domain.hosts import join_host_port
from oduflow.settings.hosts import is_loopback, split_host_port
from oduflow.settings.kinds import Kind, Refused, plain_text

# Schemes that an application on a person's machine registers with its system (RFC 8252, 7.1).
PRIVATE_USE_SCHEMES = frozenset({"cursor", "vscode", "vscode-insiders", "windsurf"})

_DEFAULT_PORTS = {"http": 80, "https": 443}


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError as cause:
        raise Refused from cause
    if not text.isascii() or any(mark in text for mark in ' "<>\\^`{|}'):
        raise Refused("it holds a character that a URL cannot hold")
    if "@" in parts.netloc:
        raise Refused("it carries a user name or a password", "Leave out what stands before the @.")
    if "#" in text:
        raise Refused("it has a #fragment")
    return parts


def _web(text: str) -> SplitResult:
    """Split an http or https URL, its host in lower case and its default port left out."""
    parts = _split(text)
    if parts.scheme not in _DEFAULT_PORTS:
        raise Refused
    host, port = split_host_port(parts.netloc)
    kept = None if port == _DEFAULT_PORTS[parts.scheme] else port
    return parts._replace(netloc=join_host_port(host, kept))


def _base(value: object) -> str:
    text = plain_text(value)
    if not text:
        return ""
    parts = _web(text)
    if "?" in text:
        raise Refused("it has a ?query")
    return parts._replace(path=parts.path.rstrip("/")).geturl()


def _origin(value: object) -> str:
    url = _base(value)
    if urlsplit(url).path:
        raise Refused("it has a path", "Write scheme and host only: the server owns every path.")
    return url


def _redirect(value: object) -> str:
    text = plain_text(value)
    parts = _split(text)
    if parts.scheme in PRIVATE_USE_SCHEMES and parts.netloc:
        return text
    web = _web(text)
    if web.scheme == "http" and not is_loopback(web.hostname or ""):
        raise Refused("plain http is for loopback only")
    if "*" in text:
        raise Refused("it has a wildcard")
    return text


def _links(value: object) -> str:
    text = plain_text(value)
    return text if PurePosixPath(text).is_absolute() else _base(text)


BASE_URL = Kind("a URL that begins with https:// or http://, or empty", _base)
ORIGIN = Kind('a URL without a path, such as "https://your-server.com", or empty', _origin)
REDIRECT_URI = Kind("an https URL, an http URL on loopback, or a known application's", _redirect)
LINKS = Kind("a URL or an absolute path, or empty", _links)
