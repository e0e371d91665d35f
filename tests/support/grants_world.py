"""An application whose grants, environments and jobs are rows of a real store.

Declarations and the handlers of grants, jobs and the status are the product's own; handlers that
need Docker only return the row. Blue (team 1) has `shop` and `till`, Red (team 2) `shop`.

    with grants_world(tmp_path) as made:
        secret = made.grant("ci", environments=["shop"])
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.store import (
    Environments,
    Grants,
    JobRows,
    Sizes,
    Snapshots,
    Store,
    Templates,
    TestRuns,
    Uploads,
)
from oduflow.domain.access import Actor, ActorKind, Scope
from oduflow.domain.environment import Environment, EnvironmentView
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import Naming
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.services.access.grants import GrantAuthenticator
from oduflow.settings import parse
from tests.support import store_rows
from tests.support.empty_store import open_empty_store
from tests.support.fakes import (
    TWO_TEAMS,
    FakeAudit,
    FakeBootSlots,
    FakeJobStore,
    FakeLocks,
    FakeOutputs,
    FakeProbe,
    FakeReconcileLoop,
    World,
)
from tests.support.parts import deps_of

ADMIN = Actor("1", ActorKind.BASIC, "admin")
TEST = Origin("test")


@dataclass
class GrantsWorld:
    """A world, and the rows below it."""

    world: World
    store: Store
    environments: Environments
    grants: Grants
    keeper: GrantAuthenticator
    deps: Any

    def call(self, operation: str, /, actor: Actor = ADMIN, **raw: Any) -> Any:
        """Call an operation as an actor and return its data."""
        return self.world.runner.call(operation, raw, actor, TEST, wait=10).data

    def grant(self, name: str, /, actor: Actor = ADMIN, **raw: Any) -> str:
        """Make a grant and return its secret; by default for the whole team."""
        if "environments" not in raw:
            raw.setdefault("all_environments", True)
        raw.setdefault("tiers", ["read", "write", "destroy", "admin"])
        return str(self.call("create_grant", actor, name=name, **raw).secret)

    def holder(self, secret: str, resource: str = "/mcp") -> Actor:
        """Return the actor of a secret."""
        actor = self.keeper.verify(secret, resource)
        assert actor is not None
        return actor

    def add(self, name: str, team: str = "1", generation: int = 1) -> str:
        """Make an environment; return its id."""
        row = store_rows.environment(
            id=f"{team}{name}{generation}",
            team=team,
            name=name,
            template_id=f"template{team}",
        )
        self.environments.add(row)
        return row.id

    def id_of(self, name: str, team: str = "1") -> str:
        """Return an environment's id."""
        row = self.environments.get(team, name)
        assert row is not None
        return row.id

    def answering(self, toml: str) -> World:
        """Return the world as it answers under another configuration, such as another port."""
        self.world = replace(self.world, settings=parse(toml))
        return self.world

    def recreate(self, name: str, team: str = "1") -> str:
        """Delete an environment, and make another of the same name; return its id."""
        self.environments.remove(self.id_of(name, team))
        return self.add(name, team, generation=2)


@contextmanager
def grants_world(folder: Path, toml: str = TWO_TEAMS) -> Iterator[GrantsWorld]:
    """Make it in a folder."""
    store = open_empty_store(folder / "grants.db")
    made = _made(store, toml)
    for team in ("1", "2"):
        template = store_rows.template(id=f"template{team}", team=team)
        made.deps.store.templates.add(template)
    made.add("shop")
    made.add("till")
    made.add("shop", "2")
    try:
        yield made
    finally:
        made.world.slots.free.set()
        for job in made.world.runner.jobs.store.unfinished():
            made.world.runner.jobs.wait(job.actor.team, job.id, 10)
        store.close()


def _made(store: Store, toml: str) -> GrantsWorld:
    settings = parse(toml)
    rows, locks, audit, slots = JobRows(store), FakeLocks(), FakeAudit(), FakeBootSlots()
    outputs = FakeOutputs()
    jobs = Jobs(rows, locks, slots, outputs)
    environments, grants = Environments(store), Grants(store)
    deps = deps_of(
        settings=settings,
        naming=Naming("test", Path("/nowhere")),
        environments=environments,
        extra_repos=SimpleNamespace(list=lambda _team: ()),
        templates=Templates(store),
        grants=grants,
        sizes=Sizes(store),
        snapshots=Snapshots(store),
        test_runs=TestRuns(store),
        jobs=jobs,
        outputs=outputs,
        containers=SimpleNamespace(list=lambda _labels: []),
        volumes=SimpleNamespace(list=lambda _labels: ()),
        infrastructure=SimpleNamespace(
            isolation=None,
            databases=SimpleNamespace(problem=lambda _team: None, warning=lambda _team: None),
            naming=Naming("test", Path("/nowhere")),
            pools=Pools(Naming("test", Path("/nowhere")), lambda: settings.storage, dict),
        ),
    )
    deps.store.uploads = Uploads(store)  # another group has a part of that name
    keeper = GrantAuthenticator(grants, environments, lambda: settings.teams)
    runner = Runner(
        Registry(_operations()),
        deps,
        locks=locks,
        jobs=jobs,
        audit=audit,
        environments=environments,
        grants=keeper,
        outputs=outputs,
    )
    world = World(
        settings,
        runner,
        cast("FakeJobStore", rows),
        locks,
        audit,
        slots,
        FakeProbe(),
        FakeReconcileLoop(),
        [keeper],
        keeper.still_valid,
        outputs=outputs,
    )
    return GrantsWorld(world, store, environments, grants, keeper, deps)


def _operations() -> Iterator[Operation]:
    for declared in Registry.discover("oduflow.operations"):
        shows_one = declared.scope is Scope.ENVIRONMENT and declared.result is EnvironmentView
        yield replace(declared, handler=_show) if shows_one else declared


def _show(deps: Any, call: Call, args: Any, row: Environment) -> Outcome[EnvironmentView]:
    if call.job:
        with call.boot_slot():
            call.raise_if_cancelled()
    return Outcome(EnvironmentView.of(row, None), f"{row.name} is {row.state}.")
