from collections.abc import Iterator

import pytest

from tests.support.browser import Chromium, Served, chromium, served_dashboard


@pytest.fixture(scope="module")
def running() -> Iterator[Chromium]:
    """One Chromium a file: its event loop is gone before another file wants one."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def served(running: Chromium) -> Iterator[Served]:
    """A dashboard; at its end no browser may have had anything to complain about."""
    with served_dashboard(running) as dashboard:
        yield dashboard
        assert dashboard.complaints == []
