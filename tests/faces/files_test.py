"""Files and edits through REST and MCP: the same bytes, the same refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oduflow.domain.plan import EnvironmentPlan
from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, World, basic, make_world
from tests.support.mcp_world import McpWorld, mcp_world
from tests.support.memory.process import REGISTRY, Process
from tests.support.memory.world import MemoryWorld

BLUE = basic(BLUE_PASSWORD)
EXACT = "  indented = 'ü'\r\n\n"


def test_a_file_is_written_searched_and_discarded_over_rest(answering, checkout):
    client = answering(ONE_TEAM).client()

    def send(method: str, route: str, /, **sent: Any) -> Any:
        place = "json" if method == "POST" else "query_string"
        url = f"/api/environments/sale/{route}"
        answer = client.open(url, method=method, headers=BLUE, **{place: sent})
        assert answer.status_code in {200, 201}, answer.json
        return answer.json["data"]

    assert send("POST", "files", path="a/b.py", content=EXACT)["created"]
    assert (checkout / "a/b.py").read_bytes() == EXACT.encode()
    send("POST", "files", path="a/b.py", old="  indented", new=" exact ")
    assert (checkout / "a/b.py").read_bytes() == EXACT.replace("  indented", " exact ").encode()
    assert send("GET", "file", path="a/b.py", offset="1", limit="1")["text"].startswith(" exact ")
    assert send("GET", "files", glob="a/*.py")["files"] == ["a/b.py"]
    assert send("POST", "files/search", pattern=" exact")["matches"][0]["line"] == 1
    assert send("GET", "edits", paths=["a"])["files"] == [{"path": "a/b.py", "kind": "added"}]
    assert send("POST", "edits/discard", paths=["a"])["files"]
    assert not (checkout / "a/b.py").exists()
    assert send("POST", "edits/discard", undo=True)["files"]
    assert send("POST", "files/delete", path="README.md")["path"] == "README.md"


def test_a_refusal_has_its_status_over_rest_and_the_audit_has_no_content(answering):
    world = answering(ONE_TEAM)
    client, url = world.client(), "/api/environments/sale/files"
    wrong = {"path": "../secret", "content": "the content"}

    answers = [
        client.post(url, json=sent, headers=BLUE)
        for sent in (wrong, {"path": "none", "old": "x", "new": "y"}, {"path": "README.md"})
    ]

    assert [answer.status_code for answer in answers] == [422, 404, 422]
    assert [dict(row.fields)["path"] for row in world.audit.rows] == [
        "../secret",
        "none",
        "README.md",
    ]
    assert "the content" not in repr(world.audit.rows)


def test_a_file_is_written_read_and_pushed_over_mcp(served: McpWorld, checkout):
    written = served.call("write_file", name="sale", path="a.py", content=EXACT)
    assert written["data"]["size"] == len(EXACT.encode())
    assert (checkout / "a.py").read_bytes() == EXACT.encode()
    shown = served.call("read_file", name="sale", path="a.py", offset=1, limit=None)
    assert shown["data"]["text"] == "  indented = 'ü'\n"
    refused = served.call("write_file", name="sale", path="a.py", old="none", new="x")
    assert refused["error"]["kind"] == "conflict"
    assert served.call("diff_edits", name="sale", paths="a.py")["data"]["files"]

    pushed = served.call("commit_and_push", name="sale", message="Add a")

    assert pushed["data"]["branch"] == "oduflow/sale"
    assert pushed["data"]["author"].startswith("token:auth_token <")


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    world = MemoryWorld(tmp_path)
    made = Process(world)
    made.ok("create_template", name="base")
    files = {"sale/__manifest__.py": "{'name': 'x'}", "sale/__init__.py": "", "README.md": "Hi\n"}
    url = world.git.repository("addons", {"main": files})
    made.ok("create_environment", name="sale", repo_url=url)
    yield made
    world.close()


@pytest.fixture
def checkout(process: Process) -> Path:
    [row] = process.deps.store.environments.list("1")
    return EnvironmentPlan.of(process.deps.naming, row).checkout


@pytest.fixture
def answering(process: Process) -> Any:
    """Make an application over the process's parts, from a configuration."""

    def make(toml: str) -> World:
        return make_world(
            toml,
            operations=REGISTRY,
            deps=process.deps,
            environments=process.deps.store.environments,
        )

    return make


@pytest.fixture
def served(answering) -> Iterator[McpWorld]:
    with mcp_world(ONE_TEAM, make=answering) as made:
        yield made
