"""The official MCP conformance suite, against our bridge.

The suite's own fixtures (tests/support/conformance) stand behind the endpoint, since it asks for
tools by name; authentication is off.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.node import node_environment
from tests.support.ports import free_port
from tests.support.server import eventually
from tests.support.tree import ROOT

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_every_scenario_that_a_revision_scores_passes(url: str, revision: str, tmp_path: Path):
    told = passed(url, tmp_path, "--requirements", revision)
    scored = told.partition("=== SUMMARY ===")[2].partition("Not scored")[0]
    assert "✓ tools-list" in scored, told


@pytest.mark.parametrize(
    "scenario",
    [
        "tasks-lifecycle",
        "tasks-capability-negotiation",
        "tasks-wire-fields",
        "tasks-request-state-removal",
        "tasks-request-headers",
    ],
)
def test_slow_tools_are_tasks_as_the_extension_says(
    tasks_url: str, scenario: str, tmp_path: Path
) -> None:
    """The scenarios that are left out need tasks that ask the client something; ours never do."""
    told = passed(tasks_url, tmp_path, "--scenario", scenario)
    assert "0 failed" in told, told


def passed(url: str, folder: Path, *options: str) -> str:
    """Run the official suite, which succeeds, and return what it printed."""
    done = subprocess.run(
        ["conformance", "server", "--url", url, *options],
        env=node_environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("conformance")) as url:
        yield url


@pytest.fixture(scope="module")
def tasks_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("tasks"), "--tasks") as url:
        yield url


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    port = free_port()
    log = folder / "server.log"
    command = [sys.executable, "-m", "tests.support.conformance.serve", str(port), *options]
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
    try:
        eventually(lambda: listens(port), 30, log.read_text)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.kill()
        server.wait(10)


def listens(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.RequestException:
        return False
