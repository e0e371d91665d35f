"""Power cuts, kills and a full pool: what was made is there, what was half made is undone."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from oduflow.domain.errors import Kind
from oduflow.services.recoverable import find_leftovers
from oduflow.services.storage.setup import set_up_storage
from tests.support.base_template import KeptTemplate
from tests.support.git_server import GitServer
from tests.support.instances import Instance, running_instance, world
from tests.support.ports import free_port
from tests.support.power import cut_power, recover
from tests.support.variants import plan_of, run_docker, signed_in

pytestmark = pytest.mark.timeout(600)

MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with GitServer(tmp_path_factory.mktemp("repositories")) as server:
        yield server.repository("plain", {"main": MODULE})


@pytest.fixture(scope="module")
def pooled(url: str, kept_template: KeptTemplate, imports: Path) -> Iterator[Instance]:
    """An instance with a pool of 1 GiB that cannot grow, and one environment."""

    def prepare(instance: Instance) -> None:
        set_up_storage(instance.services.deps, lambda _line: None)

    authority = url.split("/")[2]
    more = f'[storage]\npool_max_gb = 2\nimport_folders = ["{imports}"]\n'  # for two teams
    with running_instance(
        port=free_port(), git_hosts=(authority,), prepare=prepare, more=more
    ) as instance:
        kept_template.give(instance)
        instance.ok("create_environment", name="kept", repo_url=url)
        yield instance


@pytest.mark.parametrize("seconds", [0.4, 0.9, 1.6])
def test_a_power_cut_during_a_creation_loses_nothing_that_was_made(
    pooled: Instance, url: str, seconds: float
) -> None:
    disturb_a_creation(pooled, url, seconds, lambda: cut_power(pooled))


@pytest.mark.parametrize("seconds", [0.4, 0.8])
def test_a_postgres_that_is_killed_during_a_creation_loses_nothing(
    pooled: Instance, url: str, seconds: float
) -> None:
    database = pooled.services.deps.naming.database("blue")
    disturb_a_creation(pooled, url, seconds, lambda: run_docker("kill", database))


def test_in_a_full_pool_nothing_is_made_but_what_exists_can_be_deleted(
    pooled: Instance, url: str
) -> None:
    pooled.ok("create_environment", name="surplus", repo_url=url)
    with full_pool(pooled):
        refuses(pooled, "create_environment", name="more", repo_url=url)
        pooled.ok("delete_environment", name="surplus")

    pooled.ok("create_environment", name="more", repo_url=url)
    pooled.ok("delete_environment", name="more")


def test_in_a_full_pool_a_rollback_and_an_import_are_refused_and_change_nothing(
    pooled: Instance, kept_template: KeptTemplate, imports: Path
) -> None:
    dump, plan = imports / "custom.dump", plan_of(pooled, "kept")
    shutil.copyfile(kept_template.folder / "dump", dump)
    pooled.ok("create_snapshot", name="kept", snapshot="empty")
    with signed_in(plan) as session:
        session.execute("CREATE TABLE written (n integer)")
    before = world(pooled)
    with full_pool(pooled):
        refuses(pooled, "rollback_environment", name="kept", snapshot="empty")
        refuses(pooled, "import_template", name="custom", source=str(dump))

        assert world(pooled) == before
        url = pooled.ok("get_environment", name="kept")["url"]
        assert requests.get(f"{url}web/login", timeout=60).status_code == requests.codes.ok
        with signed_in(plan) as session:
            session.execute("SELECT n FROM written")

    pooled.ok("rollback_environment", name="kept", snapshot="empty")
    with signed_in(plan) as session:
        found = session.execute("SELECT to_regclass('written')").fetchone()
    assert found == (None,)
    for each in pooled.ok("list_snapshots", name="kept")["snapshots"]:
        pooled.ok("delete_snapshot", name="kept", snapshot=each["name"])


@contextmanager
def full_pool(pooled: Instance) -> Iterator[None]:
    """Fill the pool to its last byte, then give it room again, each seen by the product."""
    parts = pooled.services.deps.infrastructure
    filler = parts.pools.of("blue").folder / "filler"
    try:
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        parts.pools.keep("blue")  # as the server does every second
        yield
    finally:
        filler.unlink()
        parts.pools.keep("blue")


def refuses(pooled: Instance, operation: str, **arguments: object) -> None:
    """Check that an operation is refused with the room that is left to the team."""
    refused = pooled.call(operation, **arguments).error
    assert refused is not None
    assert refused.kind is Kind.QUOTA
    assert re.search("free in the pool|and the team fills", refused.message), refused


def disturb_a_creation(
    pooled: Instance, url: str, seconds: float, disturb: Callable[[], object]
) -> None:
    before, (row,) = world(pooled), pooled.services.deps.store.environments.list("blue")
    root = pooled.services.deps.engine.volumes.mountpoint(plan_of(pooled, "kept").volume)
    (root / "written").write_text(f"{seconds}")
    subprocess.run(["sync", "--file-system", root], check=True)
    with ThreadPoolExecutor(1) as background:
        making = background.submit(pooled.call, "create_environment", name="cut", repo_url=url)
        time.sleep(seconds)
        disturb()
        ended = making.result(180)

    recover(pooled)

    if ended.status == "ok":  # it was quicker, or waited until PostgreSQL was back
        assert pooled.ok("start_environment", name="cut")["state"] == "running"
    # One whose Odoo was just starting is kept as failed, to be looked at.
    if pooled.services.deps.store.environments.get("blue", "cut") is not None:
        pooled.ok("delete_environment", name="cut")
    assert pooled.ok("start_environment", name=row.name)["state"] == "running"
    assert (root / "written").read_text() == f"{seconds}"
    assert world(pooled) == before
    assert list(find_leftovers(pooled.services.recoverables)) == []
