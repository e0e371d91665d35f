"""The only place where adapters are made and handed on, as one frozen object.

Nothing here talks to Docker, PostgreSQL or the network: building is cheap and cannot fail for
want of them. `Services.start` does, and only the server and the command line call it.
"""

import atexit
import os
from dataclasses import dataclass, replace
from typing import Self

from oduflow.adapters.cimd.documents import DocumentFetcher
from oduflow.adapters.docker.build import build_image
from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.git.credentials.store import Credentials
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.locks import FileBootSlots, FileLocks, ServerLock
from oduflow.adapters.odoo.web import login_status
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.adapters.providers.known import known_providers
from oduflow.adapters.store import (
    AuditLog,
    Environments,
    ExtraRepos,
    Facts,
    Grants,
    JobRows,
    OAuthClients,
    OAuthLogins,
    OAuthTokens,
    OAuthTransactions,
    RateLimits,
    Store,
    Templates,
)
from oduflow.domain.access import Actor
from oduflow.domain.plan import Naming
from oduflow.files.private import ensure_secret
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.locks import LockKey
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.services.access.audit import AuditTrail
from oduflow.services.access.github import GithubPeople
from oduflow.services.access.grants import GrantKeeper
from oduflow.services.deps import Deps
from oduflow.services.failpoints import Failpoints
from oduflow.services.infrastructure.database import DatabaseServer
from oduflow.services.infrastructure.disk import Disk
from oduflow.services.infrastructure.setup import Infrastructure
from oduflow.services.readiness import Readiness
from oduflow.services.server.doctor import Doctor
from oduflow.services.server.first_environment import sample_authority
from oduflow.services.server.reconcile_loop import Keeper
from oduflow.settings import LiveSettings, Settings

OPERATIONS = "oduflow.operations"
TEST_PREFIX = "test-"
LOCK_SECONDS = 30  # writing a team's credentials takes milliseconds; many may queue
LOOK_SECONDS = 5  # how long the doctor waits for an answer of the engine


@dataclass(frozen=True, slots=True)
class _Docker:
    """The engine's adapters over one connection."""

    engine: Engine
    containers: Containers
    images: Images
    networks: Networks
    volumes: Volumes

    @classmethod
    def over(cls, engine: Engine, naming: Naming) -> Self:
        labels = naming.labels("inspect", process=str(os.getpid()))
        images = Images(engine, build_image, labels, prefix=naming.instance)
        return cls(engine, Containers(engine), images, Networks(engine), Volumes(engine))


@dataclass(frozen=True, slots=True)
class OAuth:
    """What the OAuth server remembers, and where it asks for clients' documents."""

    clients: OAuthClients
    documents: DocumentFetcher
    transactions: OAuthTransactions
    tokens: OAuthTokens
    logins: OAuthLogins

    @classmethod
    def over(cls, store: Store) -> Self:
        """Make it over a store."""
        return cls(
            OAuthClients(store),
            DocumentFetcher(),
            OAuthTransactions(store),
            OAuthTokens(store),
            OAuthLogins(store),
        )


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the faces and the server's own loop are handed."""

    settings: Settings
    live: LiveSettings
    runner: Runner
    probe: Doctor
    deps: Deps
    store: Store
    engine: Engine
    networks: Networks
    firewall: Firewall
    server_lock: ServerLock
    keeper: Keeper
    audit: AuditTrail
    grants: GrantKeeper
    oauth: OAuth
    rate_limits: RateLimits
    facts: Facts

    @property
    def registry(self) -> Registry:
        """The operations."""
        return self.runner.registry

    @property
    def verifiers(self) -> tuple[GithubPeople, GrantKeeper]:
        """Who knows Bearer tokens besides the static ones, in the order they are asked."""
        return (self.people, self.grants)

    @property
    def people(self) -> GithubPeople:
        """Who signed in through GitHub."""
        oauth = self.oauth
        return GithubPeople(
            self.live.current, oauth.tokens, oauth.logins, self.runner.environment_id
        )

    def still_valid(self, actor: Actor) -> bool:
        """Whether what let an actor in still would: asked again while a stream is open."""
        configured = actor.team in self.live.current().teams
        return configured and all(verifier.still_valid(actor) for verifier in self.verifiers)


