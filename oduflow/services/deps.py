"""The dependencies of a handler: the adapters and the services, made once by `bootstrap`."""

from dataclasses import dataclass

from oduflow.domain.container import ContainerLimits
from oduflow.domain.plan import Naming
from oduflow.services.groups import EngineGroup, GitGroup, PostgresGroup, StoreGroup, WorkGroup
from oduflow.services.readiness import ReadinessPoll
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.settings import LiveSettings, Settings


@dataclass(frozen=True, slots=True)
class Deps:
    """The product's parts.

    Attributes:
        live: the configuration, which follows its file.
        naming: the names of everything that this instance makes.
    """

    live: LiveSettings
    naming: Naming
    store: StoreGroup
    engine: EngineGroup
    postgres: PostgresGroup
    git: GitGroup
    work: WorkGroup
    infrastructure: Infrastructure
    readiness: ReadinessPoll

    def limits(self, team: str) -> ContainerLimits:
        """Return the memory and processors that one environment of the team may use."""
        configured = self.settings.teams[team]
        return ContainerLimits(memory=configured.memory_mb << 20, cpus=configured.cpus)

    @property
    def settings(self) -> Settings:
        """The configuration as it is now; a team that was removed still has its quotas."""
        return self.live.for_work()
