from pathlib import Path

import pytest

from oduflow.adapters.pool import mounts
from oduflow.adapters.pool.mounts import device_at, type_of

LINES = """\
22 1 254:0 / / rw,relatime - ext4 /dev/root rw
36 22 0:30 / /srv rw - btrfs /dev/sdb rw
37 36 7:0 / /srv/a\\040pool rw - xfs /dev/loop0 rw
38 36 7:1 / /srv/a\\040pool rw - xfs /dev/loop1 rw
"""


@pytest.fixture(autouse=True)
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(LINES)
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "mountinfo")


def test_a_folder_shows_what_was_mounted_last() -> None:
    assert device_at(Path("/srv/a pool")) == "/dev/loop1"
    assert device_at(Path("/srv/a pool/below")) is None


def test_a_folder_behind_a_link_shows_what_is_mounted_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/srv")
    assert device_at(tmp_path / "link" / "a pool") == "/dev/loop1"


def test_a_file_lies_in_the_innermost_file_system() -> None:
    assert type_of(Path("/srv/pool.img")) == "btrfs"
    assert type_of(Path("/srv/a pool/file")) == "xfs"
    assert type_of(Path("/srvs")) == "ext4"
