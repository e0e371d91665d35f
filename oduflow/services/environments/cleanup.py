"""Remove the parts of an environment."""

from dataclasses import dataclass

from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.cleanup import Cleanup
from oduflow.services.extra_repos.checkouts import release_checkouts


@dataclass(frozen=True, slots=True)
class EnvironmentCleanup(Cleanup):
    """The removable parts of one environment."""

    plan: EnvironmentPlan

    def remove_container(self) -> None:
        """Remove Odoo's container."""
        self.deps.engine.containers.remove(self.plan.container)

    def release_extra(self) -> None:
        """Remove the extra repos' checkouts that no other environment is pinned to."""
        release_checkouts(self.deps, self.plan.team, self.plan.id)

    def remove_row(self) -> None:
        """Delete the row; always the last step, because recovery finds the rest through it."""
        self.deps.store.environments.remove(self.plan.id)
