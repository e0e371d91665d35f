import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool.image import PoolImage
from oduflow.adapters.pool.space import HOST_KEEPS, MINIMUM_FREE, PoolSpace
from oduflow.domain.errors import UpstreamFailed

GIB = 1 << 30


class GrowingDisk:
    """A host's disk, and a pool on it whose image grows as asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.image = PoolImage(folder / "pool.img", folder / "pool", folder / "pool.made")
        self.image.target.mkdir()
        self.image.file.touch()
        self.host, self.pool = 100 * GIB, GIB
        self.grown: list[int] = []
        self.wait_for_others: Callable[[], None] = lambda: None
        monkeypatch.setattr(shutil, "disk_usage", self._usage)
        monkeypatch.setattr(PoolImage, "grow", lambda _image, by, wait: self._grow(by))

    def space(self, most: int = 0) -> PoolSpace:
        return PoolSpace(
            self.image.file.parent, self.image, lambda: most * GIB, lambda: HOST_KEEPS, 4 * GIB
        )

    def _grow(self, by: Callable[[], int]) -> int:
        self.wait_for_others()
        if step := by():
            self.grown.append(step)
        self.host -= step
        self.pool += step
        return step

    def _usage(self, folder: Path) -> SimpleNamespace:
        return SimpleNamespace(free=self.pool if folder == self.image.target else self.host)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GrowingDisk:
    return GrowingDisk(tmp_path, monkeypatch)


def test_the_image_grows_at_once_by_as_many_steps_as_the_work_needs(disk: GrowingDisk) -> None:
    assert disk.space().make(10 * GIB) == 13 * GIB - MINIMUM_FREE
    assert disk.grown == [12 * GIB]


def test_the_image_does_not_grow_for_what_fits(disk: GrowingDisk) -> None:
    assert disk.space().make(GIB // 2) == GIB - MINIMUM_FREE
    assert disk.grown == []


def test_the_image_grows_no_further_than_the_disk_or_the_configuration_allows(
    disk: GrowingDisk,
) -> None:
    disk.host = HOST_KEEPS + 9 * GIB
    assert disk.space(most=5).make(4 * GIB) == 5 * GIB - MINIMUM_FREE
    assert disk.space().make(8 * GIB) == 9 * GIB - MINIMUM_FREE
    assert disk.grown == [4 * GIB, 4 * GIB]
    assert disk.space().growth == 0


def test_the_image_does_not_grow_for_what_would_not_fit_even_then(disk: GrowingDisk) -> None:
    disk.host = HOST_KEEPS + 9 * GIB
    assert disk.space(most=5).make(20 * GIB) == 5 * GIB - MINIMUM_FREE
    assert disk.space().make(500 * GIB) == 9 * GIB - MINIMUM_FREE
    assert disk.grown == []


def test_what_another_one_grew_meanwhile_is_looked_at_again(disk: GrowingDisk) -> None:
    disk.host = HOST_KEEPS  # the other has taken from the disk what is not yet free in the pool

    def finish() -> None:
        disk.pool += 4 * GIB

    disk.wait_for_others = finish
    assert disk.space().make(4 * GIB) == 5 * GIB - MINIMUM_FREE
    assert disk.space().most(6 * GIB) == 9 * GIB - MINIMUM_FREE
    assert disk.grown == []


def test_two_that_need_growth_at_once_both_get_it(disk: GrowingDisk) -> None:
    def finish() -> None:
        disk.wait_for_others = lambda: None
        assert disk.space().make(3 * GIB) >= 3 * GIB

    disk.wait_for_others = finish
    assert disk.space().make(8 * GIB) >= 8 * GIB
    assert disk.grown == [4 * GIB, 4 * GIB]


def test_without_an_image_what_is_free_is_all_there_is(disk: GrowingDisk) -> None:
    disk.image.file.unlink()
    assert disk.space().make(10 * GIB) == GIB - MINIMUM_FREE
    assert disk.grown == []


def test_a_growth_that_fails_leaves_the_refusal_to_the_caller(
    disk: GrowingDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_image: PoolImage, _by: object, wait: float) -> int:
        raise UpstreamFailed(f"no device in {wait} s")

    monkeypatch.setattr(PoolImage, "grow", fail)
    assert disk.space().make(10 * GIB) == GIB - MINIMUM_FREE
