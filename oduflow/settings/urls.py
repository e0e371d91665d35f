"""URLs. A password in one is always refused: URLs end up in logs and containers."""

from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from oduflow.domain.hosts import DEFAULT_PORTS, join_host_port
from oduflow.domain.redirects import PRIVATE_USE_SCHEMES
from oduflow.settings.hosts import is_loopback, split_host_port
from oduflow.settings.schema import CARRIES_SECRETS, EMPTY_MEANS_DEFAULT, Allowed, InvalidValue
from oduflow.settings.values import Text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError as cause:
        raise InvalidValue from cause
    if not text.isascii() or any(mark in text for mark in ' "<>\\^`{|}'):
        raise InvalidValue("it holds a character that a URL cannot hold")
    if "@" in parts.netloc:
        raise InvalidValue(
            "it carries a user name or a password", "Leave out the part before the @."
        )
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
        raise InvalidValue(
            "it has a path", "Write scheme and host only: the server owns every path."
        )
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


BaseUrl = Annotated[
    Text, AfterValidator(_base), Allowed("a URL that begins with https:// or http://, or empty")
]
ProviderUrl = Annotated[BaseUrl, CARRIES_SECRETS, EMPTY_MEANS_DEFAULT]
Origin = Annotated[
    Text,
    AfterValidator(_origin),
    Allowed('a URL without a path, such as "https://your-server.com", or empty'),
    CARRIES_SECRETS,
]
RedirectUri = Annotated[
    Text,
    AfterValidator(_redirect),
    Allowed("an https URL, an http URL on loopback, or a known application's"),
]
Links = Annotated[Text, AfterValidator(_links), Allowed("a URL or an absolute path, or empty")]
