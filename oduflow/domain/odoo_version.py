"""The supported Odoo versions, and how the image of each can be had."""

from enum import StrEnum

from oduflow.domain.outcome import Model


class OdooVersion(StrEnum):
    """A supported version; `docs/odoo-versions.md` says what was run on which."""

    ODOO_14 = "14.0"
    ODOO_15 = "15.0"
    ODOO_16 = "16.0"
    ODOO_17 = "17.0"
    ODOO_18 = "18.0"
    ODOO_19 = "19.0"


DEFAULT_VERSION = OdooVersion.ODOO_19


class ImageSource(StrEnum):
    """Where an image comes from, in the order in which the sources are tried."""

    LOCAL = "local"
    PULL = "pull"
    PULL_OR_BUILD = "pull or build"


class OdooVersionView(Model):
    """One version that `create_template` offers as `odoo_version`."""

    version: OdooVersion
    image: str
    source: ImageSource
