from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_github import FakeGitHub, fake_github
from tests.support.oauth_world import OAuthWorld, oauth_world


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, github: FakeGitHub) -> Iterator[OAuthWorld]:
    with oauth_world(tmp_path, github) as made:
        yield made
