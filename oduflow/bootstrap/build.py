"""Build and connect everything for one configuration."""

import os
from dataclasses import replace
from functools import partial

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.links.files import LinkFiles
from oduflow.adapters.locks import FileBootSlots, FileLocks, ServerLock
from oduflow.adapters.odoo.web import login_page, page
from oduflow.adapters.outputs.files import OutputFiles
from oduflow.adapters.pool.pool import Pool
from oduflow.adapters.store import JobRows, Store
from oduflow.adapters.uploads import UploadFiles
from oduflow.bootstrap.engine import Docker
from oduflow.bootstrap.git import git_group, trusted
from oduflow.bootstrap.oauth import OAuth
from oduflow.bootstrap.postgres import databases, postgres_group
from oduflow.bootstrap.recoverables import recoverables
from oduflow.bootstrap.services import Services
from oduflow.bootstrap.store import rate_limits, store_group
from oduflow.domain.plan import Naming
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.kernel.team_places import TeamPlaces
from oduflow.services.access.audit_writer import AuditWriter
from oduflow.services.access.github import GithubAuthenticator
from oduflow.services.access.grants import GrantAuthenticator
from oduflow.services.access.removed_teams import revoke_removed_teams
from oduflow.services.branches import BranchChecks
from oduflow.services.deps import Deps
from oduflow.services.environments.warm.keeper import WarmKeeper
from oduflow.services.environments.warm.pressure import give_up_slots
from oduflow.services.failpoints import Failpoints
from oduflow.services.groups import WorkGroup
from oduflow.services.live_settings import LiveSettings
from oduflow.services.readiness import ReadinessPoll
from oduflow.services.room import require_disk
from oduflow.services.server.disk import Disk
from oduflow.services.server.doctor import Doctor
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.services.server.reconcile import Reconciler
from oduflow.services.server.reconcile_loop import ReconcileLoop
from oduflow.services.storage.outside import clone_state
from oduflow.services.storage.sizes import SizeMeter
from oduflow.services.uploads.receive import UploadReceiver
from oduflow.settings import Settings

OPERATIONS = "oduflow.operations"
TEST_PREFIX = "test-"
DOCTOR_SECONDS = 5  # how long the doctor waits for the engine's answer


def build(settings: Settings) -> Services:
    """Return the adapters and services for one configuration."""
    live, data_dir = LiveSettings(settings), settings.server.data_dir
    naming = Naming(settings.server.instance, data_dir)
    disk, pool = Disk(data_dir), Pool(data_dir, lambda: live.current().storage)
    store = Store(data_dir / "oduflow.db", on_full=disk.give_up_reserve)
    rows = store_group(store, data_dir)
    registry = Registry.discover(OPERATIONS)
    work = _work(settings, store, registry, naming, disk)
    docker, firewall = Docker.over(Engine(), naming, pool), Firewall()

    def infrastructure(docker: Docker) -> Infrastructure:
        clusters, locks = databases(live, naming, docker, rows, work), work.locks
        return Infrastructure(
            settings, naming, docker.networks, clusters, firewall, locks, disk, pool
        )

    parts = infrastructure(docker)
    git = git_group(settings, naming, work.locks)
    deps = Deps(
        live=live,
        naming=naming,
        store=rows,
        engine=docker.group,
        postgres=postgres_group(naming, parts.wake),
        git=git,
        work=work,
        infrastructure=parts,
        readiness=ReadinessPoll(login_page, page),
        branches=BranchChecks(naming, git.repositories),
        give_up_slots=give_up_slots,
    )
    audit, oauth = (
        AuditWriter(rows.audit),
        OAuth.over(
            store,
            rows,
            lambda: live.current().server.redirect_schemes,
            trusted(settings.server),
        ),
    )
    grants = GrantAuthenticator(rows.grants, rows.environments, lambda: live.current().teams)
    runner = Runner(
        registry,
        deps,
        locks=work.locks,
        jobs=work.jobs,
        audit=audit,
        environments=rows.environments,
        grants=grants,
        outputs=work.outputs,
    )
    nouns = recoverables(deps)
    doctor_docker = Docker.over(Engine(timeout=DOCTOR_SECONDS), naming, pool)
    doctor_deps = replace(
        deps, engine=doctor_docker.group, infrastructure=infrastructure(doctor_docker)
    )
    meter = SizeMeter(naming, parts, rows)
    reconciler = Reconciler(nouns, work, rows.audit, docker.group.containers, naming)
    return Services(
        settings=settings,
        live=live,
        runner=runner,
        probe=_doctor(doctor_docker, doctor_deps, store),
        deps=deps,
        store=store,
        engine=docker.engine,
        networks=docker.networks,
        firewall=firewall,
        server_lock=ServerLock(data_dir),
        reconcile_loop=ReconcileLoop(
            deps.infrastructure,
            reconciler,
            lambda: revoke_removed_teams(rows.grants, rows.tokens, live.current().teams.keys()),
            {"sizes": meter.run, "warm-slots": WarmKeeper(deps).run},
        ),
        audit=audit,
        grants=grants,
        people=GithubAuthenticator(live.current, rows.tokens, rows.logins, runner.environment_id),
        oauth=oauth,
        rate_limits=rate_limits(store, data_dir),
        recoverables=nouns,
        uploads=UploadReceiver(rows.uploads, work.uploads, work.locks, partial(require_disk, deps)),
    )


def _work(
    settings: Settings, store: Store, registry: Registry, naming: Naming, disk: Disk
) -> WorkGroup:
    data_dir = settings.server.data_dir
    locks = FileLocks(data_dir / "locks", on_full=disk.give_up_reserve)
    rows = JobRows(store)
    slots = FileBootSlots(data_dir / "locks", os.cpu_count() or 1, rows)
    outputs = OutputFiles(data_dir / "outputs")
    testing = settings.server.instance.startswith(TEST_PREFIX)
    return WorkGroup(
        failpoints=Failpoints(data_dir / "failpoints", testing),
        jobs=Jobs(rows, locks, slots, outputs, registry.cancellable),
        locks=locks,
        outputs=outputs,
        links=LinkFiles(data_dir / "links"),
        clone_places=TeamPlaces("copies of databases", of_a_team=2, shared=2),
        pip_places=TeamPlaces("pip installations", of_a_team=2, shared=2),
        uploads=UploadFiles(naming.uploads_folder),
    )


def _doctor(docker: Docker, deps: Deps, store: Store) -> Doctor:
    return Doctor(
        settings=lambda: deps.settings,
        clone=partial(clone_state, deps.naming, docker.group.volumes, deps.infrastructure.pool),
        engine=docker.engine,
        images=deps.engine.images,
        infrastructure=deps.infrastructure,
        recoverables=recoverables(deps),
        git=deps.git.repositories,
        rows=deps.store.environments,
        store=store,
        facts=deps.store.facts,
    )
