"""One team's PostgreSQL container: created, started again, and no cluster ever overwritten.

The cluster's password never enters an environment variable or a command line: `initdb` reads it
from a mounted file in a one-off container, and the server is started without it.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.postgres.cluster import READY_SECONDS, Cluster
from oduflow.adapters.postgres.config import (
    CONFIG_TARGET,
    DATA_FOLDER,
    HBA_NAME,
    SOCKET_TARGET,
    VOLUME_TARGET,
    PostgresSettings,
    hba,
    initdb_command,
    server_command,
)
from oduflow.adapters.store import Facts
from oduflow.domain.container import (
    Attachment,
    ContainerFacts,
    ContainerLimits,
    ContainerSpec,
    ImageFacts,
    Mount,
)
from oduflow.domain.errors import Failure, NotFound, UpstreamFailed
from oduflow.domain.plan import Naming, database_address
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.files.reflink import has_reflinks
from oduflow.services.server.database_start import (
    RESERVE,
    STOP_SECONDS,
    DatabaseStart,
    database_disk,
)
from oduflow.services.server.supervision import warning
from oduflow.services.temporary import free_temporary

PASSWORD_TARGET = "/run/password"  # noqa: S105 - where a file is mounted, not a secret
KIND = "database"  # a label, as the next two
DATA_DIR = "data_dir"
SIZES = "sizes"  # what the container was made with
VERSION = "6"  # of the container's command; one made with another is made again when it starts
IDENTIFIER = "postgres.system_identifier."  # and the team
INITDB_SECONDS = 120.0
ORPHAN_SECONDS = 600.0  # the age from which a folder without a database is removed
_BASE = Path(DATA_FOLDER).relative_to(VOLUME_TARGET) / "base"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class DatabaseServer:
    """Starts one team's cluster, and checks that it is the one that belongs to the store.

    The reconcile loop calls `ensure` twice a minute. PostgreSQL rereads its access rules only
    when they differ from `_loaded_rules`, the last ones that this process made it read.

    Attributes:
        sizes: returns the configured sizes; they take effect when the container starts next.
        cpus: returns the processors that it may use.
        kind: the label of its container and volume.
        reserve: bytes of its disk that are given up for a start when the disk is full.
        pools: the teams' pools; None where there can be none.
    """

    team: str
    image: str
    naming: Naming
    containers: Containers
    images: Images
    networks: Networks
    volumes: Volumes
    cluster: Cluster
    facts: Facts
    sizes: Callable[[], PostgresSettings]
    cpus: Callable[[], float]
    kind: str = KIND
    reserve: int = RESERVE
    pools: Pools | None = None
    _loaded_rules: str = field(default="", init=False)

    @property
    def name(self) -> str:
        """The container's name."""
        return self.naming.database(self.team)

    @property
    def volume(self) -> str:
        """The volume's name."""
        return self.naming.database_volume(self.team)

    def serves(self) -> bool:
        """Whether the store's cluster answers now."""
        if self.running() is None:  # a paused one would be waited for
            return False
        try:
            return self.cluster.system_identifier(seconds=READY_SECONDS) == self._known
        except Failure:
            return False

    def shares_blocks(self) -> bool:
        """Whether a copied file in the cluster shares its blocks with the original."""
        return has_reflinks(self.volumes.mountpoint(self.volume))

    def running(self) -> ContainerFacts | None:
        """Return the container's facts while it runs, else None."""
        facts = self.containers.facts(self.name)
        return facts if facts is not None and facts.status == "running" else None

    def unknown(self) -> bool:
        """Whether there is a cluster that the store does not know, as after a loss of the store."""
        return self._known is None and self._has_cluster()

    def examine(self, *, needed: bool) -> str:
        """Check the cluster without changing anything, and describe it.

        Args:
            needed: whether the team has something that uses the cluster now.

        Raises:
            UpstreamFailed: it does not answer although it is needed, its data are gone, or it is
                another cluster; the hint is the remedy.
        """
        self._refuse_paused()
        self._require_disk()
        known = self._known
        if known is not None and not self._has_cluster():
            raise self._gone()
        if not needed and self.running() is None:
            return "PostgreSQL is stopped, because nothing uses it."
        self.cluster.ready()
        if known is not None:
            self._refuse_other_cluster(known)
        return warning(self.cluster.oldest_id()) or "PostgreSQL answers."

    def ensure(self, subnet: IPv4Network, on_progress: Callable[[str], None]) -> None:
        """Create or start the cluster in the team's network.

        Args:
            subnet: the network's.
            on_progress: called with a line before each longer part.

        Raises:
            UpstreamFailed: the cluster does not start, it is not the store's cluster, or the team's
                file system is not mounted; its data is unchanged.
        """
        self._require_disk()
        image = self.images.ensure(self.image, on_progress)
        owner = self.images.account(self.image, "postgres")
        self._initdb_password.unlink(missing_ok=True)  # left by a killed run
        rules = hba(subnet)
        changed = self._write_rules(rules, owner) or rules != self._loaded_rules
        known = self._known
        if not self._has_cluster():
            if known is not None:
                raise self._gone()
            on_progress("Initialising PostgreSQL")
            self._initialise(image, owner)
        address = str(database_address(subnet))
        started = self._run(self._spec(image, owner, address))
        self.networks.connect(self.naming.team_network(self.team), self.name, address)
        disk = database_disk(self.volumes.mountpoint(self.volume), self.reserve)
        DatabaseStart(
            self.team, self.name, self.containers, self.cluster, disk, self._make_room
        ).wait()
        disk.hold_reserve()
        if known is not None:
            self._refuse_other_cluster(known)
        if changed or started or known is None:
            self.cluster.prepare()
            self.cluster.reload()
            self._loaded_rules = rules
        if known is None:
            self.facts.set(self._identifier, self.cluster.system_identifier())

    def tidy(self) -> None:
        """Remove what a crash has left of databases: half-dropped ones, and folders of none.

        A folder that changed within the last minutes may be one that PostgreSQL still knows of.
        """
        for database in self.cluster.drop_interrupted():
            log.warning("PostgreSQL of team %s: dropped %s again", self.team, database)
        base = self.volumes.mountpoint(self.volume) / _BASE
        old = time.time() - ORPHAN_SECONDS
        folders = {
            each.name
            for each in (base.iterdir() if base.is_dir() else ())
            if each.name.isdecimal() and each.stat().st_mtime < old
        }
        removed = self.cluster.remove_orphans(folders, lambda name: shutil.rmtree(base / name))
        for name in removed:
            log.warning("PostgreSQL of team %s: removed base/%s of no database", self.team, name)

    def stop(self) -> None:
        """Stop the container; its data are kept."""
        self.containers.stop(self.name, timeout=STOP_SECONDS)

    def remove(self) -> None:
        """Remove the cluster with its data, and all that belongs to it."""
        for name in (self.name, self._initdb_name):
            self.containers.remove(name)
        self.volumes.remove(self.volume)
        self.facts.remove(self._identifier)
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._loaded_rules = ""

    @property
    def _initdb_name(self) -> str:
        return f"{self.name}.init"

    @property
    def _identifier(self) -> str:
        return IDENTIFIER + self.team

    @property
    def _known(self) -> str | None:
        return self.facts.get(self._identifier)

    @property
    def _folder(self) -> Path:
        return self.naming.postgres_folder(self.team)

    @property
    def _initdb_password(self) -> Path:
        return self._folder / "initdb-password"

    def _write_rules(self, text: str, owner: tuple[int, int]) -> bool:
        """Write the access rules if they changed; return whether they did."""
        # These folders belong to PostgreSQL's user; their parent, 0700, excludes other users.
        make_folder(self._folder.parent)
        folder = make_folder(self._folder)
        for name in ("conf", "socket"):
            make_folder(folder / name)
            os.chown(folder / name, *owner)
        rules = folder / "conf" / HBA_NAME
        if rules.is_file() and rules.read_text() == text:
            return False
        write_private(rules, text, uid=owner[0], gid=owner[1])
        return True

    def _has_cluster(self) -> bool:
        if self.volumes.facts(self.volume) is None:
            return False
        root = self.volumes.mountpoint(self.volume)
        return (root / Path(DATA_FOLDER).relative_to(VOLUME_TARGET) / "PG_VERSION").is_file()

    def _initialise(self, image: ImageFacts, owner: tuple[int, int]) -> None:
        self.volumes.ensure(self.volume, labels=self._labels())
        secret = ensure_secret(self._folder / "password")
        # initdb runs as PostgreSQL's user, which needs a copy that it can read.
        copy = self._initdb_password
        write_private(copy, secret, uid=owner[0], gid=owner[1])
        spec = ContainerSpec(
            name=self._initdb_name,
            image=image.id,
            labels=self._labels(),
            entrypoint=initdb_command(PASSWORD_TARGET),
            user=f"{owner[0]}:{owner[1]}",
            mounts=(self._data(), Mount("bind", PASSWORD_TARGET, str(copy))),
        )
        self.containers.remove(spec.name)
        try:
            result = self.containers.run_one_off(spec, timeout=INITDB_SECONDS)
        finally:
            copy.unlink()
        if result.exit_code != 0:
            raise UpstreamFailed(
                "PostgreSQL could not be initialised.",
                "The output says why; disk space is the usual reason.",
                output=result.output,
            )

    def _run(self, spec: ContainerSpec) -> bool:
        """Start the container; return whether it was not running before."""
        self._refuse_paused()
        facts = self.containers.facts(spec.name)
        if facts is not None and facts.status == "running":
            return False
        sizes = self.naming.label(SIZES)
        if facts is not None and facts.labels.get(sizes) != spec.labels[sizes]:
            self.containers.remove(spec.name)  # the configuration changed while it was stopped
            facts = None
        if facts is None:
            self.containers.create(spec)
        self.containers.start(spec.name)
        return True

    def _require_disk(self) -> None:
        """Refuse before a look: below a file system that is not mounted the volume looks empty."""
        facts = self.volumes.facts(self.volume)
        if self.pools is None:
            return
        if facts is None:
            self.pools.require(self.team)
        else:
            self.pools.require_folder(facts.mountpoint)

    def _make_room(self) -> None:
        """Grow the team's disk; if it cannot, end the containers that fill it, and free their /tmp.

        Odoo's, and those of installations and tests: each could fill what is freed next. No other
        team's can.
        """
        pool = None if self.pools is None else self.pools.of(self.team)
        if pool is None or not pool.own or not pool.holds(self.volumes.mountpoint(self.volume)):
            return
        if pool.space.make(self.reserve) >= self.reserve:
            return
        for facts in self.containers.list({self.naming.label("team"): self.team}):
            if facts.status == "running" and facts.name != self.name:
                log.warning("ending %s, which may have filled its team's disk", facts.name)
                with suppress(NotFound):
                    self.containers.kill(facts.name)
        free_temporary(self.naming, self.team)

    def _refuse_paused(self) -> None:
        facts = self.containers.facts(self.name)
        if facts is not None and facts.status == "paused":
            raise UpstreamFailed(
                "PostgreSQL's container is paused.", f"Run `docker unpause {self.name}`."
            )

    def _labels(self, **more: str) -> dict[str, str]:
        data_dir = str(self.naming.data_dir.resolve())
        return self.naming.labels(self.kind, team=self.team, **{DATA_DIR: data_dir}, **more)

    def _spec(self, image: ImageFacts, owner: tuple[int, int], address: str) -> ContainerSpec:
        sizes, cpus = self.sizes(), min(self.cpus(), float(os.cpu_count() or 1))
        return ContainerSpec(
            name=self.name,
            image=image.id,
            labels=self._labels(
                **{SIZES: f"{sizes.memory_mb} {sizes.max_connections} {cpus} {VERSION}"}
            ),
            entrypoint=server_command(sizes),
            user=f"{owner[0]}:{owner[1]}",
            hostname="db",
            mounts=(
                self._data(),
                Mount("bind", SOCKET_TARGET, str(self._folder / "socket"), read_only=False),
                Mount("bind", CONFIG_TARGET, str(self._folder / "conf")),
            ),
            networks=(Attachment(self.naming.team_network(self.team), address),),
            limits=ContainerLimits(sizes.memory_mb << 20, cpus, sizes.processes),
            outside_names=False,
            stop_signal="SIGINT",  # fast shutdown: sessions end, nothing is lost
            shm_size=sizes.shared_memory,
        )

    def _data(self) -> Mount:
        return Mount("volume", VOLUME_TARGET, self.volume, read_only=False)

    def _refuse_other_cluster(self, known: str) -> None:
        try:
            found = self.cluster.system_identifier()
        except NotFound:
            found = ""  # a cluster that was never prepared, so not the store's
        if known != found:
            raise UpstreamFailed(
                "This PostgreSQL cluster is not the one the store knows.",
                f"Bring back the volume {self.volume} that belongs to this data folder, or start "
                "with a fresh data folder; nothing was changed.",
            )

    def _gone(self) -> UpstreamFailed:
        return UpstreamFailed(
            "The database's volume is gone or empty, though the store knows a cluster in it.",
            f"Restore the volume {self.volume} from a backup, or run `oduflow destroy` and start "
            "again; nothing was initialised over it.",
        )


def is_current(sizes: str) -> bool:
    """Whether the container with this label `sizes` was made as this version makes it."""
    return sizes.rpartition(" ")[2] == VERSION
