"""Remove the parts that environments and templates have in common."""

from dataclasses import dataclass

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.domain.plan import EnvironmentPlan, TemplatePlan
from oduflow.services.deps import Deps


@dataclass(frozen=True, slots=True)
class Cleanup:
    """The removable parts of one environment or template.

    Each removal succeeds when the part does not exist, so that a removal that was killed can be
    repeated.
    """

    deps: Deps
    plan: EnvironmentPlan | TemplatePlan

    def remove_one_off(self) -> None:
        """Remove the one-off container that a killed process left."""
        self.deps.engine.containers.remove(self.plan.one_off)

    def remove_database(self) -> None:
        """Drop the database, then the role that owns its objects."""
        self.deps.postgres.cluster(self.plan.team).drop_tenant(self.plan.database)

    def remove_volume(self) -> None:
        """Remove the filestore's volume."""
        self.deps.engine.volumes.remove(self.plan.volume)

    def remove_folder(self) -> None:
        """Remove the folder: configuration, secrets, /tmp and, of an environment, the checkout."""
        remove_tree(self.plan.folder)  # a tenant chooses how deep the folders in /tmp are nested
