"""A process that has the libraries loaded, and forks a pytest for each tree it is told of.

Loading them is most of what a short run costs. Nothing of the project is loaded here: each fork
finds it in its own tree. Reads one JSON object a line, answers one: how pytest ended, or null when
it took too long. Run as a file, so that no folder of the project is on the path.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from typing import Any

LIBRARIES = (
    "alembic.command",
    "authlib.integrations.flask_oauth2",
    "docker",
    "flask_dance.consumer",
    "git",
    "hypothesis",
    "jinja2",
    "mcp.server.lowlevel",
    "psycopg",
    "pydantic",
    "pytest",
    "requests",
    "sqlalchemy",
    "waitress",
)
LOOK_SECONDS = 0.02


def main() -> None:
    sys.path.pop(0)  # this file's own folder
    for name in LIBRARIES:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            _run(asked)
        sys.stdout.write(f"{json.dumps(_wait(child, asked['limit']))}\n")
        sys.stdout.flush()


def _run(asked: dict[str, Any]) -> None:
    """Become the pytest of one tree."""
    code = 1
    try:
        os.setsid()
        output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(asked["root"])
        os.environ.update(asked["environ"])
        sys.path.insert(0, asked["root"])
        code = int(importlib.import_module("pytest").main(asked["arguments"]))
    finally:
        os._exit(code)


def _wait(child: int, limit: float) -> int | None:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(LOOK_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
