from pathlib import Path

import pytest

from oduflow.domain.errors import QuotaReached
from oduflow.files.disk_quota import DiskQuota


def test_a_folder_larger_than_the_quota_is_stopped(tmp_path: Path):
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    quota(1_000_000, tmp_path).check()
    with pytest.raises(QuotaReached, match="too large"):
        quota(50_000, tmp_path).check()


def test_a_quota_covers_all_its_folders_together(tmp_path: Path):
    folders = (tmp_path / "a", tmp_path / "b", tmp_path / "missing")
    for folder in folders[:2]:
        folder.mkdir()
        (folder / "file").write_bytes(b"x" * 40_000)
    with pytest.raises(QuotaReached):
        quota(60_000, *folders).check()


def test_many_empty_files_are_not_free(tmp_path: Path):
    for number in range(100):
        (tmp_path / str(number)).touch()
    with pytest.raises(QuotaReached):
        quota(99 * 4096, tmp_path).check()


def test_what_a_link_points_to_is_not_measured(tmp_path: Path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "large").write_bytes(b"x" * 100_000)
    (folder / "link").symlink_to(outside)
    quota(50_000, folder).check()


def test_measuring_is_not_repeated_at_once_unless_asked(tmp_path: Path):
    limit = quota(50_000, tmp_path)
    limit.check()
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    limit.check()
    with pytest.raises(QuotaReached):
        limit.check(at_once=True)


def quota(limit: int, *folders: Path) -> DiskQuota:
    return DiskQuota(folders, limit, lambda: QuotaReached("too large"))
