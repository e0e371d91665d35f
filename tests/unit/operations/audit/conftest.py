from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.adapters.store import Store
from tests.support.empty_store import open_empty_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_empty_store(tmp_path / "store.sqlite", patience=2)
    yield made
    made.close()
