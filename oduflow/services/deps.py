"""What a handler is handed: the adapters and the services, made once by `bootstrap`."""

from collections.abc import Callable
from dataclasses import dataclass

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.adapters.store import Environments, ExtraRepos, Templates
from oduflow.domain.plan import Naming
from oduflow.kernel.jobs import Jobs
from oduflow.services.failpoints import Failpoints
from oduflow.services.infrastructure import Infrastructure
from oduflow.settings import Settings

OpenTenant = Callable[[str, str], Tenant]


@dataclass(frozen=True, slots=True)
class Deps:
    """The product's parts.

    Attributes:
        tenant: opens an environment's database as its own role, from its name and password.
    """

    settings: Settings
    naming: Naming
    environments: Environments
    templates: Templates
    extra_repos: ExtraRepos
    jobs: Jobs
    locks: FileLocks
    containers: Containers
    images: Images
    volumes: Volumes
    cluster: Cluster
    tenant: OpenTenant
    git: GitRepositories
    infrastructure: Infrastructure
    failpoints: Failpoints
