from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.support.browser import Chromium, Served, chromium, served_dashboard
from tests.support.consent_world import ConsentWorld, Serving, consent_world
from tests.support.oauth_world import BLUE, RED


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


@pytest.fixture(scope="module")
def serving(running: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Two teams that people sign in to: one server a file for each scheme and host name."""
    with ExitStack() as stack:

        @cache
        def serve(scheme: str, host: str = "localhost") -> ConsentWorld:
            folder = tmp_path_factory.mktemp(scheme)
            world = consent_world(running, folder, BLUE + RED, scheme=scheme, host=host)
            return stack.enter_context(world)

        yield serve


@pytest.fixture
def plain(serving: Serving) -> Iterator[ConsentWorld]:
    """People sign in over http, in a browser with scripts."""
    with serving("http").anew() as made:
        yield made
