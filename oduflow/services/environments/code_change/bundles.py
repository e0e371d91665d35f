"""Request the bundles of scripts and styles from a serving Odoo, which makes them then.

A style that cannot be compiled is told in the bundle only: Odoo serves an older one, with a message
in it, and logs nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from oduflow.domain.changes.manifest import UnreadableManifest, declared
from oduflow.domain.module_failure import one_line
from oduflow.domain.odoo_log import READINESS_PATH
from oduflow.domain.readiness import WebPage

MOST_BUNDLES = 6
_NAME = re.compile(r"[a-z0-9_]+\.[a-z][a-zA-Z0-9_]*")
_LINKED = re.compile(rb"""["'](/web/(?:assets|content)/[\w./%-]+\.css)["'?#]""")
_ERROR = b"css_error_message"
_TEXT = re.compile(rb"""css_error_message[^}]*?content:\s*["'](.*?)["'];""", re.DOTALL)

Get = Callable[[str], WebPage | None]
"""Requests a path of a serving Odoo; None without an HTTP response."""


def bundles_of(manifests: Iterable[bytes]) -> tuple[str, ...]:
    """Return the bundles to which manifests add files, without those that are parts of others."""
    found: dict[str, None] = {}
    for content in manifests:
        try:
            assets = declared(content).get("assets")
        except UnreadableManifest:
            continue
        names = assets if isinstance(assets, dict) else {}
        found |= dict.fromkeys(name for name in map(str, names) if _NAME.fullmatch(name))
    return tuple(found)[:MOST_BUNDLES]


def style_errors(get: Get, bundles: Iterable[str]) -> Mapping[str, str]:
    """Return what Odoo says about styles that cannot be compiled, by bundle.

    Args:
        get: requests a path of the serving Odoo.
        bundles: their names; of versions before 17 only those count that the login page links.
    """
    found = {name: _current(get, f"{name}.min.css") for name in bundles}
    page = get(READINESS_PATH)
    linked = _LINKED.findall(page.body) if page is not None else []
    found |= {path.decode("latin-1"): get(path.decode("latin-1")) for path in linked[:MOST_BUNDLES]}
    return {_named(name): text for name, answer in found.items() if (text := _error(answer))}


def missing_scripts(get: Get, bundles: Iterable[str]) -> Iterator[str]:
    """Yield the bundles whose scripts Odoo fails to make; versions before 17 do not tell."""
    for name in bundles:
        found = _current(get, f"{name}.min.js")
        if found is not None and found.status >= 500:  # noqa: PLR2004 - RFC 9110, 15.6
            yield name


def _current(get: Get, file: str) -> WebPage | None:
    """Request a bundle as pages link it now; Odoo redirects from a version that never was."""
    found = get(f"/web/assets/0/{file}")
    place = urlsplit(found.location).path if found is not None else ""
    return get(place) if place.startswith("/web/assets/") else found


def _named(bundle: str) -> str:
    """Name a bundle without the version in its path, which changes with it."""
    return bundle.rpartition("/")[2].removesuffix(".min.css")


def _error(found: WebPage | None) -> str:
    if found is None or _ERROR not in found.body:
        return ""
    told = _TEXT.search(found.body)
    text = told[1].decode(errors="replace").replace("\\A", " ") if told else ""
    return one_line(text) or "a style cannot be compiled"
