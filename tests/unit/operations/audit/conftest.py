from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.adapters.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store.sqlite", patience=2)
    made.migrate()
    yield made
    made.close()
