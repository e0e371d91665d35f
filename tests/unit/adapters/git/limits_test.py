from pathlib import Path

import pytest

from oduflow.adapters.git.limits import AbortCheck, RepositoryLimits
from oduflow.domain.errors import Cancelled, QuotaReached, UpstreamFailed


def test_a_call_within_its_limits_goes_on(tmp_path: Path):
    AbortCheck("testing", 60, quota=RepositoryLimits(repository_bytes=4096).quota(tmp_path))()


def test_a_call_past_its_time_says_what_took_so_long():
    with pytest.raises(UpstreamFailed, match="Gave up asking h for its branches after 0 seconds"):
        AbortCheck("asking h for its branches", 0)()


def test_a_cancelled_call_stops():
    with pytest.raises(Cancelled, match="while testing"):
        AbortCheck("testing", 60, cancelled=lambda: True)()


def test_a_call_that_fills_the_disk_stops(tmp_path: Path):
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    with pytest.raises(QuotaReached, match="larger than 0 MiB"):
        AbortCheck("testing", 60, quota=RepositoryLimits(repository_bytes=50_000).quota(tmp_path))()
