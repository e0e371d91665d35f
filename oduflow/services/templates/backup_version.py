"""Choose the image for a backup by the Odoo version that its database has."""

import re
from collections.abc import Iterable

from oduflow.domain.addons import ImageInventory
from oduflow.domain.errors import Invalid
from oduflow.domain.odoo_version import OdooVersion
from oduflow.domain.template import ImportTemplate
from oduflow.services.images import check_other_version, choose_image, image_of

_VERSION = re.compile(r"(?:saas[~-])?\d{1,2}\.\d")
_SUPPORTED = tuple(map(str, OdooVersion))
_FIRST = OdooVersion.ODOO_14
_MOST_NAMED = 20


def odoo_version(text: str) -> str:
    """Return `17.0` of `17.0.1.3` or `17.0-20250101`, or `saas~17.4`; empty if it is neither."""
    found = _VERSION.match(text)
    return found[0] if found else ""


def image_for(pattern: str, args: ImportTemplate, source: str, version: str) -> str:
    """Return the requested image, else that of the database's version.

    Args:
        pattern: `[images] odoo`, such as `odoo:{version}`.
        args: what is requested.
        source: the backup's file name.
        version: of its database; empty if it does not say one.

    Raises:
        Invalid: no image is of the database's version, or the requested one is of another.
    """
    wanted = args.odoo_version
    if wanted is None and args.odoo_image is None and image_of(pattern, _FIRST) != pattern:
        if version not in _SUPPORTED:
            found = f"is of Odoo {version}" if version else "does not say its Odoo version"
            raise Invalid(
                f"{source} {found}, and supported are {', '.join(_SUPPORTED)}.",
                "Upgrade the database first." if version else "Pass odoo_version.",
            )
        wanted = OdooVersion(version)
    image = choose_image(pattern, args.odoo_image, wanted)
    check_other_version(image, version)
    return image


def missing_code(image: str, inventory: ImageInventory, modules: Iterable[str]) -> tuple[str, ...]:
    """Return a warning if the image has no code of some installed modules."""
    known = {each.name for each in inventory.modules}
    missing = sorted(set(modules) - known) if known else []
    if not missing:
        return ()
    more = len(missing) - _MOST_NAMED
    listed = ", ".join(missing[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return (
        (
            f"{image} has no code of the installed modules {listed}: an environment needs it from "
            "its repository or from extra repos."
        ),
    )
