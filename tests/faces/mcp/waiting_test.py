"""Waiting calls and open streams: they block no one, and all of them end."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
import requests

from oduflow.blueprints.mcp import session_limit
from oduflow.domain.outcome import Status
from tests.support.fakes import BLUE_TOKEN, RED_TOKEN
from tests.support.mcp_world import McpWorld, eventually, mcp_world, message

BAKE = {"name": "bake_thing", "arguments": {"name": "a"}}
SOON = 1.5


@contextmanager
def hanging(served: McpWorld, session: requests.Session | None = None) -> Iterator[socket.socket]:
    """Call a slow tool over a bare socket, and hold it as long as the block lasts."""
    parts = urlsplit(served.url)
    prepared = _bake_request(served, session)
    head = "".join(f"{name}: {value}\r\n" for name, value in prepared.headers.items())
    body = prepared.body if isinstance(prepared.body, bytes) else str(prepared.body).encode()
    with closing(socket.create_connection((parts.hostname, parts.port), timeout=30)) as connection:
        connection.sendall(f"POST /mcp HTTP/1.1\r\nHost: {parts.netloc}\r\n{head}\r\n".encode())
        connection.sendall(body)
        eventually(lambda: served.bridge.wait_limiter.taken == 1)
        yield connection


def _bake_request(served: McpWorld, session: requests.Session | None) -> requests.PreparedRequest:
    if session is not None:
        request = requests.Request("POST", served.url, json=message("tools/call", BAKE, 7))
        return session.prepare_request(request)
    seen: list[requests.PreparedRequest] = []

    class Keep(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **_more: object) -> requests.Response:  # type: ignore[override]
            seen.append(request)
            return requests.Response()

    with requests.Session() as recorder:
        recorder.mount("http://", Keep())
        recorder.request("POST", served.url, **served.written("tools/call", BAKE))
    return seen[0]


def only_job(served: McpWorld) -> Status:
    [job] = served.world.job_rows.rows.values()
    return job.status


@pytest.mark.parametrize("legacy", [False, True])
def test_a_client_that_leaves_frees_its_thread_and_the_job_goes_on(
    served: McpWorld, *, legacy: bool
) -> None:
    served.world.slots.free.clear()
    with hanging(served, served.session() if legacy else None):
        pass

    eventually(lambda: served.bridge.wait_limiter.taken == 0, SOON)
    assert only_job(served) is Status.QUEUED
    served.world.slots.free.set()
    eventually(lambda: only_job(served) is Status.OK)


def test_a_cancelled_call_is_over_and_its_job_goes_on(served: McpWorld) -> None:
    served.world.slots.free.clear()
    session = served.session()
    cancel = {
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": {"requestId": 7, "reason": "changed my mind"},
    }
    with hanging(served, session) as connection:
        assert session.post(served.url, json=cancel, timeout=30).status_code == 202
        answer = HTTPResponse(connection)
        answer.begin()
        reply = json.loads(answer.read())

    assert reply["error"]["message"] == "Request cancelled"
    assert only_job(served) is Status.QUEUED


def test_calls_beyond_the_limit_do_not_wait_and_leave_room_for_the_others(
    served: McpWorld,
) -> None:
    served.world.slots.free.clear()
    with ThreadPoolExecutor(24) as pool:  # as many as a team may have running
        answers = [pool.submit(served.call, "bake_thing", name=f"a{i}") for i in range(20)]
        rests = [pool.submit(served.call, "rest_awhile") for _ in range(40)]
        eventually(lambda: sum(one.done() for one in answers + rests) >= 56)
        started = time.monotonic()
        data = served.call("get_thing", name="b", token=RED_TOKEN)["data"]
        took = time.monotonic() - started
        served.world.slots.free.set()
        handles = [one.result() for one in answers]

    assert data["owner"] == "2"
    assert took < SOON
    assert all(answer["job"] for answer in handles)
    refused = [one.result()["error"] for one in rests if one.result()["status"] == "failed"]
    assert len(refused) >= 36
    assert {error["kind"] for error in refused} == {"rate_limited"}
    assert "seconds=0" in refused[0]["hint"]


def test_a_wait_of_no_time_needs_no_room(served: McpWorld) -> None:
    with ThreadPoolExecutor(20) as pool:
        rests = [pool.submit(served.call, "rest_awhile", seconds=0) for _ in range(20)]

    assert {one.result()["status"] for one in rests} == {"ok"}


def test_a_stream_beyond_the_limit_is_not_offered_and_clients_go_on_without_it(
    served: McpWorld,
) -> None:
    opened = [served.session() for _ in range(5)]
    streams = [one.get(served.url, stream=True, timeout=30) for one in opened[:4]]

    refused = opened[4].get(served.url, timeout=30)
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "DELETE, POST"
    assert [row.operation for row in served.world.audit.counted] == ["no_free_stream"]
    calls = opened[4].post(served.url, json=message("tools/list", {}), timeout=30)
    assert calls.status_code == 200
    others = served.session(RED_TOKEN).get(served.url, stream=True, timeout=30)
    assert others.status_code == 200

    streams[0].close()
    eventually(lambda: served.bridge.wait_limiter.taken == len([*streams[1:], others]))
    assert opened[4].get(served.url, stream=True, timeout=30).status_code == 200


def test_a_session_too_many_ends_the_one_of_the_team_that_was_idle_longest(
    served: McpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_limit, "MAX_SESSIONS", 3)
    other = served.session(RED_TOKEN)
    streaming, idle, used = served.session(), served.session(), served.session()
    stream = streaming.get(served.url, stream=True, timeout=30)
    listing = message("tools/list", {})
    assert used.post(served.url, json=listing, timeout=30).status_code == 200

    newest = served.session()

    assert idle.post(served.url, json=listing, timeout=30).status_code == 404
    for session in (streaming, used, newest, other):
        assert session.post(served.url, json=listing, timeout=30).status_code == 200
    stream.close()
    assert newest.delete(served.url, timeout=30).status_code == 200
    assert newest.post(served.url, json=listing, timeout=30).status_code == 404


def test_an_idle_stream_begins_at_once_and_carries_no_header_of_one_connection(
    served: McpWorld,
) -> None:
    with served.session() as session, session.get(served.url, stream=True, timeout=30) as stream:
        lines = stream.iter_lines()
        assert next(lines) == b": open"
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert "keep-alive" not in stream.headers.get("Connection", "")


def test_closing_ends_streams_and_waits_at_once_and_refuses_new_calls(served: McpWorld) -> None:
    served.world.slots.free.clear()
    session = served.session()
    stream = session.get(served.url, stream=True, timeout=30)
    ended = threading.Event()

    def read() -> None:
        list(stream.iter_content(None))
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.post, "tools/call", BAKE)
        eventually(
            lambda: served.bridge.wait_limiter.taken == 2 and bool(served.world.job_rows.rows)
        )

        started = time.monotonic()
        served.close()
        assert waiting.result(SOON).status_code == 503
        assert ended.wait(SOON)

    assert time.monotonic() - started < SOON
    assert served.bridge.wait_limiter.taken == 0
    assert served.post("tools/list", token=BLUE_TOKEN).status_code == 503
    assert only_job(served) is Status.QUEUED


@pytest.fixture
def served() -> Iterator[McpWorld]:
    with mcp_world() as world:
        yield world
