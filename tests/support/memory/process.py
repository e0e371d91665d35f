"""One process of the product over a world in memory; its store, locks and jobs are real."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from typing import Any, cast

from oduflow.adapters.links.files import LinkFiles
from oduflow.adapters.locks import FileBootSlots
from oduflow.adapters.outputs.files import OutputFiles
from oduflow.adapters.pool.pool import Pool
from oduflow.adapters.postgres.config import PostgresSettings
from oduflow.adapters.store import JobRows
from oduflow.adapters.uploads import UploadFiles
from oduflow.bootstrap.recoverables import recoverables
from oduflow.bootstrap.store import store_group
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.names import new_id
from oduflow.domain.outcome import Envelope, ErrorView, Status
from oduflow.kernel.call import Origin
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.kernel.team_places import TeamPlaces
from oduflow.services.branches import BranchChecks
from oduflow.services.deps import Deps
from oduflow.services.environments.warm.pressure import give_up_slots
from oduflow.services.groups import EngineGroup, GitGroup, PostgresGroup, StoreGroup, WorkGroup
from oduflow.services.isolation.canaries import CANARY
from oduflow.services.live_settings import LiveSettings
from oduflow.services.readiness import ReadinessPoll
from oduflow.services.server.activity import TeamActivity
from oduflow.services.server.database import KIND, DatabaseServer
from oduflow.services.server.databases import Databases
from oduflow.services.server.destroy import destroy_everything
from oduflow.services.server.disk import Disk
from oduflow.services.server.doctor import Doctor
from oduflow.services.server.infrastructure import Infrastructure, team_subnet
from oduflow.services.server.reconcile import Reconciler
from oduflow.settings import parse
from tests.support.fakes import FakeAudit, FakeGrantUsage
from tests.support.memory.agent_sql import MemoryAgentSql
from tests.support.memory.containers import MemoryContainers, MemoryNetworks
from tests.support.memory.faults import Breakable, Faults, Mortal, MortalLocks
from tests.support.memory.git import MemoryGit
from tests.support.memory.postgres import MemoryCluster, MemoryTenant
from tests.support.memory.volumes import MemoryVolumes
from tests.support.memory.world import BLUE, TEAM, MemoryWorld

KILL_SECONDS = 20
BOOT_SECONDS = 1.0
REGISTRY = Registry.discover("oduflow.operations")
CALLER = Origin("test")


class Process:
    """A server and its command line at once: it answers calls and reconciles.

    Attributes:
        faults: makes calls of its parts, and steps of its sagas, fail.
    """

    def __init__(self, world: MemoryWorld, teams: str = BLUE) -> None:
        self.world = world
        self.faults = Faults()
        self._mortal = Mortal(self.faults)
        self._store = world.open_store()
        self._settings = parse(
            f'[server]\ninstance = "memory"\ndata_dir = "{world.data_dir}"\n{teams}'
        )
        self._networks = self._part("networks", MemoryNetworks(world.engine))
        self.deps = self._wire()
        self.runner = Runner(
            REGISTRY,
            self.deps,
            locks=self.deps.work.locks,
            jobs=self.deps.work.jobs,
            audit=FakeAudit(),
            environments=self.deps.store.environments,
            grants=FakeGrantUsage(),
            outputs=self.deps.work.outputs,
        )

    def call(self, tool: str, /, *, team: str = TEAM, **raw: Any) -> Envelope[Any]:
        """Call an operation and wait for its end."""
        actor = Actor(team, ActorKind.CLI, "ada")
        return self.runner.call(tool, raw, actor, CALLER, wait=inf)

    def ok(self, tool: str, /, **raw: Any) -> Any:
        """Call an operation that succeeds; return its data."""
        envelope = self.call(tool, **raw)
        assert envelope.status is Status.OK, envelope.error
        return envelope.data

    def passed(self, tool: str, /, **raw: Any) -> list[str]:
        """Call an operation that succeeds; return the points at which it could have failed.

        They are the steps of its sagas, before and after, and its calls of the parts, in order.
        """
        self.faults.calls.clear()
        self.ok(tool, **raw)
        return list(dict.fromkeys(self.faults.calls))

    def refused(self, tool: str, /, **raw: Any) -> ErrorView:
        """Call a slow operation that fails; return its error."""
        envelope = self.call(tool, **raw)
        assert envelope.error is not None, envelope.summary
        return envelope.error

    def killed(self, tool: str, /, *, at: str, **raw: Any) -> None:
        """Call an operation and kill this process when its saga reaches a point."""
        self._mortal.kill_at = at
        threading.Thread(target=self.call, args=(tool,), kwargs=raw, daemon=True).start()
        assert self._mortal.dead.wait(KILL_SECONDS), f"{tool} never reached {at}"

    def reconcile(self, *, at_start: bool = True) -> None:
        """Reconcile as the server's loop does, and wait for the jobs that it starts."""
        deps = self.deps
        deps.infrastructure.ensure()
        found, teams = deps.infrastructure.databases.keep(), deps.infrastructure.teams()
        Reconciler(
            recoverables(deps), deps.work, deps.store.audit, deps.engine.containers, deps.naming
        ).reconcile(revive=teams if at_start else frozenset(), broken=found.broken)
        for job in deps.work.jobs.in_this_process():
            deps.work.jobs.wait(TEAM, job, inf)

    def doctor(self) -> Doctor:
        """Return the doctor of this process."""
        deps = self.deps
        return Doctor(
            settings=lambda: deps.settings,
            clone=deps.infrastructure.pool.state,
            engine=self._part("engine", AnsweringEngine()),
            images=deps.engine.images,
            infrastructure=deps.infrastructure,
            recoverables=recoverables(deps),
            git=deps.git.repositories,
            rows=deps.store.environments,
            store=self._store,
            facts=deps.store.facts,
        )

    def destroy(self) -> Iterator[str]:
        """Remove everything."""
        deps, firewall = self.deps, cast("Any", self.world.firewall)
        return destroy_everything(
            deps.naming,
            deps.engine,
            self._networks,
            firewall,
            deps.infrastructure.pool,
            self._store,
            recoverables(deps),
        )

    def _wire(self) -> Deps:
        world, rows, work = self.world, self._rows(), self._work()
        git = self._part("git", MemoryGit(world.git))
        engine = EngineGroup(
            containers=self._part("containers", MemoryContainers(world.engine, world.images)),
            images=self._part("images", world.images),
            volumes=self._part("volumes", MemoryVolumes(world.engine)),
            team_user=world.team_users.get,
            overlay_refusal=lambda *_: world.overlay_refusal,
        )
        infrastructure = Infrastructure(
            self._settings,
            world.naming,
            self._networks,
            self._databases(engine, rows, work),
            cast("Any", world.firewall),
            work.locks,
            Disk(world.data_dir, world.disk_minimum),
            Pool(world.data_dir, lambda: self._settings.storage),
        )
        return Deps(
            live=LiveSettings(self._settings),
            naming=world.naming,
            store=rows,
            engine=engine,
            postgres=self._postgres(infrastructure),
            git=GitGroup(cast("Any", None), (), git),
            branches=BranchChecks(world.naming, git),
            give_up_slots=give_up_slots,
            work=work,
            infrastructure=infrastructure,
            readiness=ReadinessPoll(
                world.odoo.login_page, world.odoo.page, BOOT_SECONDS, broken_seconds=0.0
            ),
        )

    def _cluster(self, team: str) -> Any:
        return self._part("cluster", MemoryCluster(self.world.cluster(team)))

    def _postgres(self, infrastructure: Infrastructure) -> PostgresGroup:
        def cluster(team: str) -> Any:
            infrastructure.wake(team)
            return self._cluster(team)

        def tenant(team: str, database: str, password: str) -> Any:
            infrastructure.wake(team)
            made = MemoryTenant(self.world.cluster(team), database, password)
            return self._part("tenant", made)

        def agent_sql(team: str, database: str, password: str, reader_password: str) -> Any:
            infrastructure.wake(team)
            made = MemoryAgentSql(self.world.cluster(team), database, password, reader_password)
            return self._part("agent_sql", made)

        return PostgresGroup(cluster, tenant, agent_sql)

    def _databases(self, engine: EngineGroup, rows: StoreGroup, work: WorkGroup) -> Databases:
        def server(team: str, memory: int = 0, kind: str = KIND) -> DatabaseServer:
            def sizes() -> PostgresSettings:
                return PostgresSettings(memory or self._settings.teams[team].database_memory_mb)

            return DatabaseServer(
                team,
                self._settings.images.postgres,
                self.world.naming,
                engine.containers,
                engine.images,
                self._networks,
                engine.volumes,
                self._cluster(team),
                rows.facts,
                sizes,
                lambda: 2.0,
                kind,
                reserve=1,
            )

        return Databases(
            self.world.naming,
            {team: server(team) for team in self._settings.teams},
            lambda team: team_subnet(self._networks, self.world.naming, team),
            TeamActivity(rows.environments, rows.templates, work.jobs.store),
            engine.containers,
            engine.volumes,
            work.locks,
            lambda team: server(team, 256, CANARY),
        )

    def _rows(self) -> StoreGroup:
        rows = store_group(self._store, self.world.data_dir)
        return replace(
            rows,
            environments=self._part("environments", rows.environments),
            extra_repos=self._part("extra_repos", rows.extra_repos),
            templates=self._part("templates", rows.templates),
        )

    def _work(self) -> WorkGroup:
        folder, rows = self.world.data_dir / "locks", JobRows(self._store)
        locks = MortalLocks(folder, self._mortal)
        # Of this process alone: the threads of a killed one hold theirs for ever.
        slots = FileBootSlots(folder / f"slots-{new_id()}", os.cpu_count() or 1, rows)
        outputs = OutputFiles(self.world.data_dir / "outputs")
        jobs = Jobs(rows, locks, slots, outputs, REGISTRY.cancellable)
        failpoints = cast("Any", self._mortal)
        return WorkGroup(
            failpoints=failpoints,
            jobs=jobs,
            locks=locks,
            outputs=outputs,
            links=LinkFiles(self.world.data_dir / "links"),
            clone_places=TeamPlaces("copies of databases", of_a_team=2, shared=2),
            pip_places=TeamPlaces("pip installations", of_a_team=2, shared=2),
            uploads=UploadFiles(self.world.naming.uploads_folder),
        )

    def _part(self, name: str, part: object) -> Any:
        return Breakable(part, name, self.faults)


class AnsweringEngine:
    """An engine that answers the doctor."""

    def ping(self) -> None:
        """Answer."""

    def version(self) -> str:
        return "0"
