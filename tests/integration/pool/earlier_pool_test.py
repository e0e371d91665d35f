"""The one pool of an earlier version: it is used on, and its volumes move to their teams' own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.pool.file_notes import FileNotes
from oduflow.adapters.pool.making import destroy, set_up
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.report import state_of_all
from oduflow.adapters.pool.transfer import Transfer
from oduflow.domain.plan import Naming
from oduflow.files.private import make_folder
from oduflow.services.move_journal import MovedVolume
from oduflow.services.storage.outside import clone_state, outside_pool
from oduflow.services.storage.settle import switch
from oduflow.settings.sections import StorageSettings
from tests.support.pools import attach_all

GIB = 1 << 30


@pytest.fixture
def pools() -> Iterator[Pools]:
    folder = Path(mkdtemp(prefix=f"odf-earlier-{os.getpid()}-", dir="/tmp"))
    naming = Naming(f"test-{os.getpid()}-earlier", folder)
    made = Pools(naming, StorageSettings, lambda: {"blue": GIB, "red": GIB})
    try:
        made.shared.make(lambda: None)
        attach_all(made)
        yield made
    finally:
        destroy(made)
        shutil.rmtree(folder)


@pytest.fixture
def volumes(pools: Pools) -> Iterator[Volumes]:
    engine = Engine()
    made = Volumes(engine, pools)
    try:
        yield made
    finally:
        for facts in made.list({pools.naming.label("team"): ""}):
            made.remove(facts.name)
        engine.close()


def test_a_volume_of_the_one_pool_is_used_on_and_moves_into_its_teams_own(
    pools: Pools, volumes: Volumes
) -> None:
    naming = pools.naming
    labels, name = naming.labels("template", team="red", id="old"), f"{naming.instance}-tpl-old"
    before = volumes.ensure(name, labels=labels).mountpoint
    (before / "file").write_text("content")
    assert pools.shared.holds(before)
    assert outside_pool(naming, volumes, pools) == {}
    assert state_of_all(pools).text.startswith("reflink (pool of ")

    set_up(pools)

    assert volumes.ensure(name, labels=labels).mountpoint == before
    assert [each.name for each in outside_pool(naming, volumes, pools)["red"]] == [name]
    assert clone_state(naming, volumes, pools).hint == (
        "`oduflow storage move` moves them into the pool."
    )
    deps: Any = SimpleNamespace(
        naming=naming,
        engine=SimpleNamespace(volumes=volumes),
        infrastructure=SimpleNamespace(pools=pools),
        work=SimpleNamespace(failpoints=SimpleNamespace(reach=lambda _point: None)),
    )
    red = pools.of("red")
    make_folder(red.draft(""))
    Transfer(before, red.draft(name), FileNotes(naming.data_dir)).finish()
    switch(deps, "red", MovedVolume(name, labels))

    after = volumes.ensure(name, labels=labels).mountpoint
    assert red.holds(after)
    assert (after / "file").read_text() == "content"
    former = volumes.facts(f"{name}-former")
    assert former is not None
    assert (former.mountpoint / "file").read_text() == "content"
    volumes.remove(former.name)
    volumes.remove(name)
    assert list(pools.folders()) == []
