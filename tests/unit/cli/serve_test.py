"""The options of the WSGI server."""

import logging
from typing import Any

import pytest

from oduflow.cli import serve
from oduflow.cli.serve import connection_options
from oduflow.domain.errors import UpstreamFailed
from tests.support.fakes import make_world


def test_idle_connections_are_closed_after_half_a_minute(monkeypatch):
    assert asked_of_waitress(monkeypatch)["channel_timeout"] == 30


def test_connections_are_limited_as_the_descriptors_allow(monkeypatch):
    monkeypatch.setattr(serve, "raise_descriptor_limit", lambda: 800)

    assert connection_options(800).items() <= asked_of_waitress(monkeypatch).items()


def test_a_body_is_spooled_no_further_than_the_application_reads_it(monkeypatch):
    world: Any = make_world()

    asked = asked_of_waitress(monkeypatch)

    # waitress refuses a body of exactly its limit, which is the size of an upload's part.
    assert asked["max_request_body_size"] == world.app.config["MAX_CONTENT_LENGTH"] + 1


def test_no_record_is_more_than_a_line_and_its_traceback():
    written = serve.OneLineFormatter("%(levelname)-5s %(message)s")
    defect = ValueError("odd")
    seen = (ValueError, defect, None)
    record = logging.LogRecord("a", logging.ERROR, "", 1, "GET /%s", ("x\nINFO  y",), seen)

    first, *rest = written.format(record).splitlines()

    assert first == r"ERROR GET /x\nINFO  y"
    assert rest == ["ValueError: odd"]


def asked_of_waitress(monkeypatch) -> dict[str, Any]:
    """Return the options for waitress, without starting it."""
    asked: dict[str, Any] = {}

    def refuse(_app: object, **options: Any) -> None:
        asked.update(options)
        raise OSError

    monkeypatch.setattr(serve, "create_server", refuse)
    world: Any = make_world()

    with pytest.raises(UpstreamFailed):
        serve.run_server(world.settings, world)

    return asked
