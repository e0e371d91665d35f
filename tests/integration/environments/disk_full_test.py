"""The disk is full: the data folder's, and PostgreSQL's. Each is a small file system in memory."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
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
from tests.support.server import Server, eventually, serving
from tests.support.variants import docker, held_at

pytestmark = pytest.mark.timeout(300)

DATA_BYTES = 64 << 20
DATABASE_BYTES = 900 << 20
FREE_BYTES = 20 << 20
MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}


@pytest.fixture(scope="module")
def cramped(git: GitServer, kept_template: KeptTemplate) -> Iterator[Instance]:
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
            running_instance(port=free_port(), git_hosts=(git.authority,), prepare=prepare)
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
    refused = created_on_a_disk_that_fills(
        cramped, url, "create.checkout.before", data_dir, leave=128 << 10
    )
    assert refused.error is not None
    assert refused.error.kind is Kind.QUOTA
    assert "disk" in refused.error.message
    assert cramped.services.deps.store.environments.list("blue") == ()
    assert world(cramped) == before


def created_on_a_disk_that_fills(
    instance: Instance, url: str, point: str, folder: Path, *, leave: int
) -> Envelope[Any]:
    """Fill a disk while a creation is held at a step, and return its answer."""
    with ExitStack() as filling, held_at(instance, point) as reached:
        answers: list[Envelope[Any]] = []
        working = threading.Thread(
            target=lambda: answers.append(
                instance.call("create_environment", name="wide", repo_url=url)
            )
        )
        working.start()
        eventually(reached.exists, 60)
        filling.enter_context(filled(folder, leave=leave))
        reached.with_name(point).unlink()
        working.join()
        reached.with_name(point).touch()
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
    late = created_on_a_disk_that_fills(cramped, url, "create.database.before", root, leave=4 << 20)
    assert late.error is not None
    assert late.error.kind is Kind.QUOTA
    assert "disk is full" in late.error.message
    assert world(cramped) == before
    assert cramped.ok("create_environment", name="full", repo_url=url)["state"] == "running"
    cramped.ok("delete_environment", name="full")


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
