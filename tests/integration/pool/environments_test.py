"""Environments on a real pool: their files share blocks, and nothing of a deleted one stays."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oduflow.adapters.postgres.connection import Endpoint, open_admin
from oduflow.services.recoverable import find_leftovers
from oduflow.services.storage import set_up_storage
from tests.support.base_template import KeptTemplate
from tests.support.extents import shared_bytes
from tests.support.git_server import GitServer
from tests.support.instances import Instance, free_port, running_instance, world
from tests.support.server import eventually
from tests.support.variants import docker, plan_of

pytestmark = pytest.mark.timeout(300)

MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with GitServer(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture(scope="module")
def pooled(git: GitServer, kept_template: KeptTemplate) -> Iterator[Instance]:
    """An instance with a pool of 1 GiB."""

    def prepare(instance: Instance) -> None:
        parts = instance.services.deps.infrastructure
        parts.pool = replace(parts.pool, step=1 << 30)
        state = set_up_storage(instance.services.deps, lambda _line: None)
        assert state.text.startswith("reflink (pool of 0.9 GiB, ")

    with running_instance(
        port=free_port(), git_hosts=(git.authority,), prepare=prepare
    ) as instance:
        kept_template.give(instance)
        yield instance


def test_an_environments_files_share_their_blocks_and_go_with_it(
    pooled: Instance, git: GitServer
) -> None:
    pool, before = pooled.services.deps.infrastructure.pool, world(pooled)
    names, url = pool.names(), git.repository("plain", {"main": MODULE})

    made = pooled.ok("create_environment", name="blue", repo_url=url)

    assert made["state"] == "running"
    plan = plan_of(pooled, "blue")
    assert set(pool.names()) == {*names, plan.volume}
    database = database_folder(pooled, plan.database)
    size = sum(file.stat().st_size for file in database.iterdir())
    assert sum(map(shared_bytes, database.iterdir())) > size / 2
    filestore = pool.path(plan.volume) / "filestore" / plan.database
    assert any(shared_bytes(file) for file in filestore.rglob("*") if file.is_file())
    assert pooled.ok("get_status")["clone"].startswith("reflink (pool of ")

    pooled.ok("delete_environment", name="blue")

    assert pool.names() == names
    assert world(pooled) == before


def test_after_a_power_cut_what_was_made_is_there(pooled: Instance, git: GitServer) -> None:
    deps, url = pooled.services.deps, git.repository("plain", {"main": MODULE})
    pooled.ok("create_environment", name="kept", repo_url=url)
    database = deps.naming.database("blue")
    docker("kill", plan_of(pooled, "kept").container)
    pool = deps.infrastructure.pool

    # The cache is lost, as it is in a power cut.
    subprocess.run(["xfs_io", "-x", "-c", "shutdown", str(pool.folder)], check=True)
    docker("kill", database)
    subprocess.run(["umount", str(pool.folder)], check=True)
    eventually(lambda: not attached(pool.image.file), 30)  # the engine let go of it
    deps.infrastructure.ensure()
    deps.infrastructure.wake("blue")

    assert pooled.ok("start_environment", name="kept")["state"] == "running"
    assert pooled.ok("create_environment", name="next", repo_url=url)["state"] == "running"
    for name in ("kept", "next"):
        pooled.ok("delete_environment", name=name)


def test_a_folder_whose_volume_is_gone_is_a_leftover_until_its_removal_is_repeated(
    pooled: Instance,
) -> None:
    deps, name = pooled.services.deps, f"{pooled.name}-env-cut"
    volume = deps.engine.volumes.ensure(name, labels=deps.naming.labels("environment", id="cut"))
    (volume.mountpoint / "file").write_text("content")
    docker("volume", "rm", name)  # the removal was killed after this

    leftovers = {each.name: each for each in find_leftovers(pooled.services.recoverables)}
    assert leftovers[name].removal == f"rm -r {deps.infrastructure.pool.path(name)}"

    deps.engine.volumes.remove(name)
    assert name not in deps.infrastructure.pool.names()


def attached(image: Path) -> bool:
    done = subprocess.run(["losetup", "--associated", image], check=True, capture_output=True)
    return bool(done.stdout)


def database_folder(instance: Instance, database: str) -> Path:
    naming = instance.services.deps.naming
    folder = naming.postgres_folder("blue")
    password = (folder / "password").read_text()
    with open_admin(Endpoint(folder / "socket"), password, "look") as admin:
        ((oid,),) = admin.run("SELECT oid FROM pg_database WHERE datname = %s", database)
    root = instance.services.deps.engine.volumes.mountpoint(naming.database_volume("blue"))
    return root / "cluster" / "base" / str(oid)
