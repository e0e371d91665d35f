"""Create an environment from a source, in steps that are undone on failure."""

from dataclasses import dataclass

from oduflow.adapters.filestore.clone import (
    clone_filestore,
    give_filestore,
    make_durable,
    prepare_volume,
)
from oduflow.adapters.odoo.conf import REPORT_URL
from oduflow.adapters.postgres.databases import Strategy
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import ErrorView
from oduflow.domain.passwords import odoo_hash
from oduflow.files.private import ensure_secret, make_folder
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import take_port
from oduflow.services.environments.lifecycle import mark_serving
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.environments.source import Source
from oduflow.services.saga import KeptForInspection, Saga, Step

SOURCE_WAIT_SECONDS = 10.0
CLONE_WAIT_SECONDS = 1800.0  # a place frees as soon as one copy is done, and one may be large
FILE_COPY_FROM = 256 << 20  # bytes of a source from which copying files beats writing WAL


def provision(
    deps: Deps, call: Call, row: Environment, source: Source, image: ImageFacts, retry: Next
) -> Environment:
    """Create everything that the row names and serve it; on failure, remove what was created.

    A module that fails to install or breaks Odoo at boot leaves the environment `failed`, with
    the last lines of its traceback, for inspection.

    Args:
        deps: the product's parts.
        call: receives the progress.
        row: the environment to create.
        source: what its database and filestore are cloned from.
        image: the facts of its Odoo image.
        retry: the call that creates it again; the kept error suggests it.

    Raises:
        Failure: the environment was not created.
    """
    work = Creation(deps, call, row, image, source)
    saga = Saga("create", work.steps(), work.on_step, deps.work.failpoints)
    try:
        saga.run()
    except KeptForInspection as kept:
        kept.failure.hint = (
            f"{row.name} is kept as failed, to look at; creating it again replaces it. "
            f"{kept.failure.hint}"
        )
        kept.failure.next = (*kept.failure.next, retry)
        work.keep_as_failed(ErrorView.of(kept.failure))
        raise kept.failure from kept.failure.__cause__
    return mark_serving(deps, row)


@dataclass(slots=True)
class Creation(Provisioning):
    """The steps of one creation.

    Attributes:
        source: what its database and filestore are cloned from.
    """

    source: Source

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        parts = self.parts
        extra, addons, python, *others = self.container_steps()
        return (
            Step("reserve", "reserving the name", self.reserve, parts.remove_row),
            Step("checkout", "checking out the branch", self.checkout, parts.remove_folder),
            extra,
            addons,
            python,
            Step("database", "cloning the database", self.database, parts.remove_database),
            Step("filestore", "cloning the filestore", self.filestore, parts.remove_volume),
            *others,
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Record and report which step begins; the row exists from the second step on."""
        if number > 1:
            self.deps.store.environments.update(self.row.id, step=step.name)
        Provisioning.on_step(self, step, number, total)

    def reserve(self) -> None:
        """Write the row before anything else, while the source cannot be deleted."""
        team = self.deps.settings.teams[self.row.team]
        locks = self.deps.work.locks
        with locks.acquire(self.source.lock, "create_environment", wait=SOURCE_WAIT_SECONDS):
            self.source.refuse_if_deleted(self.deps.store)
            self.deps.store.environments.add(self.row, limit=team.max_environments)
        self._learn(port=take_port(self.deps, self.row))

    def checkout(self) -> None:
        """Check the branch out."""
        row = self.row
        make_folder(self.plan.folder)
        commit = self._checked_out()
        self.deps.branches.record(row, commit)
        self._learn(commit=commit)

    def database(self) -> None:
        """Clone the source's database for a role of its own, with a new password."""
        places, monitor = self.deps.work.clone_places, self._monitor()
        with places.hold(self.row.team, seconds=CLONE_WAIT_SECONDS, monitor=monitor):
            self._clone_database()

    def _clone_database(self) -> None:
        name, source = self.plan.database, self.source.database
        password = ensure_secret(self.plan.secrets / "database_password")
        cluster = self.deps.postgres.cluster(self.row.team)
        cluster.create_role(name, password, connection_limit=ROLE_CONNECTIONS)
        how = self._strategy(cluster.database_size(source))
        stop = self.call.cancelled
        cluster.clone_database(source, name, name, strategy=how, cancelled=stop)
        cluster.hand_over(name, from_role=source, to_role=name, password=password, cancelled=stop)
        secret = ensure_secret(self.plan.secrets / "admin_password")
        tenant = self.deps.postgres.tenant(self.row.team, name, password)
        # web.base.url is the address of the host, which the container does not reach.
        tenant.make_own(odoo_hash(secret), {"report.url": REPORT_URL})

    def filestore(self) -> None:
        """Clone the source's filestore into a volume of its own."""
        volumes = self.deps.engine.volumes
        labels = self.plan.naming.labels("environment", id=self.row.id, team=self.row.team)
        volumes.ensure(self.plan.volume, labels=labels)
        root = volumes.mountpoint(self.plan.volume)
        prepare_volume(root, self.image.uid, self.image.gid)
        source = volumes.mountpoint(self.source.volume)
        clone_filestore(source, self.source.database, root, self.plan.database)
        give_filestore(root, self.plan.database, self.image.uid, self.image.gid)
        make_durable(root)

    def _strategy(self, size: int) -> Strategy:
        server = self.deps.infrastructure.databases.servers[self.row.team]
        return "file_copy" if server.shares_blocks() or size >= FILE_COPY_FROM else "wal_log"

    def _checked_out(self) -> str:
        return self.deps.git.repositories.checkout(
            self.row.repo_url,
            self.row.branch,
            team=self.row.team,
            git_dir=self.plan.git_dir,
            work_tree=self.plan.checkout,
            monitor=self._monitor(),
        )
