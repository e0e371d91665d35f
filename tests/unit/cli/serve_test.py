"""How the WSGI server is set up."""

from typing import Any

import pytest

from oduflow.cli import serve
from oduflow.domain.errors import UpstreamFailed
from tests.support.fakes import make_world


def test_a_body_is_spooled_no_further_than_the_application_reads_it(monkeypatch):
    asked: dict[str, Any] = {}

    def refuse(_app: object, **options: Any) -> None:
        asked.update(options)
        raise OSError

    monkeypatch.setattr(serve, "create_server", refuse)
    world: Any = make_world()

    with pytest.raises(UpstreamFailed):
        serve.run(world.settings, world)

    assert asked["max_request_body_size"] == world.app.config["MAX_CONTENT_LENGTH"]
