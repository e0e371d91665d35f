from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.services.clone_strategy import FILE_COPY_FROM, clone_strategy

MIB = 1 << 20


def test_from_256_mib_on_copying_files_beats_writing_them_into_the_log():
    assert FILE_COPY_FROM == 256 * MIB


@pytest.mark.parametrize(
    ("shares_blocks", "size", "chosen"),
    [
        (False, 256 * MIB - 1, "wal_log"),
        (False, 256 * MIB, "file_copy"),
        (False, 0, "wal_log"),
        (True, 0, "file_copy"),
        (True, 4096 * MIB, "file_copy"),
    ],
)
def test_files_are_copied_where_blocks_are_shared_or_the_database_is_large(
    shares_blocks, size, chosen
):
    server = SimpleNamespace(shares_blocks=lambda: shares_blocks)
    parts: Any = SimpleNamespace(databases=SimpleNamespace(servers={"1": server}))

    assert clone_strategy(parts, "1", size) == chosen
