import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import ImageMissing
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.pull import pull
from oduflow.domain.errors import UpstreamFailed
from tests.support.ports import free_port
from tests.support.registry import ImageRegistry


def test_the_users_ids_are_read_out_of_the_image(images: Images) -> None:
    facts = images.facts("odoo:19.0")
    assert (facts.uid, facts.gid, facts.home) == (100, 101, "/var/lib/odoo")
    assert facts.volumes == ("/mnt/extra-addons", "/var/lib/odoo")
    assert facts.environment["ODOO_RC"] == "/etc/odoo/odoo.conf"
    assert facts.id.startswith("sha256:")


def test_another_user_of_an_image_can_be_asked_for(images: Images) -> None:
    facts = images.facts("postgres:18")
    assert (facts.uid, facts.gid) == (0, 0)
    uid, gid = images.account("postgres:18", "postgres")
    assert uid > 0
    assert gid > 0


def test_looking_into_an_image_happens_once_and_leaves_nothing(
    engine: Engine, containers: Containers, name: str
) -> None:
    labels = {"test.look": name}
    images = Images(engine, never, labels)
    since = int(time.time())
    images.facts("odoo:19.0")
    images.facts("odoo:19.0")
    wanted = {"label": f"test.look={name}", "event": "create"}
    made = engine.api.events(since=since, until=int(time.time()) + 1, filters=wanted, decode=True)
    assert len(list(made)) == 1
    assert containers.list(labels) == ()


def test_a_missing_image_is_pulled_with_progress(
    images: Images, registry: ImageRegistry, pulled: list[str]
) -> None:
    reference = registry.publish("acme/tiny", "1", size=3_000_000)
    pulled.append(reference)
    said: list[str] = []
    facts = images.ensure(reference, said.append)
    assert (facts.uid, facts.gid) == (4_000, 4_001)
    assert said[0] == f"Pulling {reference}"
    assert len(registry.asked_for_layers) == 1
    images.ensure(reference, said.append)
    assert len(registry.asked_for_layers) == 1


def test_an_image_its_registry_does_not_have_says_what_to_do(
    images: Images, registry: ImageRegistry
) -> None:
    with pytest.raises(ImageMissing, match="could not be pulled") as caught:
        images.ensure(f"{registry.address}/acme/none:1", silence)
    assert "docker pull" in caught.value.hint


def test_a_registry_that_does_not_answer_is_no_engine_that_does_not(images: Images) -> None:
    with pytest.raises(ImageMissing, match="could not be pulled"):
        images.ensure(f"127.0.0.1:{free_port()}/acme/none:1", silence)


def test_a_registry_that_hangs_is_given_up(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        port = hanging.getsockname()[1]
        with pytest.raises(UpstreamFailed, match="was silent for 1 s"):
            pull(engine.api, f"127.0.0.1:{port}/acme/none:1", silence, silent=1)


def test_a_registry_that_drips_is_given_up(engine: Engine, registry: ImageRegistry) -> None:
    reference = registry.publish("acme/slow", "1", size=20_000_000, seconds=10)
    with pytest.raises(UpstreamFailed, match="took longer than"):
        pull(engine.api, reference, silence, total=1)


def silence(_line: str) -> None:
    pass


def never(kind: str, tag: str, on_progress: object) -> None:
    pytest.fail(f"built {tag}")


@pytest.fixture
def images(engine: Engine, labels: dict[str, str]) -> Images:
    return Images(engine, never, labels)


@pytest.fixture
def pulled(engine: Engine) -> Iterator[list[str]]:
    """References to remove afterwards."""
    references: list[str] = []
    yield references
    for reference in references:
        engine.api.remove_image(reference, force=True)


@pytest.fixture
def registry() -> Iterator[ImageRegistry]:
    registry = ImageRegistry()
    thread = Thread(target=registry.serve_forever, daemon=True)
    thread.start()
    yield registry
    registry.shutdown()
    registry.server_close()
    thread.join()
