"""The disk below the pool: it is filled by others, then loses power. Nothing that was made is lost.

The whole data folder lies on an XFS without reflinks of its own, so the pool is an image on that.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from oduflow.domain.errors import Kind, QuotaReached
from oduflow.services.recoverable import find_leftovers
from oduflow.services.room import require_room
from oduflow.services.storage.setup import set_up_storage
from tests.support.base_template import KeptTemplate
from tests.support.git_server import GitServer
from tests.support.instances import Instance, folder_of, running_instance, world
from tests.support.ports import free_port
from tests.support.power import attached, cut_power
from tests.support.server import Server, eventually, serving
from tests.support.variants import plan_of, signed_in

pytestmark = pytest.mark.timeout(600)

MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}
DISK_BYTES = 5 << 30  # sparse: the pool's first step is allocated, and growth leaves 2 GiB free
MKFS = ("mkfs.xfs", "-q", "-m", "reflink=0")
ROWS = "INSERT INTO written SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 20000) AS n"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with GitServer(tmp_path_factory.mktemp("repositories")) as server:
        yield server.repository("plain", {"main": MODULE})


@pytest.fixture(scope="module")
def hosted(url: str, kept_template: KeptTemplate, imports: Path) -> Iterator[Instance]:
    """An instance on a disk of its own, with a pool of 1 GiB and one environment."""
    with ExitStack() as mounted:

        def prepare(instance: Instance) -> None:
            mounted.callback(unmount, instance)
            instance.settings.server.data_dir.mkdir(mode=0o700)
            disk = folder_of(instance.name) / "disk.img"
            with disk.open("wb") as file:
                file.truncate(DISK_BYTES)
            subprocess.run([*MKFS, disk], check=True)
            mount(instance)
            parts = instance.services.deps.infrastructure
            parts.pool = replace(parts.pool, step=1 << 30)
            set_up_storage(instance.services.deps, lambda _line: None)
            assert parts.pool.image.exists, parts.pool.state()

        with running_instance(
            port=free_port(),
            git_hosts=(url.split("/")[2],),
            prepare=prepare,
            after=mounted.close,
            more=f'[storage]\nimport_folders = ["{imports}"]\n',
        ) as instance:
            kept_template.give(instance)
            instance.ok("create_environment", name="kept", repo_url=url)
            yield instance


def mount(instance: Instance) -> None:
    disk = folder_of(instance.name) / "disk.img"
    folder = instance.settings.server.data_dir
    subprocess.run(["mount", "-t", "xfs", "-o", "loop", disk, folder], check=True)


def unmount(instance: Instance) -> None:
    folder = instance.settings.server.data_dir
    eventually(lambda: unmounted(folder), 60, lambda: folder.name)
    disk = folder_of(instance.name) / "disk.img"
    eventually(lambda: not attached(disk), 60)


def unmounted(folder: Path) -> bool:
    subprocess.run(["umount", folder], check=False, capture_output=True)
    return not folder.is_mount()


@contextmanager
def filled(instance: Instance) -> Iterator[None]:
    """Take the last byte of the disk below the pool, as another program would."""
    ballast = instance.settings.server.data_dir / "ballast"
    with ballast.open("wb") as file:
        size = 0
        for part in (1 << 28, 1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    os.posix_fallocate(file.fileno(), size, part)
                    size += part
    try:
        yield
    finally:
        ballast.unlink()


def test_on_a_full_host_postgresql_goes_on_and_growth_is_refused_with_the_numbers(
    hosted: Instance, url: str
) -> None:
    pool, before = hosted.services.deps.infrastructure.pool, world(hosted)
    size = pool.image.file.stat().st_size
    with filled(hosted):
        assert shutil.disk_usage(hosted.settings.server.data_dir).free < 1 << 20
        with signed_in(plan_of(hosted, "kept")) as session:
            session.execute("SET synchronous_commit = on")
            session.execute("CREATE TABLE written (n integer PRIMARY KEY, text text)")
            session.execute(ROWS)
        with suppress(QuotaReached):  # the first write that is refused gives up the reserve
            hosted.call("get_environment", name="kept")
        assert serves(hosted, "kept")

        pool.attach()  # as each round of the reconcile loop does
        with pytest.raises(QuotaReached, match="disk of the data folder is full"):
            pool.image.grow(lambda: 1 << 30)
        with pytest.raises(
            QuotaReached, match=r"A dump needs 2.0 GiB, and \d+ MiB are free in the pool"
        ):
            require_room(hosted.services.deps, "blue", "A dump", database=2 << 30)
        assert pool.image.file.stat().st_size == size
        refused = hosted.call("create_environment", name="more", repo_url=url).error
        assert refused is not None
        assert refused.kind is Kind.QUOTA
        assert "MiB are free on the data folder's disk" in refused.message
        assert "creating needs 1024 MiB" in refused.hint
        hosted.ok("create_snapshot", name="kept", snapshot="full")

    assert world(hosted).databases - before.databases
    hosted.ok("delete_snapshot", name="kept", snapshot="full")
    assert world(hosted) == before
    assert rows(hosted) == 20_000


def test_on_a_full_host_a_rollback_succeeds_within_the_pool_and_an_import_is_refused(
    hosted: Instance, kept_template: KeptTemplate, imports: Path
) -> None:
    dump = imports / "for-a-full-host.dump"
    shutil.copyfile(kept_template.folder / "dump", dump)
    hosted.ok("create_snapshot", name="kept", snapshot="before")
    with signed_in(plan_of(hosted, "kept")) as session:
        session.execute("CREATE TABLE later (n integer)")
    parts = hosted.services.deps.infrastructure
    parts.ensure()  # the test before may have used the reserve
    assert parts.disk.reserve.exists()
    before = world(hosted)
    with filled(hosted):
        asked = {"name": "imported", "source": str(dump)}
        with suppress(QuotaReached):  # the first write that is refused gives up the reserve
            hosted.call("import_template", **asked)
        refused = hosted.call("import_template", **asked).error
        assert refused is not None
        assert refused.kind is Kind.QUOTA
        assert "MiB are free" in refused.message
        assert world(hosted) == before
        undo = hosted.call("rollback_environment", name="kept", snapshot="before")
        assert undo.error is None, undo.error
        assert serves(hosted, "kept")
        with signed_in(plan_of(hosted, "kept")) as session:
            assert session.execute("SELECT to_regclass('later')").fetchone() == (None,)

    hosted.ok("rollback_environment", name="kept", snapshot=undo.snapshot)
    with signed_in(plan_of(hosted, "kept")) as session:
        session.execute("SELECT n FROM later")
        session.execute("DROP TABLE later")
    for each in hosted.ok("list_snapshots", name="kept")["snapshots"]:
        hosted.ok("delete_snapshot", name="kept", snapshot=each["name"])
    hosted.services.deps.infrastructure.ensure()


def test_a_power_cut_of_a_full_host_during_a_creation_loses_nothing_that_was_made(
    hosted: Instance, url: str
) -> None:
    deps, before = hosted.services.deps, world(hosted)
    data_dir = hosted.settings.server.data_dir
    root = deps.engine.volumes.mountpoint(plan_of(hosted, "kept").volume)
    with serving(hosted) as server:
        made = {"name": "made", "repo_url": url}
        done = server.finished(server.job("POST", "/api/environments", json=made))
        assert done["status"] == "ok", done
        (root / "written").write_text("by Odoo")
        subprocess.run(["sync", "--file-system", root], check=True)
        server.job("POST", "/api/environments", json={**made, "name": "cut"})
        time.sleep(0.4)
        with filled(hosted):
            time.sleep(0.6)
            server.kill()
            hosted.services.store.close()
            cut_power(hosted, data_dir)
            mount(hosted)
            with serving(hosted, wait=False) as again:  # a full host is not ready
                eventually(lambda: settled(again), 120, again.tail)
                listed = {row["name"]: row for row in again.environments()}
                assert {"kept", "made"} <= listed.keys(), again.tail()
    assert (root / "written").read_text() == "by Odoo"
    deps.infrastructure.ensure()
    for name in ("kept", "made"):
        assert hosted.ok("start_environment", name=name)["state"] == "running"
        assert serves(hosted, name)
    assert rows(hosted) == 20_000
    for name in listed.keys() - {"kept"}:  # what was cut off may be kept as failed
        hosted.ok("delete_environment", name=name)
    assert world(hosted) == before
    assert list(find_leftovers(hosted.services.recoverables)) == []


def settled(server: Server) -> bool:
    """Whether the first look of the reconcile loop is over, and every job that it started."""
    with suppress(requests.RequestException):
        jobs = server.request("GET", "/api/jobs?active=true").json()["data"]["jobs"]
        return "ready: environments" in server.tail() and not jobs
    return False


def rows(instance: Instance) -> int:
    with signed_in(plan_of(instance, "kept")) as session:
        found = session.execute("SELECT count(*) FROM written").fetchone()
    assert found is not None
    return int(found[0])


def serves(instance: Instance, name: str) -> bool:
    url = instance.ok("get_environment", name=name)["url"]
    assert urlsplit(url).port
    return requests.get(f"{url}web/login", timeout=60).status_code == 200
