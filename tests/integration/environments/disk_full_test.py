"""The disk is full: the data folder's, and PostgreSQL's. Each is a small file system in memory."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from oduflow.domain.errors import Failure, Kind
from tests.support.git_server import GitServer
from tests.support.instances import TEMPLATE, Instance, running_instance, worker_number, world
from tests.support.server import serving
from tests.support.variants import docker

pytestmark = pytest.mark.timeout(300)

DATA_BYTES = 24 << 20
DATABASE_BYTES = 900 << 20
MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}


@pytest.fixture(scope="module")
def cramped(git: GitServer) -> Iterator[Instance]:
    """An instance whose data folder and database volume are small file systems of their own."""
    with ExitStack() as outer, ExitStack() as mounts:

        def prepare(instance: Instance) -> None:
            naming = instance.services.deps.naming
            data_dir = instance.settings.server.data_dir
            data_dir.mkdir(mode=0o700)
            mount(mounts, data_dir, DATA_BYTES)
            labels = [f"--label={key}={text}" for key, text in naming.labels("database").items()]
            docker("volume", "create", *labels, naming.database_volume)
            root = instance.services.deps.volumes.mountpoint(naming.database_volume)
            mount(mounts, root, DATABASE_BYTES)

        instance = outer.enter_context(
            running_instance(
                port=8980 + worker_number(), git_hosts=(git.authority,), prepare=prepare
            )
        )
        # The engine cannot remove a volume with something mounted on it.
        outer.callback(mounts.close)
        instance.ok("create_template", name=TEMPLATE)
        yield instance


def mount(undo: ExitStack, folder: Path, size: int) -> None:
    options = f"size={size},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    undo.callback(subprocess.run, ["umount", "--lazy", folder], check=True)


@contextmanager
def filled(folder: Path, *, leave: int) -> Iterator[None]:
    """Take all the space but `leave` bytes, for the time of the block."""
    ballast = folder / "ballast"
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


@pytest.mark.parametrize("leave", [0, 16 << 10, 64 << 10, 256 << 10])
def test_on_a_full_data_folder_a_create_is_refused_and_a_deletion_works(
    cramped: Instance, git: GitServer, leave: int
) -> None:
    before = world(cramped)
    url = git.repository("tiny", {"main": MODULE})
    cramped.ok("create_environment", name="there", repo_url=url)
    wide = {f"odd/file{number}": "x" for number in range(200)}
    wide_url = git.repository("wide", {"main": {**MODULE, **wide}})
    with filled(cramped.settings.server.data_dir, leave=leave):
        kind, message = refusal(cramped, wide_url)
        assert kind is Kind.QUOTA, message
        assert "disk" in message
        assert cramped.ok("get_environment", name="there")["state"] == "running"
        cramped.ok("delete_environment", name="there")
    for row in cramped.services.deps.environments.list("blue"):
        cramped.ok("delete_environment", name=row.name)
    assert world(cramped) == before


def refusal(instance: Instance, url: str) -> tuple[Kind, str]:
    """Try to create; some are refused at the door, some in the middle."""
    try:
        answer = instance.call("create_environment", name="more", repo_url=url)
    except Failure as failure:
        return failure.kind, failure.message
    assert answer.error is not None
    return answer.error.kind, answer.error.message


def test_a_server_with_a_full_data_folder_says_so(cramped: Instance) -> None:
    with serving(cramped, wait=False) as server:
        ready = server.request("GET", "/readyz", auth=None)
        assert ready.status_code == 503
        (disk,) = (part for part in ready.json()["parts"] if part["part"] == "disk")
        assert "MiB are free" in disk["message"]


def test_a_full_database_disk_is_told_and_nothing_is_left(
    cramped: Instance, git: GitServer
) -> None:
    before, deps = world(cramped), cramped.services.deps
    url = git.repository("tiny", {"main": MODULE})
    root = deps.volumes.mountpoint(deps.naming.database_volume)
    with filled(root, leave=4 << 20):
        refused = cramped.call("create_environment", name="full", repo_url=url)
        assert refused.error is not None
    assert refused.error.kind is Kind.QUOTA
    assert "disk is full" in refused.error.message
    assert world(cramped) == before
    assert cramped.ok("create_environment", name="full", repo_url=url)["state"] == "running"
    cramped.ok("delete_environment", name="full")
