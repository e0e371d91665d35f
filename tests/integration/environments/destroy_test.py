"""`oduflow destroy` refuses while jobs run, and removes exactly what the instance made.

The instance is a separate one; its birth is watched for secrets, because PostgreSQL is initialised
there.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from oduflow import bootstrap
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.firewall.plan import ChainNames, FirewallPlan
from oduflow.adapters.store import Store
from oduflow.kernel.locks import LockKey
from oduflow.settings import load
from tests.support.base_template import KeptTemplate
from tests.support.fakes import ONE_TEAM
from tests.support.forked import oduflow
from tests.support.git_server import GitServer
from tests.support.instances import (
    Instance,
    InstanceContents,
    anonymous_volumes,
    left_volumes,
    new_instance_name,
    running_instance,
    world,
)
from tests.support.ports import free_port
from tests.support.server import serving
from tests.support.spying import Spy
from tests.support.variants import docker, pause

pytestmark = pytest.mark.timeout(300)

SECONDS = 120
CONFLICT, UPSTREAM, BUSY = 5, 69, 75
WITHOUT_FIREWALL = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}


def damaged(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def newer(path: Path) -> None:
    store = Store(path)
    store.migrate()
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    store.close()


@pytest.fixture(scope="module")
def born(
    instance: Instance, git: GitServer, kept_template: KeptTemplate
) -> Iterator[tuple[Instance, Spy]]:
    """Stand a second instance up beside the shared one, under a spy's eyes."""
    spies: list[Spy] = []
    with ExitStack() as watching:

        def prepare(made: Instance) -> None:
            spies.append(watching.enter_context(Spy(made.name)))

        with running_instance(
            port=free_port(), git_hosts=(git.authority,), prepare=prepare
        ) as made:
            made.services.deps.infrastructure.wake("blue")
            watching.close()
            kept_template.give(made)
            url = git.repository("plain", {"main": MODULE})
            for name in ("runs", "rests"):
                made.ok("create_environment", name=name, repo_url=url)
            made.ok("stop_environment", name="rests")
            yield made, spies[0]


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Instance]:
    """Make an instance that has firewall rules and nothing else."""
    name, config = new_instance_name(), tmp_path / "oduflow.toml"
    config.write_text(
        f'[server]\ninstance = "{name}"\nport = {free_port()}\ndata_dir = "data"\n{ONE_TEAM}'
    )
    config.chmod(0o600)
    settings = load(config)
    made = Instance(name, config, settings, bootstrap.build(settings))
    Firewall().apply(FirewallPlan(name))
    assert has_rules(made)
    try:
        yield made
    finally:
        Firewall().remove(name)
        made.services.engine.close()


def standing(instance: Instance) -> InstanceContents:
    """Look at everything of one instance; all of a worker's publish on the same ports."""
    seen, digest = world(instance), ChainNames(instance.name).digest
    return replace(seen, rules=frozenset(rule for rule in seen.rules if digest in rule))


def destroy(instance: Instance, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = ("destroy", "--config", str(instance.config), *words)
    return oduflow(*command, typed=typed, timeout=SECONDS)


def test_no_secret_was_seen_while_postgresql_was_made(born: tuple[Instance, Spy]) -> None:
    made, spy = born
    naming = made.services.deps.naming
    assert f"{naming.database('blue')}.init" in spy.containers
    assert spy.saw("initdb")
    assert not spy.saw((naming.postgres_folder("blue") / "password").read_text())


def test_while_the_server_runs_nothing_is_destroyed(born: tuple[Instance, Spy]) -> None:
    made, _ = born
    before = standing(made)
    with serving(made):
        refused = destroy(made, "--yes")
        assert refused.returncode == CONFLICT
        assert "A server works on this data folder already" in refused.stderr
    assert standing(made) == before


@pytest.mark.parametrize("typed", ["y\n", "oduflow\n", "\n\n\n"])
def test_without_the_instances_name_nothing_is_destroyed(
    born: tuple[Instance, Spy], typed: str
) -> None:
    made, _ = born
    before = standing(made)
    assert destroy(made, typed=typed).returncode != 0
    assert standing(made) == before


def test_everything_of_the_instance_goes_and_nothing_else(
    instance: Instance, born: tuple[Instance, Spy]
) -> None:
    made, _ = born
    neighbour, anonymous = standing(instance), anonymous_volumes()
    assert standing(made).rules
    pause(made.services.deps.naming.database("blue"))
    done = destroy(made, typed=f"{made.name}\n")
    assert done.returncode == 0, done.stderr
    for what in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
        assert made.name not in docker(*what, "--format", "{{json .}}")
    assert not has_rules(made)
    data_dir = made.settings.server.data_dir
    assert f"removed folder {data_dir}" in done.stdout.splitlines()
    assert not data_dir.exists()
    assert made.config.is_file()
    docker("image", "inspect", "odoo:19.0", "postgres:18")
    assert not left_volumes(anonymous)
    assert standing(instance) == neighbour
    again = destroy(made, "--yes")
    assert again.returncode == 0, again.stderr


def test_rules_that_may_not_be_removed_are_told_and_go_with_the_next_run_as_root(
    lone: Instance,
) -> None:
    program = (*WITHOUT_FIREWALL, sys.executable, "-m", "oduflow")
    command = [*program, "destroy", "--config", str(lone.config), "--yes"]
    refused = subprocess.run(command, capture_output=True, check=False, text=True, timeout=SECONDS)
    assert refused.returncode == UPSTREAM
    assert "it needs root or CAP_NET_ADMIN" in refused.stderr
    assert "Run `oduflow destroy` again as root" in refused.stderr
    assert "removed the store" in refused.stdout
    assert has_rules(lone)

    again = destroy(lone, "--yes")

    assert again.returncode == 0, again.stderr
    assert "removed firewall rules" in again.stdout
    assert not has_rules(lone)


@pytest.mark.parametrize("damage", [damaged, newer])
def test_a_store_that_cannot_be_read_keeps_nothing(
    lone: Instance, damage: Callable[[Path], None]
) -> None:
    data, labels = lone.settings.server.data_dir, lone.services.deps.naming.labels("environment")
    data.mkdir(mode=0o700, exist_ok=True)
    damage(data / "oduflow.db")
    volume, other = f"{lone.name}-env-lost", f"{lone.name}-other"
    lone.services.deps.engine.volumes.ensure(volume, labels=labels)
    lone.services.deps.engine.volumes.ensure(other, labels={f"{lone.name}-other.kind": "x"})
    (data / "team_1").mkdir()
    try:
        with lone.services.deps.work.locks.acquire(LockKey.job("a"), "create_environment by ada"):
            busy = destroy(lone, "--yes")
        assert busy.returncode == BUSY
        assert "create_environment by ada" in busy.stderr

        done = destroy(lone, "--yes")

        assert done.returncode == 0, done.stderr
        assert f"removed volume {volume}" in done.stdout
        assert other in docker("volume", "ls", "--format", "{{.Name}}")
        assert not data.exists()
        assert not has_rules(lone)
    finally:
        for name in (volume, other):
            lone.services.deps.engine.volumes.remove(name)


def has_rules(instance: Instance) -> bool:
    rules = subprocess.run(["iptables-save"], capture_output=True, check=True, text=True).stdout
    return ChainNames(instance.name).digest in rules or instance.name in rules
