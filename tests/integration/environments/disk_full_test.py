"""The disk is full: the data folder's, and PostgreSQL's. Each is a small file system in memory."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from oduflow.domain.errors import Kind, NotFound, QuotaReached
from oduflow.domain.names import new_id
from oduflow.domain.outcome import Envelope
from oduflow.services.server.database import DATA_DIR, KIND
from oduflow.services.server.database_start import RESERVE
from oduflow.services.server.disk import RESERVE_BYTES
from tests.support.base_template import KeptTemplate
from tests.support.git_server import GitServer
from tests.support.instances import Instance, running_instance, world
from tests.support.ports import free_port
from tests.support.server import Server, eventually, serves, serving
from tests.support.variants import docker, held_at, plan_of, signed_in

pytestmark = pytest.mark.timeout(300)

DATA_BYTES = 64 << 20
DATABASE_BYTES = 900 << 20
FREE_BYTES = 20 << 20
MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}


@pytest.fixture(scope="module")
def cramped(git: GitServer, kept_template: KeptTemplate, imports: Path) -> Iterator[Instance]:
    """An instance whose data folder and database volume are small file systems of their own."""
    with ExitStack() as outer, ExitStack() as mounts:

        def prepare(instance: Instance) -> None:
            naming = instance.services.deps.naming
            data_dir = instance.settings.server.data_dir
            data_dir.mkdir(mode=0o700)
            mount(mounts, data_dir, DATA_BYTES)
            labels = naming.labels(KIND, team="blue", **{DATA_DIR: str(data_dir.resolve())})
            options = [f"--label={key}={text}" for key, text in labels.items()]
            docker("volume", "create", *options, naming.database_volume("blue"))
            root = instance.services.deps.engine.volumes.mountpoint(naming.database_volume("blue"))
            mount(mounts, root, DATABASE_BYTES)

        instance = outer.enter_context(
            running_instance(
                port=free_port(),
                git_hosts=(git.authority,),
                prepare=prepare,
                more=f'[storage]\nimport_folders = ["{imports}"]\n',
            )
        )
        # The engine cannot remove a volume with something mounted on it.
        outer.callback(mounts.close)
        demand(instance, FREE_BYTES)
        kept_template.give(instance)
        yield instance


def demand(instance: Instance, minimum: int) -> None:
    """Be content with less free space than the product is, and take the reserve."""
    infrastructure = instance.services.deps.infrastructure
    infrastructure.disk = replace(infrastructure.disk, minimum=minimum)
    infrastructure.ensure()
    assert infrastructure.disk.reserve.stat().st_blocks * 512 == RESERVE_BYTES


def mount(undo: ExitStack, folder: Path, size: int) -> None:
    options = f"size={size},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    undo.callback(lambda: subprocess.run(["umount", "--lazy", folder], check=True))


@contextmanager
def filled(folder: Path, *, leave: int) -> Iterator[None]:
    """Take all the space but `leave` bytes, for the time of the block."""
    ballast = folder / f"ballast-{new_id()}"
    free = shutil.disk_usage(folder).free
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - leave)
    try:
        yield
    finally:
        ballast.unlink()


def test_a_checkout_that_fills_the_data_folder_is_undone(cramped: Instance, git: GitServer) -> None:
    before = world(cramped)
    url = git.repository("large", {"main": {**MODULE, "blob": os.urandom(DATA_BYTES)}})
    refused = cramped.call("create_environment", name="large", repo_url=url)
    assert refused.error is not None
    assert refused.error.kind is Kind.QUOTA
    assert "disk is full" in refused.error.message
    assert world(cramped) == before
    url = git.repository("tiny", {"main": MODULE})
    assert cramped.ok("create_environment", name="large", repo_url=url)["state"] == "running"
    cramped.ok("delete_environment", name="large")
    assert world(cramped) == before


def test_where_little_is_free_nothing_is_begun(cramped: Instance, git: GitServer) -> None:
    before = world(cramped)
    url = git.repository("tiny", {"main": MODULE})
    with filled(cramped.settings.server.data_dir, leave=FREE_BYTES // 2):
        refused = cramped.call("create_environment", name="early", repo_url=url)
        assert refused.error is not None
        assert refused.error.kind is Kind.QUOTA
        assert "MiB are free" in refused.error.message
        assert world(cramped) == before
    with serving(cramped, wait=False) as server:
        eventually(lambda: answers(server), 30, server.tail)
        ready = server.request("GET", "/readyz", auth=None)
        assert ready.status_code == 503
        (disk,) = (part for part in ready.json()["parts"] if part["part"] == "disk")
        assert "creating needs 1024 MiB" in disk["hint"]


def answers(server: Server) -> bool:
    with suppress(requests.RequestException):
        return server.request("GET", "/healthz", auth=None).status_code == 200
    return False


@pytest.mark.parametrize("leave", [0, 64 << 10, 1 << 20])
def test_on_a_disk_that_others_filled_to_the_last_byte_things_can_still_be_deleted(
    cramped: Instance, git: GitServer, leave: int
) -> None:
    before, data_dir = world(cramped), cramped.settings.server.data_dir
    url = git.repository("tiny", {"main": MODULE})
    cramped.ok("create_environment", name="there", repo_url=url)
    with filled(data_dir, leave=leave):
        # The first one that is refused made the room for the others.
        done = [
            answered(cramped, tool, "there")
            for tool in (*["get_environment"] * 2, *["delete_environment"] * 2)
        ]
        assert done[1], "a second look is answered"
        assert done[2] or done[3], "it can be deleted"
        assert world(cramped) == before
    cramped.services.deps.infrastructure.ensure()
    assert cramped.services.deps.infrastructure.disk.reserve.exists()


def answered(instance: Instance, tool: str, name: str) -> bool:
    try:
        return instance.call(tool, name=name).status == "ok"
    except (QuotaReached, NotFound):
        return False


def test_a_create_that_meets_a_full_disk_is_undone_and_says_so(
    cramped: Instance, git: GitServer
) -> None:
    before, data_dir = world(cramped), cramped.settings.server.data_dir
    wide = {f"odd/file{number}": "x" for number in range(500)}
    url = git.repository("wide", {"main": {**MODULE, **wide}})
    at = Moment("create.checkout.before", data_dir, leave=128 << 10)
    refused = called_on_a_disk_that_fills(
        cramped, at, "create_environment", name="wide", repo_url=url
    )
    assert refused.error is not None
    assert refused.error.kind is Kind.QUOTA
    assert "disk" in refused.error.message
    assert cramped.services.deps.store.environments.list("blue") == ()
    assert world(cramped) == before


@dataclass(frozen=True)
class Moment:
    """When a disk is filled: at a step of an operation, but for `leave` bytes."""

    point: str
    folder: Path
    leave: int


def called_on_a_disk_that_fills(
    instance: Instance, at: Moment, tool: str, **arguments: Any
) -> Envelope[Any]:
    """Fill a disk while an operation is held at a step, and return its answer."""
    with ExitStack() as filling, held_at(instance, at.point) as reached:
        answers: list[Envelope[Any]] = []
        working = threading.Thread(target=lambda: answers.append(instance.call(tool, **arguments)))
        working.start()
        eventually(lambda: reached.exists() or not working.is_alive(), 60, lambda: answers)
        assert reached.exists(), answers
        filling.enter_context(filled(at.folder, leave=at.leave))
        reached.with_name(at.point).unlink()
        working.join()
        reached.with_name(at.point).touch()
    (answer,) = answers
    return answer


def test_a_full_database_disk_is_told_and_nothing_is_left(
    cramped: Instance, git: GitServer
) -> None:
    before, deps = world(cramped), cramped.services.deps
    url = git.repository("tiny", {"main": MODULE})
    root = deps.engine.volumes.mountpoint(deps.naming.database_volume("blue"))
    with filled(root, leave=4 << 20):
        refused = cramped.call("create_environment", name="full", repo_url=url)
        assert refused.error is not None
    assert refused.error.kind is Kind.QUOTA
    assert "are free on the disk of Docker's volumes" in refused.error.message
    at = Moment("create.database.before", root, leave=4 << 20)
    late = called_on_a_disk_that_fills(cramped, at, "create_environment", name="wide", repo_url=url)
    assert late.error is not None
    assert late.error.kind is Kind.QUOTA
    assert "disk is full" in late.error.message
    assert world(cramped) == before
    assert cramped.ok("create_environment", name="full", repo_url=url)["state"] == "running"
    cramped.ok("delete_environment", name="full")


def test_a_rollback_on_a_full_database_disk_is_refused_or_undone_and_loses_nothing(
    cramped: Instance, git: GitServer
) -> None:
    deps, url = cramped.services.deps, git.repository("tiny", {"main": MODULE})
    root = deps.engine.volumes.mountpoint(deps.naming.database_volume("blue"))
    cramped.ok("create_environment", name="back", repo_url=url)
    cramped.ok("create_snapshot", name="back", snapshot="early")
    with signed_in(plan_of(cramped, "back")) as session:
        session.execute("CREATE TABLE written (n integer)")
    before, call = world(cramped), {"name": "back", "snapshot": "early"}
    with filled(root, leave=4 << 20):
        refused = cramped.call("rollback_environment", **call).error
    at = Moment("rollback.database.before", root, leave=4 << 20)
    late = called_on_a_disk_that_fills(cramped, at, "rollback_environment", **call).error
    for each in (refused, late):
        assert each is not None
        assert each.kind is Kind.QUOTA, each
    assert world(cramped) == before
    assert serves(f"{cramped.ok('get_environment', name='back')['url']}")
    with signed_in(plan_of(cramped, "back")) as session:
        session.execute("SELECT n FROM written")

    cramped.ok("rollback_environment", **call)
    with signed_in(plan_of(cramped, "back")) as session:
        assert session.execute("SELECT to_regclass('written')").fetchone() == (None,)
    cramped.ok("delete_environment", name="back")


def test_an_import_on_a_full_database_disk_is_refused_or_undone(
    cramped: Instance, kept_template: KeptTemplate, imports: Path
) -> None:
    before, deps = world(cramped), cramped.services.deps
    root = deps.engine.volumes.mountpoint(deps.naming.database_volume("blue"))
    dump = imports / "for-a-full-disk.dump"
    shutil.copyfile(kept_template.folder / "dump", dump)
    call = {"name": "imported", "source": str(dump)}
    with filled(root, leave=4 << 20):
        refused = cramped.call("import_template", **call).error
    at = Moment("import.restore.before", root, leave=4 << 20)
    late = called_on_a_disk_that_fills(cramped, at, "import_template", **call).error
    for each in (refused, late):
        assert each is not None
        assert each.kind is Kind.QUOTA, each
    assert world(cramped) == before

    assert cramped.ok("import_template", **call)["neutralized"] is True
    cramped.ok("delete_template", name="imported")
    assert world(cramped) == before


def test_a_postgresql_that_was_killed_on_a_full_disk_starts_from_the_reserve(
    cramped: Instance, git: GitServer
) -> None:
    before, deps = world(cramped), cramped.services.deps
    url = git.repository("tiny", {"main": MODULE})
    cramped.ok("create_environment", name="hungry", repo_url=url)
    databases, name = deps.infrastructure.databases, deps.naming.database("blue")
    root = deps.engine.volumes.mountpoint(deps.naming.database_volume("blue"))
    reserve = root / "reserve"
    assert reserve.stat().st_blocks * 512 == RESERVE
    with filled(root, leave=0):
        docker("kill", name)
        databases.wake("blue")
        assert not reserve.exists()
    databases.keep()
    assert databases.problem("blue") is None
    assert reserve.exists()
    cramped.ok("delete_environment", name="hungry")
    assert world(cramped) == before
