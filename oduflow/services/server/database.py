"""PostgreSQL's container: created once, started again, and an existing cluster never overwritten.

The cluster's password never enters an environment variable or a command line: `initdb` reads it
from a mounted file in a one-off container, and the server is started without it.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.postgres.cluster import Cluster
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
from oduflow.domain.container import Attachment, ContainerLimits, ContainerSpec, ImageFacts, Mount
from oduflow.domain.errors import Conflict, Failure, NotFound, UpstreamFailed
from oduflow.domain.plan import DATABASE_HOST_OFFSET, Naming
from oduflow.files.private import ensure_secret, make_folder, write_private

PASSWORD_TARGET = "/run/password"  # noqa: S105 - where a file is mounted, not a secret
DATA_DIR = "data_dir"  # a label
IDENTIFIER = "postgres.system_identifier"
START_SECONDS = 60.0
INITDB_SECONDS = 120.0
POLL_SECONDS = 0.1
SHARED_MEMORY = 256 << 20
MEMORY = 4 << 30


@dataclass(slots=True)
class DatabaseServer:
    """Starts the cluster, and checks that it is the one that belongs to the store.

    The reconcile loop calls `ensure` twice a minute. PostgreSQL rereads its access rules only
    when they differ from `_loaded_rules`, the last ones that this process made it read.
    """

    image: str
    naming: Naming
    containers: Containers
    images: Images
    networks: Networks
    volumes: Volumes
    cluster: Cluster
    facts: Facts
    _loaded_rules: str = field(default="", init=False)

    def serves(self) -> bool:
        """Whether the cluster answers now."""
        try:
            self.cluster.ready()
        except Failure:
            return False
        return True

    def since(self) -> str:
        """Return the engine's start time of the container; empty without a container."""
        facts = self.containers.facts(self.naming.database)
        return "" if facts is None else facts.started_at

    def refuse_other_server(self) -> None:
        """Refuse to use the Docker objects of a server that has another data folder.

        Raises:
            Conflict: the instance is that server's.
        """
        facts = self.containers.facts(self.naming.database)
        owner = "" if facts is None else facts.labels.get(self.naming.label(DATA_DIR), "")
        if owner not in {"", self._data_dir}:
            name = self.naming.instance
            raise Conflict(
                f"instance {name} is used by the server with data_dir {owner}.",
                "Give this server another [server] instance. If that data folder was moved here, "
                f"run `docker rm -f {self.naming.database}`: the data are kept in a volume.",
            )

    def examine(self) -> None:
        """Check that the store's cluster answers, without changing anything.

        Raises:
            Conflict: see `refuse_other_server`.
            UpstreamFailed: it does not answer, or it is another cluster; the hint is the remedy.
        """
        self.refuse_other_server()
        self._refuse_paused()
        known = self.facts.get(IDENTIFIER)
        try:
            self.cluster.ready()
        except Failure:
            if known is not None and not self._has_cluster():
                raise _gone() from None
            raise
        if known is not None:
            self._refuse_other_cluster(known)

    def ensure(
        self, team_networks: Mapping[str, IPv4Network], on_progress: Callable[[str], None]
    ) -> None:
        """Create or start the cluster, and connect it to the teams' networks.

        Args:
            team_networks: the subnet of each network, by network name.
            on_progress: called with a line before each longer part.

        Raises:
            UpstreamFailed: the cluster does not start, or it is not the store's cluster; its data
                is unchanged.
        """
        image = self.images.ensure(self.image, on_progress)
        owner = self.images.account(self.image, "postgres")
        self._initdb_password.unlink(missing_ok=True)  # left by a killed run
        rules = hba(tuple(team_networks.values()))
        changed = self._write_rules(rules, owner) or rules != self._loaded_rules
        known = self.facts.get(IDENTIFIER)
        if not self._has_cluster():
            if known is not None:
                raise _gone()
            on_progress("Initialising PostgreSQL")
            self._initialise(image, owner)
        started = self._run(image, owner)
        for network, subnet in team_networks.items():
            address = str(subnet.network_address + DATABASE_HOST_OFFSET)
            self.networks.connect(network, self.naming.database, address)
        self._await()
        if known is not None:
            self._refuse_other_cluster(known)
        if changed or started or known is None:
            self.cluster.prepare()
            self.cluster.reload()
            self._loaded_rules = rules
        if known is None:
            self.facts.set(IDENTIFIER, self.cluster.system_identifier())

    @property
    def _data_dir(self) -> str:
        return str(self.naming.data_dir.resolve())

    @property
    def _initdb_password(self) -> Path:
        return self.naming.postgres_folder() / "initdb-password"

    def _write_rules(self, text: str, owner: tuple[int, int]) -> bool:
        """Write the access rules if they changed; return whether they did."""
        # These folders belong to PostgreSQL's user; their parent, 0700, excludes other users.
        folder = make_folder(self.naming.postgres_folder())
        for name in ("conf", "socket"):
            make_folder(folder / name)
            os.chown(folder / name, *owner)
        rules = folder / "conf" / HBA_NAME
        if rules.is_file() and rules.read_text() == text:
            return False
        write_private(rules, text, uid=owner[0], gid=owner[1])
        return True

    def _has_cluster(self) -> bool:
        if self.volumes.facts(self.naming.database_volume) is None:
            return False
        root = self.volumes.mountpoint(self.naming.database_volume)
        return (root / Path(DATA_FOLDER).relative_to(VOLUME_TARGET) / "PG_VERSION").is_file()

    def _initialise(self, image: ImageFacts, owner: tuple[int, int]) -> None:
        self.volumes.ensure(self.naming.database_volume, labels=self.naming.labels("database"))
        secret = ensure_secret(self.naming.postgres_folder() / "password")
        # initdb runs as PostgreSQL's user, which needs a copy that it can read.
        copy = self._initdb_password
        write_private(copy, secret, uid=owner[0], gid=owner[1])
        spec = ContainerSpec(
            name=f"{self.naming.database}.init",
            image=image.id,
            labels=self.naming.labels("database"),
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

    def _run(self, image: ImageFacts, owner: tuple[int, int]) -> bool:
        """Start the container; return whether it was not running before."""
        self._refuse_paused()
        name = self.naming.database
        facts = self.containers.facts(name)
        if facts is None:
            self.containers.create(self._spec(image, owner))
        self.containers.start(name)
        return facts is None or facts.status != "running"

    def _refuse_paused(self) -> None:
        name = self.naming.database
        facts = self.containers.facts(name)
        if facts is not None and facts.status == "paused":
            raise UpstreamFailed(
                "PostgreSQL's container is paused.", f"Run `docker unpause {name}`."
            )

    def _spec(self, image: ImageFacts, owner: tuple[int, int]) -> ContainerSpec:
        folder = self.naming.postgres_folder()
        return ContainerSpec(
            name=self.naming.database,
            image=image.id,
            labels=self.naming.labels("database", **{DATA_DIR: self._data_dir}),
            entrypoint=server_command(PostgresSettings()),
            user=f"{owner[0]}:{owner[1]}",
            hostname="db",
            mounts=(
                self._data(),
                Mount("bind", SOCKET_TARGET, str(folder / "socket"), read_only=False),
                Mount("bind", CONFIG_TARGET, str(folder / "conf")),
            ),
            networks=(Attachment(self.naming.network),),
            limits=ContainerLimits(memory=MEMORY, cpus=float(os.cpu_count() or 1), pids=2048),
            sysctls={"net.ipv4.ip_forward": "0"},
            stop_signal="SIGINT",  # fast shutdown: sessions end, nothing is lost
            shm_size=SHARED_MEMORY,
        )

    def _data(self) -> Mount:
        return Mount("volume", VOLUME_TARGET, self.naming.database_volume, read_only=False)

    def _await(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.cluster.ready()
            except Failure as cause:
                facts = self.containers.facts(self.naming.database)
                running = facts is not None and facts.status == "running"
                if running and time.monotonic() < deadline:
                    time.sleep(POLL_SECONDS)
                    continue
                log = self.containers.logs(self.naming.database, tail=30)
                raise UpstreamFailed(
                    f"PostgreSQL does not start. {cause.message}",
                    f"`docker logs {self.naming.database}` shows more.",
                    output=log,
                ) from cause
            return

    def _refuse_other_cluster(self, known: str) -> None:
        try:
            found = self.cluster.system_identifier()
        except NotFound:
            found = ""  # a cluster that was never prepared, so not the store's
        if known != found:
            raise UpstreamFailed(
                "This PostgreSQL cluster is not the one the store knows.",
                "Bring back the volume that belongs to this data folder, or start with a fresh "
                "data folder; nothing was changed.",
            )


def _gone() -> UpstreamFailed:
    return UpstreamFailed(
        "The database's volume is gone or empty, though the store knows a cluster in it.",
        "Restore the volume from a backup, or run `oduflow destroy` and start anew; nothing was "
        "initialised over it.",
    )
