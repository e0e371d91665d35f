"""Request the bundles of scripts and styles from the serving Odoo.

The second Odoo has made them, and told of styles that cannot be compiled. Here the serving one has
to answer each with the content that belongs to the files as they are. Anything else is a failure.
"""

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from oduflow.domain.errors import OdooFailed
from oduflow.domain.module_change import MadeBundle
from oduflow.domain.odoo_log import READINESS_PATH
from oduflow.domain.readiness import WebPage

BY_NAME = 17  # the first version that has a path for each bundle
_LINKED = re.compile(rb"""["'](/web/(?:assets|content)/[\w./%-]+\.(?:css|js))["'?#]""")
_ERROR = b"css_error_message"
_OK, _REDIRECT = 200, range(300, 400)
_SERIES = re.compile(r"(?:saas[~-])?(\d+)")

Get = Callable[[str], WebPage | None]
"""Requests a path of a serving Odoo; None without an HTTP response."""


def require_bundles(get: Get, bundles: Iterable[MadeBundle], series: str) -> None:
    """Request the login page with what it links and, from Odoo 17 on, bundles by their names.

    Args:
        get: requests a path of the serving Odoo.
        bundles: those that the second Odoo made.
        series: Odoo's, such as `19.0`.

    Raises:
        OdooFailed: names what was not served, and the answer.
    """
    page = _require(READINESS_PATH, get(READINESS_PATH), _REDIRECT)
    for path in dict.fromkeys(_LINKED.findall(page.body)):
        name = path.decode("latin-1")
        _require(name, get(name))
    number = _SERIES.match(series)
    if number is None or int(number[1]) < BY_NAME:
        return
    for each in bundles:
        kinds = {"css": each.styles, "js": each.scripts}
        for kind in (kind for kind, has_any in kinds.items() if has_any):
            found = _require(each.name, _current(get, f"{each.name}.min.{kind}"))
            if kind == "css" and _ERROR in found.body:
                raise OdooFailed(f"Odoo serves {each.name} with styles that cannot be compiled.")


def _require(what: str, found: WebPage | None, also: Iterable[int] = ()) -> WebPage:
    if found is None:
        raise OdooFailed(f"Odoo did not answer a request for {what}.")
    if found.status != _OK and found.status not in also:
        raise OdooFailed(f"Odoo answered a request for {what} with status {found.status}.")
    return found


def _current(get: Get, file: str) -> WebPage | None:
    """Request a bundle as pages link it now; Odoo redirects from a version that never was."""
    found = get(f"/web/assets/0/{file}")
    place = urlsplit(found.location).path if found is not None else ""
    return get(place) if place.startswith("/web/assets/") else found