def build(settings: Settings) -> Services:
    """Make every part for one configuration and wire them."""
    live = LiveSettings(settings)
    data_dir = settings.server.data_dir
    naming = Naming(settings.server.instance, data_dir)
    disk = Disk(data_dir)
    store = Store(data_dir / "oduflow.db", on_full=disk.give_up_reserve)
    locks = FileLocks(data_dir / "locks")
    job_rows = JobRows(store)
    registry = Registry.discover(OPERATIONS)
    slots = FileBootSlots(data_dir / "locks", os.cpu_count() or 1, job_rows)
    jobs = Jobs(job_rows, locks, slots, registry.cancellable)
    engine = Engine()
    docker = _Docker.over(engine, naming)
    folder = naming.postgres_folder()
    cluster = Cluster(
        socket_dir=folder / "socket", password=lambda: ensure_secret(folder / "password")
    )
    firewall = Firewall()
    credentials = Credentials(
        naming.team_folder,
        lambda team: locks.acquire(
            LockKey.credentials(team), "another change of credentials", wait=LOCK_SECONDS
        ),
    )

    oauth = OAuth.over(store)

    def infrastructure(docker: _Docker) -> Infrastructure:
        database = DatabaseServer(
            settings.images.postgres,
            naming,
            docker.containers,
            docker.images,
            docker.networks,
            docker.volumes,
            cluster,
            Facts(store),
        )
        return Infrastructure(settings, naming, docker.networks, database, firewall, locks, disk)

    audit_log = AuditLog(
        store, data_dir / "audit", key=lambda: ensure_secret(data_dir / "audit" / "key")
    )
    deps = Deps(
        live=live,
        naming=naming,
        environments=Environments(store),
        templates=Templates(store),
        extra_repos=ExtraRepos(store),
        grants=Grants(store),
        jobs=jobs,
        audit=audit_log,
        locks=locks,
        containers=docker.containers,
        images=docker.images,
        volumes=docker.volumes,
        cluster=cluster,
        tenant=lambda database, password: Tenant(
            socket_dir=folder / "socket", database=database, role=database, password=password
        ),
        readiness=Readiness(login_status),
        git=GitRepositories(
            allowed_hosts=_allowed_hosts(settings),
            helper=credentials.helper,
            describe_credential=credentials.describe,
        ),
        credentials=credentials,
        providers=known_providers(
            settings.server.github_url,
            settings.server.github_api_url,
            settings.server.gitlab_url,
            settings.server.bitbucket_api_url,
            settings.server.git_allowed_hosts,
        ),
        infrastructure=infrastructure(docker),
        failpoints=Failpoints(
            data_dir / "failpoints", settings.server.instance.startswith(TEST_PREFIX)
        ),
        logins=oauth.logins,
        tokens=oauth.tokens,
    )
    audit = AuditTrail(audit_log)
    grants = GrantKeeper(deps.grants, deps.environments, lambda: live.current().teams)
    runner = Runner(
        registry,
        deps,
        locks=locks,
        jobs=jobs,
        audit=audit,
        environments=deps.environments,
        grants=grants,
    )
    quick = _Docker.over(Engine(timeout=LOOK_SECONDS), naming)
    watched = replace(
        deps,
        containers=quick.containers,
        images=quick.images,
        volumes=quick.volumes,
        infrastructure=infrastructure(quick),
    )
    return Services(
        settings=settings,
        live=live,
        runner=runner,
        probe=Doctor(watched, quick.engine, store),
        deps=deps,
        store=store,
        engine=engine,
        networks=docker.networks,
        firewall=firewall,
        server_lock=ServerLock(data_dir),
        keeper=Keeper(deps),
        audit=audit,
        grants=grants,
        oauth=oauth,
        rate_limits=RateLimits(store),
        facts=Facts(store),
    )


def serve_alone(services: Services, *, wait: float = 0) -> Services:
    """Be the data folder's one server until the process ends, with an up-to-date store.

    Args:
        services: the product's parts.
        wait: seconds to wait for a server that is just going down.

    Raises:
        Conflict: another server works on the data folder, or its store is newer.
    """
    services.server_lock.acquire(f"process {os.getpid()}", wait=wait)
    services.store.migrate()
    atexit.register(services.audit.close)
    return services


def _allowed_hosts(settings: Settings) -> tuple[str, ...]:
    listed = settings.server.git_allowed_hosts
    if not settings.server.sample:
        return listed
    return (*listed, sample_authority(settings.server.port))
