import gc
import re
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import EngineUnreachable


def test_a_running_engine_answers(engine: Engine) -> None:
    engine.ping()
    assert re.match(r"\d+\.\d+", engine.version())


def test_many_threads_share_one_connection_to_it() -> None:
    engine = Engine()
    seen: list[str] = []
    threads = [Thread(target=lambda: seen.append(engine.version())) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(seen) == 20
    assert len(set(seen)) == 1
    engine.close()


def test_a_closed_one_connects_again() -> None:
    engine = Engine()
    engine.ping()
    engine.close()
    engine.ping()
    engine.close()


def test_an_engine_that_does_not_run_says_so_and_is_found_when_it_does(
    tmp_path: Path, swept: None
) -> None:
    engine = Engine(f"unix://{tmp_path}/docker.sock")
    with pytest.raises(EngineUnreachable, match="does not answer"):
        engine.ping()
    (tmp_path / "docker.sock").symlink_to("/var/run/docker.sock")
    engine.ping()
    engine.close()


def test_a_socket_without_a_listener_says_so(tmp_path: Path, swept: None) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        with pytest.raises(EngineUnreachable, match="does not answer"):
            Engine(f"unix://{path}").ping()


@pytest.fixture
def swept() -> Iterator[None]:
    """Collect the socket that docker-py leaves open when connecting fails."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
