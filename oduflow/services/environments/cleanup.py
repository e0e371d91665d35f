"""What an environment is made of, and how each part is removed, whether it is there or not."""

import shutil
from dataclasses import dataclass

from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.checkouts import release_checkouts


@dataclass(frozen=True, slots=True)
class EnvironmentCleanup:
    """The removable parts of one environment; every removal may be repeated."""

    deps: Deps
    plan: EnvironmentPlan

    def remove_container(self) -> None:
        """Remove Odoo's container."""
        self.deps.engine.containers.remove(self.plan.container)

    def remove_one_off(self) -> None:
        """Remove the throw-away container that a killed process left behind."""
        self.deps.engine.containers.remove(self.plan.one_off)

    def remove_database(self) -> None:
        """Drop the database and its role."""
        self.deps.postgres.cluster.drop_database(self.plan.database)
        self.deps.postgres.cluster.drop_role(self.plan.database)

    def remove_volume(self) -> None:
        """Remove the filestore."""
        self.deps.engine.volumes.remove(self.plan.volume)

    def remove_folder(self) -> None:
        """Remove the checkout, the configuration and the secrets."""
        if self.plan.folder.exists():
            shutil.rmtree(self.plan.folder)

    def release_extra(self) -> None:
        """Remove the checkouts of extra repos that nobody else is pinned to."""
        release_checkouts(self.deps, self.plan.team, self.plan.id)

    def remove_row(self) -> None:
        """Forget the environment; the last thing to go."""
        self.deps.store.environments.remove(self.plan.id)
