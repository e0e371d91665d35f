"""Remove everything that an instance created, found by its labels, chains and folders.

The store is not read, so that a damaged one, or one of a newer version, is removed as well. Never
uses Docker's `prune`, which would remove other products' objects.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress

from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.filestore.clone import remove_tree
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.locks.server import SERVER_LOCK
from oduflow.adapters.pool import making
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.store import Store
from oduflow.domain.errors import Busy, Conflict, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.services.groups import EngineGroup
from oduflow.services.recoverable import Recoverable
from oduflow.services.server.database import DATA_DIR

OWN_FILES = ("oduflow.db", "oduflow.db-shm", "oduflow.db-wal", "reserve")


def refuse_while_working(locks: FileLocks) -> None:
    """Refuse while another process, such as a command line, works on the data folder.

    Raises:
        Busy: names the calls.
    """
    holders = locks.holders()
    if holders:
        raise Busy(
            f"Calls are running: {', '.join(holders)}.",
            "Wait for them, or cancel their jobs with `oduflow call cancel_job`.",
        )


def refuse_other_owner(naming: Naming, engine: EngineGroup, networks: Networks) -> None:
    """Refuse to remove the Docker objects of another server with the same instance name.

    Raises:
        Conflict: names one of them, and the data folder that it was made for.
    """
    own, labels = str(naming.data_dir.resolve()), {naming.label("kind"): ""}
    labelled = {each.name: each.labels for each in engine.containers.list(labels)}
    labelled |= {each.name: each.labels for each in networks.list(labels)}
    labelled |= {each.name: each.labels for each in engine.volumes.list(labels)}
    for name, found in labelled.items():
        owner = naming.own_labels(found).get(DATA_DIR, own)
        if owner != own:
            raise Conflict(
                f"{name} belongs to the server with data_dir {owner}, not to {own}. Nothing "
                "was removed.",
                f'Run `oduflow destroy` with a configuration that has data_dir = "{owner}"; that '
                "folder may be missing. A data folder that was moved is removed by hand.",
            )


def destroy_everything(
    naming: Naming,
    engine: EngineGroup,
    networks: Networks,
    firewall: Firewall,
    pools: Pools,
    store: Store,
    recoverables: tuple[Recoverable, ...],
) -> Iterator[str]:
    """Remove everything, and yield a line for each removed object.

    Roles and databases are removed with PostgreSQL's volume. Containers are removed first, so that
    none runs without firewall rules. Can be repeated: the instance's name finds what is left.

    Raises:
        UpstreamFailed: firewall rules may remain; everything else is removed.
    """
    labels = {naming.label("kind"): ""}
    for container in engine.containers.list(labels):
        engine.containers.remove(container.name)
        yield f"removed container {container.name}"
    engine.containers.remove_empty_groups()
    for network in networks.list(labels):
        networks.remove(network.name)
        yield f"removed network {network.name}"
    if making.destroy(pools):  # with the folders of all volumes, which are removed next
        yield "removed the pools"
    for volume in engine.volumes.list(labels):
        engine.volumes.release(volume.name)
        yield f"removed volume {volume.name}"
    state = firewall.remove(naming.instance)
    if state.ok:
        yield "removed firewall rules"
    store.close()
    folders = [name for noun in recoverables for name in noun.folders]
    yield from _remove_data(naming, folders)
    if not state.ok:
        raise UpstreamFailed(
            f"The firewall rules of {naming.instance} may remain: {state.reason}.",
            "Everything else is removed. Run `oduflow destroy` again as root, with the same "
            "configuration and with iptables installed: it finds them by the instance's name.",
        )


def remove_data_dir(naming: Naming) -> Iterator[str]:
    """Remove the data folder itself if nothing is left in it, and yield a line.

    Call it without the server's lock, whose file is in that folder.
    """
    with suppress(OSError):  # a mount point, a folder of another's, or not empty
        naming.data_dir.rmdir()
        yield f"removed folder {naming.data_dir}"


def _remove_data(naming: Naming, names: Sequence[str]) -> Iterator[str]:
    folders = [*naming.data_dir.glob("team_*"), *(naming.data_dir / name for name in names)]
    for folder in folders:
        if folder.is_dir():
            remove_tree(folder)  # a tenant chooses how deep the folders in it are nested
            yield f"removed folder {folder}"
    for file in (naming.data_dir / name for name in OWN_FILES):
        if not file.is_dir():  # a folder of that name is not ours
            file.unlink(missing_ok=True)
    # Removing a held lock file would let two processes hold locks of one name; here the caller
    # holds the server's lock, and no job runs.
    shutil.rmtree(naming.data_dir / "locks", ignore_errors=True)
    yield f"removed the store in {naming.data_dir}"
    for kept in sorted(naming.data_dir.glob("*")):
        if kept.name != SERVER_LOCK:
            yield f"kept {kept}: this version of Oduflow does not make it"
