"""The official MCP conformance suite, against our bridge.

The suite's own fixtures (tests/support/conformance) stand behind the endpoint, since it asks for
tools by name; authentication is off.
"""

import subprocess
import sys
from collections.abc import Iterator
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
    done = subprocess.run(
        ["conformance", "server", "--url", url, "--requirements", revision],
        env=node_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    scored = done.stdout.partition("=== SUMMARY ===")[2].partition("Not scored")[0]
    assert done.returncode == 0, done.stdout
    assert "✓ tools-list" in scored, done.stdout


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("conformance") / "server.log"
    command = [sys.executable, "-m", "tests.support.conformance.serve", str(port)]
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
