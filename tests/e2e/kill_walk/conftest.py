"""An extra repo for the environments of the walks."""

from collections.abc import Iterator

import pytest

from tests.support.instances import Instance


@pytest.fixture
def enterprise(instance: Instance, sample_repository: str) -> Iterator[str]:
    """Add an extra repo for a test."""
    instance.ok("add_extra_repo", name="enterprise", repo_url=sample_repository)
    yield "enterprise"
    instance.ok("delete_extra_repo", name="enterprise")
