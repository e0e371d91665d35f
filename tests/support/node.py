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
)
INSTALL_SECONDS = 280


def node_environment() -> dict[str, str]:
    """Install the packages where they are not yet; return an environment whose PATH finds them.

    No browser is opened: programs get one that does nothing.
    """
    FOLDER.mkdir(exist_ok=True)
    with FileLocks(FOLDER / "locks").acquire(LockKey("npm"), "tests", wait=INSTALL_SECONDS):
        stamp = FOLDER / "installed"
        if not stamp.exists() or stamp.read_text() != "\n".join(PACKAGES):
            subprocess.run(
                ["npm", "install", "--silent", "--no-save", "--prefix", str(FOLDER), *PACKAGES],
                check=True,
                capture_output=True,
                timeout=INSTALL_SECONDS,
            )
            stamp.write_text("\n".join(PACKAGES))
    found = f"{FOLDER / 'node_modules' / '.bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": found, "BROWSER": "true", "NO_COLOR": "1"}
