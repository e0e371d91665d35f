"""Operations by `oduflow call`, in processes beside the server, which are killed as well."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from tests.chaos.answers import Ended
from tests.chaos.model import ExpectedThing
from tests.support.forked import PATH_ONLY, Command, Forked

SECONDS = 420.0
TOOLS = {
    ("extra_repo", "create"): "add_extra_repo",
    ("environment", "create_snapshot"): "create_snapshot",
    ("environment", "delete_snapshot"): "delete_snapshot",
}


@dataclass
class CommandLine:
    """Starts the commands, and knows which of them run."""

    config: Path
    _running: list[Forked] = field(default_factory=list)
    _guard: Lock = field(default_factory=Lock)

    def pids(self) -> list[int]:
        with self._guard:
            return [each.pid for each in self._running if each.poll() is None]

    def call(self, thing: ExpectedThing, operation: str, body: dict[str, Any]) -> Ended:
        """Run a command to its end; one that was killed has not answered."""
        tool = TOOLS.get((thing.noun, operation), f"{operation}_{thing.noun}")
        where = ("--config", str(self.config), "--team", thing.team, "--json", "--yes")
        words = ("call", *where, tool, json.dumps({"name": thing.name, **body}))
        with TemporaryDirectory() as folder:
            output, errors = Path(folder) / "output", Path(folder) / "errors"
            for file in (output, errors):
                file.touch()
            process = Forked(Command(words, PATH_ONLY), output, errors)
            with self._guard:
                self._running.append(process)
            try:
                code = process.wait(SECONDS)
            finally:
                process.kill()
                with self._guard:
                    self._running.remove(process)
            return _read(code, output.read_text(), errors.read_text())


def _read(code: int, output: str, errors: str) -> Ended:
    if code < 0:
        return Ended("unanswered", message=f"the command was killed by signal {-code}")
    try:
        told = json.loads(output)
    except ValueError:
        return Ended("failed", "internal", f"exit code {code}: {output} {errors}")
    error = told.get("error") or {}
    said = (error.get("kind", ""), error.get("message", ""))
    return Ended(told["status"], *said, told.get("snapshot") or "")
