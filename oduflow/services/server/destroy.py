"""Remove everything that an instance created, found by its labels, chains and folders.

Never uses Docker's `prune`, which would remove other products' objects.
"""

import shutil
from collections.abc import Iterator, Sequence

from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.store import Store
from oduflow.domain.errors import Busy, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.kernel.jobs import Jobs
from oduflow.services.groups import EngineGroup
from oduflow.services.recoverable import Recoverable

OWN_FILES = ("oduflow.db", "oduflow.db-shm", "oduflow.db-wal", "reserve")


def refuse_while_working(jobs: Jobs, store: Store) -> None:
    """Refuse while another process, such as a command line, runs jobs.

    Raises:
        Busy: names the jobs.
    """
    store.migrate()
    alive = [job for job in jobs.store.unfinished() if jobs.alive(job.id)]
    if alive:
        raise Busy(
            "Jobs are running: "
            + ", ".join(f"{job.operation} {job.target}" for job in alive)
            + ".",
            "Wait for them, or cancel them with `oduflow call cancel_job`.",
        )


def destroy_everything(
    naming: Naming,
    engine: EngineGroup,
    networks: Networks,
    firewall: Firewall,
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
    for network in networks.list(labels):
        networks.remove(network.name)
        yield f"removed network {network.name}"
    for volume in engine.volumes.list(labels):
        engine.volumes.remove(volume.name)
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


def _remove_data(naming: Naming, names: Sequence[str]) -> Iterator[str]:
    folders = [*naming.data_dir.glob("team_*"), *(naming.data_dir / name for name in names)]
    for folder in folders:
        if folder.is_dir():
            shutil.rmtree(folder)
            yield f"removed folder {folder}"
    for name in OWN_FILES:
        (naming.data_dir / name).unlink(missing_ok=True)
    # Removing a held lock file would let two processes hold locks of one name; here the caller
    # holds the server's lock, and no job runs.
    shutil.rmtree(naming.data_dir / "locks", ignore_errors=True)
    yield f"removed the store in {naming.data_dir}"
