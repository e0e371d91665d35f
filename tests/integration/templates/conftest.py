from collections.abc import Iterator

import pytest

from tests.support.instances import Instance, destroy_orphans, running_instance
from tests.support.ports import free_port
from tests.support.restoring import Restoring


@pytest.fixture(scope="module")
def bare() -> Iterator[Instance]:
    """An instance without a template, for databases that no Odoo is needed for."""
    destroy_orphans()
    with running_instance(port=free_port(), git_hosts=()) as made:
        yield made


@pytest.fixture
def restoring(bare, tmp_path) -> Iterator[Restoring]:
    made = Restoring(bare, tmp_path)
    yield made
    made.remove()
