"""The pools of teams as files: what is refused, linked and searched where nothing is mounted."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.adapters.pool import image as image_module
from oduflow.adapters.pool.making import destroy, remove_team, set_up
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.space import HOST_KEEPS
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.files.private import make_folder
from oduflow.services.storage.limits import log_bytes
from oduflow.settings import Settings, parse
from oduflow.settings.sections import StorageSettings

GIB = 1 << 30
RED = {"test.team": "red"}


@pytest.fixture
def pools(tmp_path: Path) -> Pools:
    """Pools that are set up, of which none is made yet."""
    made = Pools(Naming("test", tmp_path), StorageSettings, lambda: {"blue": GIB, "red": GIB})
    made.begin()
    return made


def test_the_folder_of_a_team_without_a_file_system_leads_nowhere(pools: Pools) -> None:
    pools.place("red")
    folder = pools.naming.team_folder("red")

    for write in (lambda: make_folder(folder / "uploads"), lambda: make_folder(folder)):
        with pytest.raises(UpstreamFailed):
            write()

    assert folder.is_symlink()
    assert not folder.exists()
    assert pools.holding(folder / "uploads") == pools.of("red")


def test_an_empty_folder_becomes_a_link_and_one_with_files_does_not(pools: Pools) -> None:
    for team in ("blue", "red"):
        pools.naming.team_folder(team).mkdir()
    (pools.naming.team_folder("blue") / "kept").touch()

    for team in ("blue", "red"):
        pools.place(team)

    assert not pools.naming.team_folder("blue").is_symlink()
    assert pools.naming.team_folder("red").readlink() == Path("pools/red/files")


@pytest.mark.parametrize("left", ["nothing", "the mark", "the image"])
def test_nothing_of_a_team_is_made_or_removed_while_its_file_system_is_not_there(
    pools: Pools, left: str
) -> None:
    image = pools.of("red").image
    image.file.touch()
    image.mark()
    if left != "the image":
        image.file.unlink()
    if left == "nothing":
        image.note.unlink()
    pools.place("red")

    refused: tuple[Callable[[], object], ...] = (
        lambda: pools.new("vol", RED),
        lambda: pools.require("red"),
        lambda: pools.require_folder(pools.of("red").path("vol")),
        lambda: remove_tree(pools.naming.team_folder("red") / "extra" / "one"),
    )
    for call in refused:
        with pytest.raises(UpstreamFailed):
            call()


def test_setting_up_refuses_before_it_makes_one_where_an_image_is_lost(pools: Pools) -> None:
    pools.of("red").image.mark()
    before = sorted(pools.naming.data_dir.rglob("*"))

    with pytest.raises(UpstreamFailed, match="image is gone"):
        set_up(pools)

    assert sorted(pools.naming.data_dir.rglob("*")) == before


def test_where_the_folder_of_all_images_is_not_mounted_nothing_begins_anew(pools: Pools) -> None:
    pools.of("red").image.mark()
    pools.place("red")
    pools.images.folder.rmdir()

    for call in (lambda: set_up(pools), lambda: pools.new("vol", RED), lambda: pools.add("red")):
        with pytest.raises(UpstreamFailed, match="image is gone"):
            call()


def test_of_a_team_whose_image_is_lost_or_could_not_be_made_no_link_stays(pools: Pools) -> None:
    pools.of("red").image.mark()
    for team in ("blue", "red"):
        pools.place(team)

    assert destroy(pools)

    assert list(pools.naming.data_dir.iterdir()) == []


def test_the_link_of_a_team_goes_last_because_the_rest_is_found_by_it(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools.place("red")
    pools.of("red").image.file.touch()

    def killed(_path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_symlink", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_team(pools, "red")

    assert pools.images.made() == ()
    assert os.path.lexists(pools.naming.team_folder("red"))


def test_growth_leaves_what_the_logs_of_all_containers_may_take(pools: Pools) -> None:
    team = 'auth_token = "0123456789abcdef"\nui_password = "0123456789abcdef"\n'
    few = parse(f'[team.red]\nname = "R"\nmax_environments = 1\n{team}')
    many = parse(f'[team.red]\nname = "R"\nmax_environments = 100\n{team}')

    def keeps(settings: Settings, **existing: int) -> int:
        logs = partial(log_bytes, settings, existing)
        made = Pools(pools.naming, StorageSettings, dict, logs)
        assert made.of("red").keeps() == made.shared.keeps() == made.limits.keeps()
        return made.limits.keeps()

    assert keeps(few) == HOST_KEEPS + 7 * 10_000_000  # two, PostgreSQL, and four of templates
    assert keeps(many) == HOST_KEEPS + 205 * 10_000_000
    # Of a team whose max_environments was lowered, and of one that is not configured any more.
    assert keeps(few, red=5) == HOST_KEEPS + 15 * 10_000_000
    assert keeps(few, blue=2) == HOST_KEEPS + (7 + 5) * 10_000_000


def test_a_shared_image_that_is_lost_is_no_folder(pools: Pools) -> None:
    pools.shared.image.mark()

    assert not pools.shared.readable
    for look in (
        pools.shared.require_mounted,
        lambda: pools.require_folder(pools.shared.path("a")),
    ):
        with pytest.raises(UpstreamFailed, match="image is gone"):
            look()


def test_a_team_whose_files_are_not_moved_yet_works_without_its_image(pools: Pools) -> None:
    folder = pools.naming.team_folder("red")
    folder.mkdir()
    (folder / "checkout").touch()
    pools.of("red").image.mark()

    pools.place("red")
    pools.require("red")

    with pytest.raises(UpstreamFailed, match="image is gone"):
        pools.new("vol", RED)


def test_nothing_is_mounted_over_an_image_that_was_replaced_while_it_is_used(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pools.of("red").image
    image.file.touch()
    image.mark()
    monkeypatch.setattr(image_module, "device_at", lambda _folder: "/dev/loop999")

    assert image.state == "replaced"
    for call in (image.mount, image.require_mounted, image.refuse_lost):
        with pytest.raises(UpstreamFailed, match="shows another file system"):
            call()
