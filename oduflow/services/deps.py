"""What a handler is handed: the adapters and the services, made once by `bootstrap`."""

from collections.abc import Callable
from dataclasses import dataclass

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.git.credentials.store import Credentials
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.adapters.providers.provider import Provider
from oduflow.adapters.store import (
    AuditLog,
    Environments,
    ExtraRepos,
    Grants,
    OAuthLogins,
    OAuthTokens,
    Templates,
)
from oduflow.domain.container import ContainerLimits
from oduflow.domain.plan import Naming
from oduflow.kernel.jobs import Jobs
from oduflow.services.failpoints import Failpoints
from oduflow.services.infrastructure.setup import Infrastructure
from oduflow.services.readiness import Readiness
from oduflow.settings import LiveSettings, Settings

OpenTenant = Callable[[str, str], Tenant]


@dataclass(frozen=True, slots=True)
class Deps:
    """The product's parts.

    Attributes:
        live: the configuration, which follows its file.
        tenant: opens an environment's database as its own role, from its name and password.
    """

    live: LiveSettings
    naming: Naming
    environments: Environments
    templates: Templates
    extra_repos: ExtraRepos
    grants: Grants
    jobs: Jobs
    audit: AuditLog
    locks: FileLocks
    containers: Containers
    images: Images
    volumes: Volumes
    cluster: Cluster
    tenant: OpenTenant
    readiness: Readiness
    git: GitRepositories
    credentials: Credentials
    providers: tuple[Provider, ...]
    infrastructure: Infrastructure
    failpoints: Failpoints
    logins: OAuthLogins
    tokens: OAuthTokens

    def limits(self, team: str) -> ContainerLimits:
        """Return the memory and processors that one environment of the team may use."""
        configured = self.settings.teams[team]
        return ContainerLimits(memory=configured.memory_mb << 20, cpus=configured.cpus)

    @property
    def settings(self) -> Settings:
        """The configuration as it is now; a team that was removed still has its quotas."""
        return self.live.for_work()
