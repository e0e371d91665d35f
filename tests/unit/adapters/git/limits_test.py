from pathlib import Path

import pytest

from oduflow.adapters.git.limits import DiskMeter, Watch
from oduflow.domain.errors import Cancelled, QuotaReached, UpstreamFailed


def test_a_folder_heavier_than_the_quota_is_stopped(tmp_path: Path):
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    DiskMeter((tmp_path,), 1_000_000).check()
    with pytest.raises(QuotaReached, match="larger than 0 MiB"):
        DiskMeter((tmp_path,), 50_000).check()


def test_a_quota_covers_all_its_folders_together(tmp_path: Path):
    folders = (tmp_path / "a", tmp_path / "b", tmp_path / "missing")
    for folder in folders[:2]:
        folder.mkdir()
        (folder / "file").write_bytes(b"x" * 40_000)
    with pytest.raises(QuotaReached):
        DiskMeter(folders, 60_000).check()


def test_many_empty_files_are_not_free(tmp_path: Path):
    for number in range(100):
        (tmp_path / str(number)).touch()
    with pytest.raises(QuotaReached):
        DiskMeter((tmp_path,), 99 * 4096).check()


def test_what_a_link_points_to_is_not_weighed(tmp_path: Path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "large").write_bytes(b"x" * 100_000)
    (folder / "link").symlink_to(outside)
    DiskMeter((folder,), 50_000).check()


def test_weighing_is_not_repeated_at_once_unless_asked(tmp_path: Path):
    meter = DiskMeter((tmp_path,), 50_000)
    meter.check()
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    meter.check()
    with pytest.raises(QuotaReached):
        meter.check(at_once=True)


def test_a_call_within_its_limits_goes_on(tmp_path: Path):
    Watch("testing", 60, meter=DiskMeter((tmp_path,), 4096))()


def test_a_call_past_its_time_says_what_took_so_long():
    with pytest.raises(UpstreamFailed, match="Gave up asking h for its branches after 0 seconds"):
        Watch("asking h for its branches", 0)()


def test_a_cancelled_call_stops():
    with pytest.raises(Cancelled, match="while testing"):
        Watch("testing", 60, cancelled=lambda: True)()
