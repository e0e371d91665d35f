"""Measure a running server over HTTP, as agents and browsers use it."""

import tempfile
import time
from functools import partial
from importlib import resources
from pathlib import Path

import requests

from bench.calls import act, answers, create_all, done, got, resident_megabytes, timed
from bench.figures import Figure
from oduflow.adapters.git.sample_repository import publish
from oduflow.adapters.git.sample_server import SampleGitServer
from tests.support.instances import TEMPLATE, TOKEN, Instance, running_instance
from tests.support.server import Server, serving

GIT_PORT = 8797
SERVER_PORT = 8798
LISTED = 10
QUICK_CALLS = 40
MCP_HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/list",
}


def measure(rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        addons = resources.files("oduflow") / "sample" / "addons"
        publish(Path(str(addons)), Path(folder) / "addons.git")
        git = SampleGitServer(Path(folder), GIT_PORT)
        git.start()
        try:
            with running_instance(port=SERVER_PORT, git_hosts=(git.authority,)) as instance:
                instance.ok("create_template", name=TEMPLATE)
                return [*_start_up(instance, rounds), *_work(instance, git, rounds)]
        finally:
            git.stop()


def _start_up(instance: Instance, rounds: int) -> list[Figure]:
    answer = Figure("server: start to first answer", 1.5)
    memory = Figure("server: resident memory", 110, "MB")
    for _ in range(rounds):
        started = time.perf_counter()
        with serving(instance, wait=False) as server:
            while not answers(f"{server.url}/healthz"):
                time.sleep(0.01)
            answer.values.append(time.perf_counter() - started)
            for path in ("/api/environments", "/", "/api/openapi.json"):
                server.request("GET", path)
            with requests.Session() as session:
                _tools(server, session)
            memory.values.append(resident_megabytes(server.process.pid))
    return [answer, memory]


def _work(instance: Instance, git: SampleGitServer, rounds: int) -> list[Figure]:
    """Measure creation before anything is deleted.

    ext4 does not reuse the inodes of deleted files for a while and searches past them: right after
    a delete, creating the 600 files of the next database takes up to a second longer.
    """
    create = Figure("create_environment, request to /web/login 200", 2.0)
    floor = Figure("floor of it: stopped to serving", 1.5)
    burst = Figure(f"{LISTED} creates at once, all serving", 10.0)
    delete = Figure("delete_environment", 0.8)
    with serving(instance) as server:
        wanted = {"name": "", "repo_url": git.url("addons.git")}
        singles = [f"measured-{number}" for number in range(rounds)]
        for name in singles:
            create.values.append(timed(partial(_create, server, {**wanted, "name": name})))
            act(server, name, "stop")
            floor.values.append(timed(partial(act, server, name, "start")))
            act(server, name, "stop")
        names = [f"listed-{number}" for number in range(LISTED)]
        burst.values.append(timed(partial(create_all, server, wanted, names)))
        for name in singles:
            act(server, name, "start")
            delete.values.append(timed(partial(_delete, server, name)))
        quick = _quick_calls(server)
        for name in names:
            _delete(server, name)
    return [create, floor, burst, delete, *quick]


def _quick_calls(server: Server) -> list[Figure]:
    """Measure over one persistent connection, as MCP clients use."""
    empty = Figure("floor of the next three: /healthz", 0.003)
    listing = Figure(f"list_environments, {LISTED} environments", 0.015)
    get = Figure("get_environment", 0.030)
    tools = Figure("tools/list", 0.004)
    size = Figure("tools/list, size", 45, "kB")
    with requests.Session() as session:
        for _ in range(QUICK_CALLS):
            empty.values.append(timed(lambda: got(session, server, "/healthz")))
            listing.values.append(timed(lambda: got(session, server, "/api/environments")))
            get.values.append(timed(lambda: got(session, server, "/api/environments/listed-3")))
            tools.values.append(timed(lambda: _tools(server, session)))
        size.values.append(_tools(server, session) / 1000)
    return [empty, listing, get, tools, size]


def _create(server: Server, wanted: dict[str, str]) -> None:
    envelope = server.finished(server.job("POST", "/api/environments", json=wanted))
    if not answers(f"{envelope['data']['url']}web/login"):
        raise RuntimeError(envelope)


def _delete(server: Server, name: str) -> None:
    done(server, "DELETE", f"/api/environments/{name}")


def _tools(server: Server, session: requests.Session) -> int:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": _META}}
    answer = session.post(
        f"{server.url}/mcp", json=body, headers=MCP_HEADERS, auth=_no_auth, timeout=60
    )
    answer.raise_for_status()
    return len(answer.content)


_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
