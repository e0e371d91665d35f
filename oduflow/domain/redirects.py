"""The rules for redirect URIs of OAuth clients.

A redirect URI is compared, not interpreted: it is registered in one plain spelling, and a request
must repeat that text. Only the port of a loopback URI may differ, because a program on a person's
machine listens on any free port.

Source: OAuth 2.1 (draft-ietf-oauth-v2-1), 2.3; RFC 8252, 7 and 8; RFC 9700, 4.1.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import is_host_name
from oduflow.domain.plain_urls import PlainUrl, is_plain_address, read_plain

# Schemes that an application on a person's machine registers with its system (RFC 8252, 7.1).
# Configuration adds others (`oauth_redirect_schemes`).
PRIVATE_USE_SCHEMES = frozenset({"cursor", "vscode", "vscode-insiders", "windsurf"})
LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
MAX_COUNT = 20
MAX_SHOWN = 200  # characters of a refused URI in the message

_ON_THIS_MACHINE = (
    "Access goes to a program on your own computer. Any program there can pretend to be it: allow "
    "this only when you have just started the sign-in yourself."
)
_ANOTHER_APPLICATION = (
    "Access goes to an application on your own computer. Any application there can answer to its "
    "name: allow this only when you have just started the sign-in yourself."
)


@dataclass(frozen=True, slots=True)
class Destination:
    """The target of a redirect URI, as the consent page shows it.

    Attributes:
        shown: the host with its port, or the application's scheme.
        origin: its source expression in a Content Security Policy (CSP3, 2.3.1); only the scheme
            of an IPv6 address, which a policy cannot name.
        warning: a sentence that the consent page must show; empty for a web site.
    """

    shown: str
    origin: str
    warning: str

    @property
    def is_web_site(self) -> bool:
        """Whether it is a page somewhere on the web, not a program on the person's computer."""
        return not self.warning


def check_redirects(
    uris: object, schemes: Collection[str] = PRIVATE_USE_SCHEMES
) -> tuple[str, ...]:
    """Accept the redirect URIs of one client.

    Args:
        uris: the value in the client's metadata, of any type.
        schemes: the allowed private-use schemes.

    Raises:
        Invalid: the value is not a list of 1 to 20 redirect URIs.
    """
    if not isinstance(uris, list) or not 0 < len(uris) <= MAX_COUNT:
        raise Invalid(
            f"redirect_uris is not a list of 1 to {MAX_COUNT} addresses.",
            "List the URIs that people return to after they have signed in.",
        )
    wrong = [uri for uri in uris if not is_registrable(uri, schemes)]
    if wrong:
        raise Invalid(
            f"The redirect URI {_shown(wrong[0])} is not allowed.",
            "Use https, http on loopback, or an application's scheme that this server allows "
            f"({', '.join(sorted(schemes))}; an operator adds one to oauth_redirect_schemes); no "
            "user, fragment or wildcard.",
        )
    return tuple(dict.fromkeys(uris))


def is_registrable(uri: object, schemes: Collection[str] = PRIVATE_USE_SCHEMES) -> bool:
    """Tell whether a client may register a redirect URI."""
    return _read(uri, schemes) is not None


def is_registered(
    presented: object, registered: Iterable[str], schemes: Collection[str] = PRIVATE_USE_SCHEMES
) -> bool:
    """Tell whether a client registered this redirect URI (RFC 8252, 7.3 for the ports).

    Args:
        presented: the redirect URI of a request.
        registered: the client's redirect URIs.
        schemes: the allowed private-use schemes.
    """
    url = _read(presented, schemes)
    return url is not None and any(
        presented == known or _differ_in_port_only(url, _read(known, schemes))
        for known in registered
    )


def destination(uri: str, schemes: Collection[str] = PRIVATE_USE_SCHEMES) -> Destination:
    """Return the target of a redirect URI.

    Raises:
        Invalid: it cannot be registered.
    """
    url = _read(uri, schemes)
    if url is None:
        raise Invalid("The redirect URI is not allowed.", "Register the client again.")
    if url.scheme in schemes:
        return Destination(f"{url.scheme}:", f"{url.scheme}:", _ANOTHER_APPLICATION)
    warning = _ON_THIS_MACHINE if url.host in LOOPBACK else ""
    named = "" if url.host.startswith("[") else f"//{url.authority}"
    return Destination(url.authority, f"{url.scheme}:{named}", warning)


def _differ_in_port_only(one: PlainUrl, other: PlainUrl | None) -> bool:
    return (
        other is not None
        and _is_on_loopback(one)
        and _is_on_loopback(other)
        and (one.host, one.path, one.query) == (other.host, other.path, other.query)
    )


def _shown(uri: object) -> str:
    """Return a refused URI in printable ASCII, without user information."""
    text = re.sub(r"//[^/?#]*@", "//***@", uri if isinstance(uri, str) else json.dumps(uri))
    return ascii(text[:MAX_SHOWN])[1:-1]


def _read(uri: object, schemes: Collection[str]) -> PlainUrl | None:
    url = read_plain(uri) if isinstance(uri, str) else None
    return url if url is not None and _is_allowed(url, schemes) else None


def _is_allowed(url: PlainUrl, schemes: Collection[str]) -> bool:
    if url.scheme in schemes:
        return url.port is None and not url.host.startswith("[")
    on_the_web = url.scheme == "https" and (is_host_name(url.host) or is_plain_address(url.host))
    return on_the_web or _is_on_loopback(url)


def _is_on_loopback(url: PlainUrl) -> bool:
    return url.scheme == "http" and url.host in LOOPBACK
