"""What became of a rollback: finished from the exchange of the databases on, undone before it."""

import logging
from dataclasses import dataclass, field

from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import NotProven
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import SnapshotPlan
from oduflow.domain.snapshot import ROLLBACK, Snapshot, SnapshotState
from oduflow.services.snapshots.parts import SnapshotParts

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PartsExchange(SnapshotParts):
    """The exchange of an environment's parts for those of a snapshot.

    `row` keeps the state before. Each method may be repeated after a kill at any point.

    Attributes:
        target: the snapshot that is gone back to.
    """

    target: Snapshot
    target_plan: SnapshotPlan = field(init=False)

    def __post_init__(self) -> None:
        SnapshotParts.__post_init__(self)
        self.target_plan = SnapshotPlan(self.target.id)

    @property
    def is_decided(self) -> bool:
        """Whether the rollback is to be finished: the database or the filestore is exchanged."""
        layers = self.layers
        return self.cluster.has_database(self.own.database) or layers.current == self.own.generation

    def settle(self) -> bool:
        """Finish the exchange if it has begun, else remove what was made for it.

        Returns:
            Whether the environment is what the snapshot was.

        Raises:
            NotProven: a part is not the snapshot's; the environment is `failed`, and the state
                before is a snapshot.
        """
        if self.is_decided:
            log.warning("finishing the rollback of %s", self.environment.name)
            self.checkout()
            self.switch()
            try:
                self.prove()
            except NotProven as failure:
                self._give_up(failure)
                raise
            self.finish()
            return True
        self.cluster.drop_database(self.own.new_database)
        self.layers.remove(self.own.generation)
        self.forget_checkout()
        if self.environment_row().step == ROLLBACK:
            self.deps.store.environments.update(self.environment.id, step="", job="")
        self.remove_row()
        return False

    def exchange(self) -> None:
        """Exchange the databases; the one in use becomes the snapshot of the state before."""
        new, old = self.own.new_database, self.own.database
        self.cluster.exchange_database(self.plan.database, new, old)

    def checkout(self) -> None:
        """Bring commit and edits back."""
        self.work_tree().restore(self.target.kept, self.target.commit)

    def switch(self) -> None:
        """Exchange the filestore; the one in use becomes that of the state before."""
        layers = self.layers
        if layers.current != self.own.generation:
            layers.switch(self.own.generation)
        for other in layers.generations():
            if other != self.own.generation:
                layers.retire(other, self.row.id)

    def prove(self) -> None:
        """Compare each part with the snapshot; only then admit sessions into the database.

        Raises:
            NotProven: names the parts that are not the snapshot's.
        """
        target, layers = self.target, self.layers
        parts = {
            "database": self.cluster.is_copy(self.plan.database, self.target_plan.database),
            "filestore": layers.current == self.own.generation and layers.holds(target.id),
            "checkout": self.work_tree().holds(target.kept, target.commit),
        }
        wrong = [part for part, proven in parts.items() if not proven]
        if wrong:
            raise NotProven(
                f"{self.environment.name} was rolled back to {target.name}, but its "
                f"{' and '.join(wrong)} cannot be proven to be the snapshot's.",
                "It is not started. Roll back again, or to the state before.",
                Next.of(
                    "rollback_environment",
                    "undoes the rollback",
                    name=self.environment.name,
                    snapshot=self.row.name,
                ),
            )
        self.cluster.admit(self.plan.database)

    def _give_up(self, failure: NotProven) -> None:
        """Keep the state before, and say in the environment's row what is wrong."""
        self.deps.store.environments.update(
            self.environment.id,
            state=EnvironmentState.FAILED,
            step="",
            job="",
            error=ErrorView.of(failure),
            applying=None,
        )
        self.finish()

    def finish(self) -> None:
        """Give the row what the snapshot has; the state before is a snapshot from now on.

        A change of code that it takes back stays under way until Odoo serves again.
        """
        target, applying = self.target, self.environment_row().applying
        if applying is not None:
            applying = applying.model_copy(update={"wrote": False, "served": True})
        self.deps.store.environments.update(
            self.environment.id,
            repo_url=target.repo_url,
            branch=target.branch,
            requested_branch=target.requested_branch,
            commit=target.commit,
            odoo_image=target.odoo_image,
            modules=target.modules,
            addons=target.addons,
            python_deps=target.python_deps,
            extra_repos=target.extra_repos,
            applied=target.applied,
            applying=applying,
        )
        self.deps.store.snapshots.update(self.row.id, state=SnapshotState.READY)
