"""Build the PostgreSQL adapters, and what starts and stops the teams' servers."""

from collections.abc import Callable
from pathlib import Path

from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.postgres.agent_sql import AgentSql
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.config import PostgresSettings
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.bootstrap.engine import Docker
from oduflow.domain.connections import places
from oduflow.domain.plan import Naming
from oduflow.files.private import ensure_secret
from oduflow.services.groups import PostgresGroup, StoreGroup, WorkGroup
from oduflow.services.isolation.canaries import CANARY, DATABASE_MEMORY
from oduflow.services.live_settings import LiveSettings
from oduflow.services.server.activity import TeamActivity
from oduflow.services.server.database import KIND, DatabaseServer
from oduflow.services.server.databases import Databases
from oduflow.services.server.infrastructure import team_subnet

CANARY_SIZES = PostgresSettings(DATABASE_MEMORY >> 20, places(2))


def cluster_of(naming: Naming, team: str) -> Cluster:
    """Return a team's cluster, which is reached through its socket."""
    socket, password = _access(naming, team)
    return Cluster(socket_dir=socket, password=password)


def _access(naming: Naming, team: str) -> tuple[Path, Callable[[], str]]:
    folder = naming.postgres_folder(team)
    return folder / "socket", lambda: ensure_secret(folder / "password")


def postgres_group(naming: Naming, wake: Callable[[str], None]) -> PostgresGroup:
    """Return the adapters; `wake` starts a team's cluster."""

    def cluster(team: str) -> Cluster:
        wake(team)
        return cluster_of(naming, team)

    def tenant(team: str, database: str, password: str) -> Tenant:
        made, (socket, _) = cluster(team), _access(naming, team)
        return Tenant(
            socket_dir=socket,
            database=database,
            role=database,
            password=password,
            entrance=made.entrance,
        )

    def agent_sql(team: str, database: str, password: str, reader_password: str) -> AgentSql:
        made, (socket, admin_password) = cluster(team), _access(naming, team)
        return AgentSql(
            socket_dir=socket,
            admin_password=admin_password,
            database=database,
            password=password,
            reader_password=reader_password,
            entrance=made.entrance,
        )

    return PostgresGroup(cluster, tenant, agent_sql)


def databases(
    live: LiveSettings,
    naming: Naming,
    docker: Docker,
    rows: StoreGroup,
    work: WorkGroup,
    pools: Pools,
) -> Databases:
    """Return the clusters of the configured teams."""

    def server(team: str) -> DatabaseServer:
        def sizes() -> PostgresSettings:
            configured = live.for_work().teams[team]
            return PostgresSettings(
                configured.database_memory_mb, places(configured.max_environments)
            )

        return of_sizes(team, sizes, lambda: live.for_work().teams[team].cpus, KIND)

    def canary(team: str) -> DatabaseServer:
        return of_sizes(team, lambda: CANARY_SIZES, lambda: 1.0, CANARY)

    def of_sizes(
        team: str, sizes: Callable[[], PostgresSettings], cpus: Callable[[], float], kind: str
    ) -> DatabaseServer:
        return DatabaseServer(
            team,
            live.current().images.postgres,
            naming,
            docker.group.containers,
            docker.group.images,
            docker.networks,
            docker.group.volumes,
            cluster_of(naming, team),
            rows.facts,
            sizes,
            cpus,
            kind,
            pools=pools,
        )

    return Databases(
        naming,
        {team: server(team) for team in live.current().teams},
        lambda team: team_subnet(docker.networks, naming, team),
        TeamActivity(rows.environments, rows.templates, work.jobs.store),
        docker.group.containers,
        docker.group.volumes,
        work.locks,
        canary,
    )
