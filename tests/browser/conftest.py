from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Served, chromium, served_dashboard


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a file: its event loop is gone before another file wants one."""
    with chromium() as running:
        yield running


@pytest.fixture
def served(browser: Browser) -> Iterator[Served]:
    """A dashboard; at its end no browser may have had anything to complain about."""
    with served_dashboard(browser) as dashboard:
        yield dashboard
        assert dashboard.complaints == []
