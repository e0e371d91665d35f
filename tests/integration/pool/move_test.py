"""Moving what exists into a real pool, killed at each step: no volume is lost or lives twice."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.domain.errors import QuotaReached
from oduflow.services.move_journal import load_move
from oduflow.services.recoverable import find_leftovers
from oduflow.services.storage.move import move_into_pool
from oduflow.services.storage.outside import outside_pool
from oduflow.services.storage.settle import MoveRecovery
from oduflow.services.storage.setup import set_up_storage
from tests.support.base_template import KeptTemplate
from tests.support.extents import shared_bytes
from tests.support.forked import Command, Forked
from tests.support.git_server import GitServer
from tests.support.instances import Instance, running_instance
from tests.support.ports import free_port
from tests.support.server import eventually
from tests.support.variants import held_at, plan_of

pytestmark = pytest.mark.timeout(600)

MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}
TWO_GIB = "[storage]\npool_max_gb = 4\n"  # for each of two teams
# The first two leave everything where it was, the third has moved one volume, the fifth all of
# them, and the team's folder.
KILLS = (
    *("stopped.after", "named.after", "renamed.after", "released.after"),
    "files_renamed.after",
)


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with GitServer(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture(scope="module")
def grown(git: GitServer, kept_template: KeptTemplate) -> Iterator[Instance]:
    """An instance with a running and a stopped environment, and a pool that came later."""
    port, hosts = free_port(), (git.authority,)
    with running_instance(port=port, git_hosts=hosts, more=TWO_GIB) as instance:
        kept_template.give(instance)
        url = git.repository("plain", {"main": MODULE})
        for name in ("awake", "asleep"):
            instance.ok("create_environment", name=name, repo_url=url)
            (root_of(instance, name) / "kept").write_text(name)
        instance.ok("stop_environment", name="asleep")
        state = set_up_storage(instance.services.deps, lambda _line: None)
        assert state.hint == "`oduflow storage move` moves them into the pool."
        yield instance


def test_status_says_what_is_outside_and_a_move_without_room_changes_nothing(
    grown: Instance,
) -> None:
    deps = grown.services.deps
    told = grown.ok("get_status")["clone"]
    assert told.startswith("copy: the team's PostgreSQL is outside the pool; reflink (pool of ")
    filler, before = deps.infrastructure.pools.of("blue").folder / "filler", outside(grown)
    deps.infrastructure.pools.of("blue").space.make(1 << 30)
    filler.write_bytes(bytes(1400 << 20))

    with pytest.raises(
        QuotaReached, match=r"Moving the files of team blue needs \d+ MiB, and \d+ [KM]iB"
    ):
        move_into_pool(deps, "blue", lambda _line: None)

    filler.unlink()
    assert outside(grown) == before
    assert deps.infrastructure.databases.servers["blue"].running()


def test_a_move_that_is_killed_loses_nothing_and_goes_on(
    grown: Instance, tmp_path: Path, git: GitServer
) -> None:
    deps, before = grown.services.deps, outside(grown)
    counts, names = [], before[-2:]
    for kill in KILLS:
        if kill == KILLS[-1]:  # links are kept between volumes that one call moves: the last ones
            names = outside(grown)[-2:]
            link(*linked_in(grown, names))
        kill_move(grown, f"move.{kill}", tmp_path / "log")

        (row,) = MoveRecovery(deps).unsettled(revive=frozenset())
        with deps.work.locks.acquire(row.key, "tests") as held:
            row.settle(held)

        assert load_move(deps.store.facts, "blue") is None
        counts.append(len(outside(grown)))
        all_is_well(grown)
    every = len(before)
    assert counts == [every, every, every - 1, every - 2, 0]
    folder = deps.naming.team_folder("blue")
    assert deps.infrastructure.pools.of("blue").holds(folder)
    assert (plan_of(grown, "awake").checkout / "odd" / "__manifest__.py").is_file()
    assert [each.name for each in folder.parent.glob("team_blue*")] == ["team_blue"]
    assert move_into_pool(deps, "blue", lambda _line: None) == 0
    assert are_one_file_in(deps.infrastructure.pools.of("blue").folder, *linked_in(grown, names))

    assert grown.ok("get_status")["clone"].startswith("reflink (pool of ")
    assert list(find_leftovers(grown.services.recoverables)) == []
    assert deps.infrastructure.databases.servers["blue"].shares_blocks()
    url = git.repository("plain", {"main": MODULE})
    assert grown.ok("create_environment", name="later", repo_url=url)["state"] == "running"
    database = root_of_database(grown) / "cluster" / "base"
    newest = max(database.iterdir(), key=lambda folder: int(folder.name))
    size = sum(file.stat().st_size for file in newest.iterdir())
    assert sum(map(shared_bytes, newest.iterdir())) > size / 2


def kill_move(instance: Instance, point: str, log: Path) -> None:
    words = ("storage", "move", "--team", "blue", "--config", str(instance.config))
    log.write_text("")
    with held_at(instance, point) as reached:
        moving = Forked(Command(words, dict(os.environ)), log, log)
        try:
            eventually(lambda: reached.exists() or moving.poll() is not None, 120, log.read_text)
            assert reached.exists(), log.read_text()
        finally:
            moving.kill()
            moving.wait(10)


def all_is_well(instance: Instance) -> None:
    """Check that what ran is to be started, what was stopped is not, and both have their files."""
    deps = instance.services.deps
    rows = {row.name: row for row in deps.store.environments.list("blue")}
    assert (rows["awake"].step, rows["asleep"].step) == ("serving", "")
    assert deps.engine.containers.facts(plan_of(instance, "asleep").container) is not None
    assert instance.ok("start_environment", name="awake")["state"] == "running"
    for name in ("awake", "asleep"):
        assert (root_of(instance, name) / "kept").read_text() == name
        plan = plan_of(instance, name)
        assert plan.database in deps.postgres.cluster("blue").databases()
    former = deps.engine.volumes.list(deps.naming.labels("former"))
    assert former == ()


def outside(instance: Instance) -> list[str]:
    deps = instance.services.deps
    found = outside_pool(deps.naming, deps.engine.volumes, deps.infrastructure.pools)
    return [facts.name for facts in found.get("blue", ())]


def linked_in(instance: Instance, volumes: list[str]) -> list[Path]:
    mountpoint = instance.services.deps.engine.volumes.mountpoint
    return [mountpoint(name) / "linked" for name in volumes]


def link(one: Path, other: Path) -> None:
    """Make one file of two volumes, as templates have that were saved of one another."""
    one.write_bytes(os.urandom(1 << 20))
    os.link(one, other)


def are_one_file_in(pool: Path, one: Path, other: Path) -> bool:
    return one.is_relative_to(pool) and one.samefile(other)


def root_of(instance: Instance, name: str) -> Path:
    return instance.services.deps.engine.volumes.mountpoint(plan_of(instance, name).volume)


def root_of_database(instance: Instance) -> Path:
    deps = instance.services.deps
    return deps.engine.volumes.mountpoint(deps.naming.database_volume("blue"))
