"""What became of an image is told by its file and the mark that it was made."""

from pathlib import Path

import pytest

from oduflow.adapters.pool import image as image_module
from oduflow.adapters.pool.image import PoolImage
from oduflow.adapters.pool.images import TeamImages
from oduflow.domain.errors import UpstreamFailed


@pytest.fixture
def images(tmp_path: Path) -> TeamImages:
    (tmp_path / "pools").mkdir()
    return TeamImages(tmp_path / "pools")


@pytest.fixture
def image(images: TeamImages) -> PoolImage:
    return images.of("red")


def test_an_image_that_is_gone_is_not_one_that_was_never_made(
    images: TeamImages, image: PoolImage
) -> None:
    assert image.state == "never made"
    assert images.made() == ()
    image.refuse_lost()

    image.file.touch()
    image.mark()
    assert image.state == "not mounted"
    image.file.unlink()

    assert image.state == "lost"
    assert images.made() == ("red",)
    for refusal in (image.refuse_lost, image.require_mounted, lambda: image.make(1 << 30)):
        with pytest.raises(UpstreamFailed, match="image is gone"):
            refusal()


def test_a_removal_that_was_killed_after_any_step_leaves_no_lost_image(image: PoolImage) -> None:
    image.file.touch()
    image.mark()
    image.note.unlink()  # killed after the first step

    assert image.state == "not mounted"
    image.remove()

    assert image.state == "never made"
    assert list(image.file.parent.iterdir()) == []


def test_a_power_cut_brings_back_no_mark_of_a_removed_image(
    image: PoolImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    image.file.touch()
    image.mark()
    written: list[tuple[Path, bool, bool]] = []

    def sync(folder: Path) -> None:
        written.append((folder, image.note.exists(), image.file.exists()))

    monkeypatch.setattr(image_module, "_sync", sync)
    image.remove()

    assert written == [(image.note.parent, False, True), (image.file.parent, False, False)]


def test_a_making_that_was_killed_before_the_mark_is_marked_later(image: PoolImage) -> None:
    image.file.touch()
    image.mark()
    image.mark()

    assert image.note.exists()


def test_what_is_being_made_counts_as_taken(images: TeamImages, image: PoolImage) -> None:
    image.file.with_name("red.img.new").write_bytes(bytes(1000))
    images.of("blue").file.write_bytes(bytes(500))

    assert images.size() == 1500
    assert images.made() == ("blue",)
