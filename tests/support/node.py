"""Clients from npm, pinned, installed once into a folder that git ignores."""

import os
import subprocess
from pathlib import Path

from oduflow.adapters.locks import FileLocks
from oduflow.kernel.locks import LockKey

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".node"
# The suite needs Node 22; the machine's own may be older.
PACKAGES = (
    "node@22.23.3",
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "mcp-remote@0.15.1",
    "@modelcontextprotocol/sdk@1.32.2",
    "@modelcontextprotocol/inspector@2.12.0",
)
# Coding agents, for `make clients`.
AGENTS_FOLDER = FOLDER / "agents"
AGENTS = (
    "node@22.23.3",
    "@anthropic-ai/claude-code@2.1.332",
    "@google/gemini-cli@0.61.0",
    "@openai/codex@0.171.0",
    "opencode-ai@1.18.33",
)
INSTALL_SECONDS = 280


def node_environment() -> dict[str, str]:
    """Install the clients of the tests; return an environment whose PATH finds them."""
    return _installed(FOLDER, PACKAGES)


def agents_environment() -> dict[str, str]:
    """Install the coding agents; return an environment whose PATH finds them."""
    return _installed(AGENTS_FOLDER, AGENTS)


def _installed(folder: Path, packages: tuple[str, ...]) -> dict[str, str]:
    """Install packages where they are not yet.

    No browser is opened: programs get one that does nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLocks(folder / "locks").acquire(LockKey("npm"), "tests", wait=INSTALL_SECONDS):
        stamp = folder / "installed"
        if not stamp.exists() or stamp.read_text() != "\n".join(packages):
            subprocess.run(
                ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), *packages],
                check=True,
                capture_output=True,
                timeout=INSTALL_SECONDS,
            )
            stamp.write_text("\n".join(packages))
    found = f"{folder / 'node_modules' / '.bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": found, "BROWSER": "true", "NO_COLOR": "1"}
