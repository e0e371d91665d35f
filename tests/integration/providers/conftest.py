from collections.abc import Iterator

import pytest

from oduflow.adapters.providers.api import Api
from tests.support.fake_provider import FakeProvider


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def api(provider: FakeProvider) -> Api:
    return Api(provider.url, (provider.authority,), seconds=2)
