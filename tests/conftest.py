"""Marks every test by the folder it lives in; unit tests may not open a socket."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
NO_SOCKET = {"unit", "architecture"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        item.add_marker(getattr(pytest.mark, folder))
        if folder in NO_SOCKET:
            item.add_marker(pytest.mark.disable_socket)
