"""Remove the parts of an environment."""

from dataclasses import dataclass

from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.cleanup import Cleanup
from oduflow.services.environments.screenshot import remove_browser
from oduflow.services.environments.test_clone import TestClone
from oduflow.services.extra_repos.checkouts import release_checkouts
from oduflow.services.filestore import remove_filestore
from oduflow.services.snapshots.parts import remove_databases_of


@dataclass(frozen=True, slots=True)
class EnvironmentCleanup(Cleanup):
    """The removable parts of one environment."""

    plan: EnvironmentPlan

    def remove_one_off(self) -> None:
        """Remove the throw-away containers that a killed process left."""
        Cleanup.remove_one_off(self)
        remove_browser(self.deps.engine.containers, self.plan)

    def remove_container(self) -> None:
        """Remove Odoo's container, also that of a claimed warm slot that has its name yet."""
        self.deps.engine.containers.remove(self.plan.container)
        self.deps.engine.containers.remove(self.plan.warm_container)

    def remove_snapshots(self) -> None:
        """Drop the snapshots' databases, without which the database's role cannot be dropped."""
        remove_databases_of(self.deps.store, self.deps.postgres, self.plan)

    def remove_tests(self) -> None:
        """Remove the clone that a killed test run left, before what it is a clone of."""
        TestClone(self.deps, self.plan).remove()

    def remove_volume(self) -> None:
        """Remove the filestore and the volume of `/var/lib/odoo`."""
        remove_filestore(self.deps.engine.volumes, self.plan)
        Cleanup.remove_volume(self)

    def release_extra(self) -> None:
        """Remove the extra repos' checkouts that no other environment is pinned to."""
        release_checkouts(self.deps, self.plan.team, self.plan.id)

    def remove_row(self) -> None:
        """Delete the row; always the last step, because recovery finds the rest through it."""
        self.deps.store.environments.remove(self.plan.id)
        self.deps.store.sizes.forget(self.plan.team, self.plan.id)
