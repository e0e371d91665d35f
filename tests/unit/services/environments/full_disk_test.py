from pathlib import Path
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool.pools import Pools
from oduflow.domain.errors import Kind, QuotaReached
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.environments.delete import free_room_for
from tests.support.memory.world import TEAM

ROOM = {"own": True, "image": SimpleNamespace(mounted=True), "folder": Path("/")}


@pytest.fixture
def row(process, sale):
    process.ok("create_environment", **sale)
    [made] = process.deps.store.environments.list(TEAM)
    return made


@pytest.fixture
def full(monkeypatch):
    """Let the team's disk be full."""

    def fill(free=1):
        space = SimpleNamespace(free=free, growth=0, total=1 << 30)
        pool = SimpleNamespace(space=space, **ROOM)
        monkeypatch.setattr(Pools, "of", lambda _pools, _team: pool)

    return fill


def test_a_deletion_frees_temporary_files_before_it_needs_postgresql(process, row, full):
    plan = EnvironmentPlan.of(process.deps.naming, row)
    (plan.temporary / "hoard").write_text("content")
    full()

    free_room_for(process.deps, row)

    assert not plan.temporary.exists()
    assert process.deps.engine.containers.facts(plan.container) is None
    assert process.deps.store.environments.by_id(row.id).state == "deleting"


def test_a_deletion_on_a_disk_with_room_begins_with_postgresql(process, row, full):
    plan = EnvironmentPlan.of(process.deps.naming, row)
    full(free=1 << 30)

    free_room_for(process.deps, row)

    assert plan.temporary.exists()
    assert process.deps.store.environments.by_id(row.id).state == "running"


def test_a_begun_deletion_is_finished_when_postgresql_starts_again(process, row, full, monkeypatch):
    process.faults.fail("cluster.drop_tenant", QuotaReached("PostgreSQL does not start."))
    with monkeypatch.context() as once:
        space = SimpleNamespace(free=1, growth=0, total=1 << 30)
        pool = SimpleNamespace(space=space, **ROOM)
        once.setattr(Pools, "of", lambda _pools, _team: pool)
        assert process.refused("delete_environment", name="sale").kind is Kind.QUOTA

    process.reconcile()

    assert process.deps.store.environments.list(TEAM) == ()
