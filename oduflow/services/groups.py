"""The dependencies in groups, one for each system; a service takes the group that it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.git.credentials.store import Credentials
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.links.files import LinkFiles
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.outputs.files import OutputFiles
from oduflow.adapters.postgres.agent_sql import AgentSql
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.adapters.providers.provider import Provider
from oduflow.adapters.store import (
    AuditLog,
    Environments,
    ExtraRepos,
    Facts,
    Grants,
    OAuthLogins,
    OAuthTokens,
    Sizes,
    Snapshots,
    Templates,
    TestRuns,
    Uploads,
    WarmSlots,
)
from oduflow.adapters.uploads import UploadFiles
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.team_places import TeamPlaces
from oduflow.services.failpoints import Failpoints


@dataclass(frozen=True, slots=True)
class StoreGroup:
    """The tables of the SQLite store."""

    audit: AuditLog
    environments: Environments
    extra_repos: ExtraRepos
    facts: Facts
    grants: Grants
    logins: OAuthLogins
    sizes: Sizes
    snapshots: Snapshots
    templates: Templates
    test_runs: TestRuns
    tokens: OAuthTokens
    uploads: Uploads
    warm_slots: WarmSlots


@dataclass(frozen=True, slots=True)
class EngineGroup:
    """The Docker engine's containers, images and volumes.

    Attributes:
        team_user: returns the user of the host that a new environment of a team runs as; None for
            the image's own.
        overlay_refusal: says why a filestore cannot be an overlay, empty when it can, from the
            folder below it, the folder of its layers, and Odoo's user and group.
    """

    containers: Containers
    images: Images
    volumes: Volumes
    team_user: Callable[[str], int | None]
    overlay_refusal: Callable[[Path, Path, int, int], str]


@dataclass(frozen=True, slots=True)
class PostgresGroup:
    """The teams' PostgreSQL servers. Either call starts the team's server if it is stopped.

    Attributes:
        cluster: returns a team's server.
        tenant: opens a database as its own role, from team, name and password.
        agent_sql: runs statements of callers in a database, from team, name, password of its own
            role and password of the role that reads it.
    """

    cluster: Callable[[str], Cluster]
    tenant: Callable[[str, str, str], Tenant]
    agent_sql: Callable[[str, str, str, str], AgentSql]


@dataclass(frozen=True, slots=True)
class GitGroup:
    """Repositories, the credentials for them, and the APIs of their providers."""

    credentials: Credentials
    providers: tuple[Provider, ...]
    repositories: GitRepositories


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """Jobs, locks, stored outputs, and the failpoints at which a test can hold the process.

    Attributes:
        clone_places: held while a database is copied, which takes the disk.
        pip_places: held while pip installs, which takes network, processor and disk.
        links: the links that sign a browser in.
        uploads: the files of uploads.
    """

    failpoints: Failpoints
    jobs: Jobs
    locks: FileLocks
    outputs: OutputFiles
    links: LinkFiles
    clone_places: TeamPlaces
    pip_places: TeamPlaces
    uploads: UploadFiles
