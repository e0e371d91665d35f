from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oauth_walk import OAuthWalk
from tests.support.oauth_world import OAuthWorld, unserved_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OAuthWorld]:
    with unserved_world(tmp_path) as made:
        yield made


@pytest.fixture
def walk(world: OAuthWorld) -> OAuthWalk:
    """A client that is registered, and a browser that has seen nothing yet."""
    made = world.walk_in_process()
    assert made.register().status_code == 201
    return made
