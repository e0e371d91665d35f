"""Pools of two teams on real loop devices."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.adapters.pool.making import destroy
from oduflow.adapters.pool.pools import Pools
from oduflow.domain.plan import Naming
from oduflow.settings.sections import StorageSettings

ROOT, PREFIX = Path("/tmp"), "odf-pools-"  # noqa: S108
GIB = 1 << 30


@pytest.fixture
def limits() -> dict[str, int]:
    """What each team may fill."""
    return {"blue": GIB, "red": GIB}


@pytest.fixture
def pools(limits: dict[str, int]) -> Iterator[Pools]:
    """The pools of a data folder; those of killed runs are removed."""
    for left in ROOT.glob(f"{PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(PREFIX).split("-")[0]).exists():
            remove(of_folder(left, limits))
    made = of_folder(Path(mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=ROOT)), limits)
    try:
        yield made
    finally:
        remove(made)


def of_folder(data_dir: Path, limits: dict[str, int]) -> Pools:
    return Pools(Naming("test", data_dir), StorageSettings, lambda: limits)


def remove(pools: Pools) -> None:
    destroy(pools)
    remove_tree(pools.naming.data_dir)
