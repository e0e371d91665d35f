"""The parts of one snapshot: database, filestore, checkout, row."""

from dataclasses import dataclass, field

from oduflow.adapters.filestore.layers import Layers
from oduflow.adapters.git.work_trees import WorkTree
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.databases import Strategy
from oduflow.domain.environment import Environment
from oduflow.domain.plan import EnvironmentPlan, SnapshotPlan
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from oduflow.domain.snapshot import Snapshot
from oduflow.services.clone_strategy import clone_strategy
from oduflow.services.deps import Deps
from oduflow.services.filestore import layers_of
from oduflow.services.groups import PostgresGroup, StoreGroup


@dataclass(slots=True)
class SnapshotParts:
    """One snapshot of an environment, and what it is made of.

    Each removal succeeds when the part does not exist.
    """

    deps: Deps
    environment: Environment
    row: Snapshot
    plan: EnvironmentPlan = field(init=False)
    own: SnapshotPlan = field(init=False)

    def __post_init__(self) -> None:
        self.plan = EnvironmentPlan.of(self.deps.naming, self.environment)
        self.own = SnapshotPlan(self.row.id)

    @property
    def cluster(self) -> Cluster:
        """The team's PostgreSQL."""
        return self.deps.postgres.cluster(self.row.team)

    @property
    def layers(self) -> Layers:
        """The filestore's layers."""
        return layers_of(self.deps.engine.volumes, self.plan)

    def strategy(self, database: str) -> Strategy:
        """Choose how to copy a database."""
        return clone_strategy(
            self.deps.infrastructure, self.row.team, self.cluster.database_size(database)
        )

    def work_tree(self, monitor: ProgressMonitor = UNWATCHED) -> WorkTree:
        """Open the environment's checkout."""
        return self.deps.git.repositories.work_tree(self.plan.git_dir, self.plan.checkout, monitor)

    def environment_row(self) -> Environment:
        """Return the environment as it is now."""
        return self.deps.store.environments.by_id(self.environment.id) or self.environment

    def remove_databases(self) -> None:
        """Drop the sealed copy, and what a rollback made beside it."""
        for database in (self.own.database, self.own.new_database):
            self.cluster.drop_database(database)

    def remove_files(self) -> None:
        """Remove the copy of the filestore's upper folder."""
        self.layers.forget(self.row.id)

    def forget_checkout(self) -> None:
        """Forget the files of the checkout."""
        self.work_tree().forget(self.row.id)

    def remove_row(self) -> None:
        """Delete the row; always the last step, because recovery finds the rest through it."""
        self.deps.store.snapshots.remove(self.row.id)
        self.deps.store.sizes.forget(self.row.team, self.row.id)


def remove_databases_of(store: StoreGroup, postgres: PostgresGroup, plan: EnvironmentPlan) -> None:
    """Drop the databases and delete the rows of all snapshots of an environment.

    Its role cannot be dropped before. Their files go with the filestore's volume and the checkout.
    """
    cluster = postgres.cluster(plan.team)
    for row in store.snapshots.of(plan.id):
        own = SnapshotPlan(row.id)
        for database in (own.database, own.new_database):
            cluster.drop_database(database)
        store.snapshots.remove(row.id)
        store.sizes.forget(plan.team, row.id)
