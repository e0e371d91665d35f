import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import EngineUnreachable


def test_making_the_engine_and_what_uses_it_connects_to_nothing() -> None:
    # Sockets are disabled here: a connection would fail the test.
    Containers(Engine("unix:///nowhere/docker.sock"))


def test_an_address_that_is_none_is_a_failure_of_ours_at_first_use() -> None:
    with pytest.raises(EngineUnreachable):
        Engine("nonsense://x").ping()
