"""The dependencies of a handler: adapters and services, built once by `bootstrap`."""

from collections.abc import Callable
from dataclasses import dataclass

from oduflow.domain.container import ContainerLimits
from oduflow.domain.errors import QuotaReached
from oduflow.domain.plan import Naming
from oduflow.services.branches import BranchChecks
from oduflow.services.groups import EngineGroup, GitGroup, PostgresGroup, StoreGroup, WorkGroup
from oduflow.services.live_settings import LiveSettings
from oduflow.services.readiness import ReadinessPoll
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Deps:
    """The adapters and services that handlers use.

    Attributes:
        live: the configuration, reread when its file changes.
        naming: the names of everything that this instance creates.
        give_up_slots: gives up warm slots for a team's work that was refused for room, and returns
            whether any was; only `services/room.py` calls it.
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
    branches: BranchChecks
    give_up_slots: Callable[["Deps", str, QuotaReached], bool]

    def limits(self, team: str) -> ContainerLimits:
        """Return the limits on memory and processors of one environment of the team."""
        configured = self.settings.teams[team]
        return ContainerLimits(memory=configured.memory_mb << 20, cpus=configured.cpus)

    @property
    def settings(self) -> Settings:
        """The current configuration; a removed team keeps its quotas for work under way."""
        return self.live.for_work()
