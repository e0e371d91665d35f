"""Put a folder of a checkout on the addons path, itself or as a folder of links to its modules."""

from pathlib import Path

from oduflow.adapters.odoo.addons.checkout import AddonsFolder
from oduflow.adapters.odoo.addons_path import below
from oduflow.files.private import make_folder, writing

READABLE = 0o755  # for Odoo's user; the folder above is private


def put_on_path(
    folder: AddonsFolder, *, checkout_target: str, links: Path, links_target: str
) -> str:
    """Return the folder for the addons path inside the container; make links if it needs them.

    Args:
        folder: a folder of the checkout.
        checkout_target: where the checkout is mounted in the container.
        links: a folder of the host for the links; made if it is needed.
        links_target: where that folder is mounted.
    """
    if folder.links is None:
        return below(checkout_target, folder.path)
    make_folder(links)
    with writing():
        for name, place in folder.links:
            (links / name).symlink_to(below(checkout_target, place))  # resolved in the container
        links.chmod(READABLE)
        links.parent.chmod(READABLE)
    return links_target
