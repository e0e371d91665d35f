import pytest

from oduflow.adapters.git.version import require
from oduflow.domain.errors import UpstreamFailed


@pytest.mark.parametrize("version", ["2.37.0", "2.39.5 (Apple Git-154)", "2.100.1", "3.0.0"])
def test_a_git_that_pins_addresses_is_taken(version):
    require(f"git version {version}")


@pytest.mark.parametrize("version", ["2.34.1", "2.4.11", "1.99", "unknown"])
def test_a_git_that_would_ignore_the_pin_is_refused(version):
    with pytest.raises(UpstreamFailed, match=r"too old") as caught:
        require(f"git version {version}")
    assert "2.37" in caught.value.hint
