"""Environments on a real pool: their files share blocks, and nothing of a deleted one stays."""

import itertools
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from oduflow.adapters.postgres.connection import Endpoint, open_admin
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services.recoverable import find_leftovers
from oduflow.services.storage.setup import set_up_storage
from oduflow.services.storage.sizes import SizeMeter
from tests.support.base_template import KeptTemplate
from tests.support.extents import shared_bytes
from tests.support.git_server import GitServer
from tests.support.instances import Instance, running_instance, world
from tests.support.ports import free_port
from tests.support.random_rounds import LEAST_ROLLBACKS, PlannedRound, Rounds, plans
from tests.support.server import eventually, serving
from tests.support.variants import docker, plan_of, run_docker, signed_in

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(600)

ROUNDS = 20
GROWTHS, LEFT = 2, 100 << 20  # how often the pool grows, and what is left to it before
MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with GitServer(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture(scope="module")
def pooled(git: GitServer, kept_template: KeptTemplate) -> Iterator[Instance]:
    """An instance with a pool of 1 GiB."""

    def prepare(instance: Instance) -> None:
        state = set_up_storage(instance.services.deps, lambda _line: None)
        assert state.text.startswith("reflink (2 pools of teams, 1.")

    with running_instance(
        port=free_port(), git_hosts=(git.authority,), prepare=prepare
    ) as instance:
        kept_template.give(instance)
        yield instance


def test_an_environments_files_share_their_blocks_and_go_with_it(
    pooled: Instance, git: GitServer
) -> None:
    pool, before = pooled.services.deps.infrastructure.pools.of("blue"), world(pooled)
    names, url = pool.names(), git.repository("plain", {"main": MODULE})

    made = pooled.ok("create_environment", name="blue", repo_url=url)

    assert made["state"] == "running"
    plan = plan_of(pooled, "blue")
    assert set(pool.names()) == {*names, plan.volume, plan.layers}
    database = database_folder(pooled, plan.database)
    size = sum(file.stat().st_size for file in database.iterdir())
    assert sum(map(shared_bytes, database.iterdir())) > size / 2
    assert pooled.ok("get_status")["clone"].startswith("reflink (pool of ")
    measure(pooled)
    disk = pooled.ok("get_environment", name="blue")["disk"]
    assert 0 < disk["own"] < 20_000_000
    assert disk["shared"] > size / 2
    (template,) = pooled.ok("list_templates")["templates"]
    assert template["disk"]["shared"] > size / 2
    filled = pooled.services.deps.store.sizes.of("blue")[WHOLE_TEAM].own
    assert size < filled < disk["shared"] + template["disk"]["shared"] + (200 << 20)

    pooled.ok("create_snapshot", name="blue", snapshot="mine")
    measure(pooled)
    (snapshot,) = pooled.ok("list_snapshots", name="blue")["snapshots"]
    assert snapshot["disk"]["own"] < 10_000_000
    assert snapshot["disk"]["shared"] > size / 2
    assert pooled.services.deps.store.sizes.of("blue")[WHOLE_TEAM].own < filled + (32 << 20)

    pooled.ok("delete_environment", name="blue")

    assert pool.names() == names
    assert world(pooled) == before


def test_a_copy_shares_its_blocks_and_outlives_its_source(pooled: Instance, git: GitServer) -> None:
    pool, before = pooled.services.deps.infrastructure.pools.of("blue"), world(pooled)
    names, url = pool.names(), git.repository("plain", {"main": MODULE})
    pooled.ok("create_environment", name="origin", repo_url=url)
    (plan_of(pooled, "origin").checkout / "edited").write_text("an edit")

    assert pooled.ok("copy_environment", name="origin", new_name="copied")["state"] == "running"

    plan = plan_of(pooled, "copied")
    database = database_folder(pooled, plan.database)
    size = sum(file.stat().st_size for file in database.iterdir())
    assert sum(map(shared_bytes, database.iterdir())) > size / 2
    pooled.ok("delete_environment", name="origin")
    assert set(pool.names()) == {*names, plan.volume, plan.layers}
    assert (plan.checkout / "edited").read_text() == "an edit"
    pooled.ok("stop_environment", name="copied")
    assert pooled.ok("start_environment", name="copied")["state"] == "running"
    pooled.ok("delete_environment", name="copied")
    assert pool.names() == names
    assert world(pooled) == before


@given(plan=plans(ROUNDS))
@settings(
    max_examples=1,  # of 20 rounds
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much],
)
def test_rounds_of_random_writes_snapshots_and_rollbacks_lose_nothing(
    pooled: Instance, git: GitServer, plan: tuple[PlannedRound, ...]
) -> None:
    url, before = git.repository("plain", {"main": MODULE}), world(pooled)
    pooled.ok("create_environment", name="rounds", repo_url=url)
    try:
        rounds, done = Rounds(pooled, "rounds"), []
        for each in plan:
            done.append(rounds.play(each))
            log.info("%s", done[-1])
            assert rounds.seen() == rounds.model, done
        assert rounds.rollbacks >= LEAST_ROLLBACKS
    finally:
        pooled.ok("delete_environment", name="rounds")
    assert world(pooled) == before


