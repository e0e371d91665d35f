"""How an environment's filestore is kept."""

from enum import StrEnum


class FilestoreKind(StrEnum):
    """What an environment has mounted as its filestore.

    COPY: a folder of its own, with a copy of the source's files.
    OVERLAY: its own changes above the template's files, which it only reads.
    VOLUME: a folder inside its volume of `/var/lib/odoo`, as older versions made it.
    """

    COPY = "copy"
    OVERLAY = "overlay"
    VOLUME = "volume"
