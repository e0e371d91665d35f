from pathlib import Path

import pytest

from oduflow.adapters.pool import blocks
from oduflow.adapters.pool.blocks import refuse_copying
from oduflow.adapters.pool.image import PoolImage
from oduflow.domain.errors import UpstreamFailed


@pytest.mark.parametrize("kind", ["btrfs", "zfs", "bcachefs"])
def test_a_file_system_that_copies_what_is_overwritten_gets_no_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(blocks, "type_of", lambda _file: kind)
    with pytest.raises(UpstreamFailed, match=f"{kind}, is copy-on-write"):
        PoolImage(tmp_path / "pool.img", tmp_path / "pool", tmp_path / "pool.made").make(1 << 20)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["ext4", "xfs", "tmpfs"])
def test_others_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(blocks, "type_of", lambda _file: kind)
    refuse_copying(tmp_path)