def test_a_postgresql_that_is_killed_while_the_pool_grows_loses_nothing(
    pooled: Instance, git: GitServer
) -> None:
    deps, before = pooled.services.deps, world(pooled)
    url = git.repository("plain", {"main": MODULE})
    pooled.ok("create_environment", name="growing", repo_url=url)
    plan, stop = plan_of(pooled, "growing"), threading.Event()
    root = deps.engine.volumes.mountpoint(plan.volume)
    with signed_in(plan) as session:
        session.execute("CREATE TABLE written (n integer)")
    with serving(pooled) as server, ThreadPoolExecutor(2) as threads:
        writing = threads.submit(write_rows, plan, stop)
        killing = threads.submit(kill_again, deps.naming.database("blue"), stop)
        try:
            for number in range(GROWTHS):  # which the server does by itself
                size, free = shutil.disk_usage(root).total, shutil.disk_usage(root).free
                with (root / f"filler-{number}").open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, free - LEFT)
                eventually(partial(is_larger, root, size), 120, server.tail)
        finally:
            stop.set()
        acknowledged = writing.result()
        assert killing.result() > 0
    deps.infrastructure.wake("blue")
    with signed_in(plan) as session:
        rows = {number for (number,) in session.execute("SELECT n FROM written").fetchall()}
    assert acknowledged
    assert acknowledged <= rows
    assert pooled.ok("start_environment", name="growing")["state"] == "running"
    pooled.ok("delete_environment", name="growing")
    assert world(pooled) == before
    assert list(find_leftovers(pooled.services.recoverables)) == []


def is_larger(root: Path, size: int) -> bool:
    return shutil.disk_usage(root).total > size


def write_rows(plan: EnvironmentPlan, stop: threading.Event) -> set[int]:
    """Write row after row, and return those that PostgreSQL has acknowledged."""
    acknowledged: set[int] = set()
    for number in itertools.count():
        if stop.wait(0.05):
            return acknowledged
        with suppress(psycopg.Error), signed_in(plan) as session:
            session.execute("SET synchronous_commit = on")
            session.execute("INSERT INTO written VALUES (%s)", [number])
            acknowledged.add(number)
    raise AssertionError


def kill_again(container: str, stop: threading.Event) -> int:
    """Kill a container whenever it has run for a moment; return how often."""
    killed = 0
    while not stop.wait(1.5):
        killed += run_docker("kill", container).returncode == 0
    return killed


def test_a_folder_whose_volume_is_gone_is_a_leftover_until_its_removal_is_repeated(
    pooled: Instance,
) -> None:
    deps, name = pooled.services.deps, f"{pooled.name}-env-cut"
    labels = deps.naming.labels("environment", id="cut", team="blue")
    volume = deps.engine.volumes.ensure(name, labels=labels)
    (volume.mountpoint / "file").write_text("content")
    docker("volume", "rm", name)  # the removal was killed after this

    leftovers = {each.name: each for each in find_leftovers(pooled.services.recoverables)}
    pool = deps.infrastructure.pools.of("blue")
    assert leftovers[name].removal == f"rm -r {pool.path(name)}"

    deps.engine.volumes.remove(name)
    assert name not in deps.infrastructure.pools.of("blue").names()


def measure(instance: Instance) -> None:
    """Write PostgreSQL's pages, then measure the team."""
    deps = instance.services.deps
    folder = deps.naming.postgres_folder("blue")
    password = (folder / "password").read_text()
    with open_admin(Endpoint(folder / "socket"), password, "write everything") as admin:
        admin.run("CHECKPOINT")
    SizeMeter(deps.naming, deps.infrastructure, deps.store).measure("blue")


def database_folder(instance: Instance, database: str) -> Path:
    naming = instance.services.deps.naming
    folder = naming.postgres_folder("blue")
    password = (folder / "password").read_text()
    with open_admin(Endpoint(folder / "socket"), password, "look") as admin:
        ((oid,),) = admin.run("SELECT oid FROM pg_database WHERE datname = %s", database)
    root = instance.services.deps.engine.volumes.mountpoint(naming.database_volume("blue"))
    return root / "cluster" / "base" / str(oid)
