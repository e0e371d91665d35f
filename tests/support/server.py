"""The real `oduflow serve` as a separate process, called over REST."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.support.forked import Command, Forked
from tests.support.instances import PASSWORD, Instance

READY_SECONDS = 60.0


@dataclass
class Server:
    """One server process of an instance."""

    instance: Instance
    process: subprocess.Popen[bytes] | Forked
    log: Path
    begun: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.instance.settings.server.port}"

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        more.setdefault("auth", ("admin", PASSWORD))
        more.setdefault("timeout", 60)
        return requests.request(method, self.url + path, **more)  # noqa: S113

    def job(self, method: str, path: str, **more: Any) -> str:
        """Start a slow operation and return its job."""
        answer = self.request(method, path, **more)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"])

    def finished(self, job: str, seconds: float = 120) -> dict[str, Any]:
        """Wait for a job's end and return its envelope."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            seen = self.request("GET", f"/api/jobs/{job}/wait?seconds=20").json()["data"]
            if seen["status"] not in {"queued", "running"}:
                envelope: dict[str, Any] = seen["result"]
                return envelope
        raise AssertionError(f"job {job} did not end in {seconds} s: {self.tail()}")

    def environments(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.request("GET", "/api/environments").json()["data"][
            "environments"
        ]
        return found

    def latest_job(self) -> str:
        """Return the status of the newest job."""
        (job,) = self.request("GET", "/api/jobs?limit=1").json()["data"]["jobs"]
        return str(job["status"])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def tail(self) -> str:
        """Return the log of this process, without earlier ones."""
        return self.log.read_bytes()[self.begun :].decode()[-3000:]


@contextlib.contextmanager
def serving(
    instance: Instance, *, wait: bool = True, command: list[str] | None = None, **environ: str
) -> Iterator[Server]:
    """Run `oduflow serve`, or execute another command, until the block ends."""
    log = instance.config.with_name("serve.log")
    log.touch()
    begun = log.stat().st_size
    process: subprocess.Popen[bytes] | Forked
    if command is None:
        words = ("serve", "--config", str(instance.config))
        process = Forked(Command(words, {**os.environ, **environ}), log, log)
    else:
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **environ},
            )
    server = Server(instance, process, log, begun)
    try:
        if wait:
            await_ready(server)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def await_ready(server: Server) -> None:
    def ready() -> bool:
        assert server.process.poll() is None, server.tail()
        with contextlib.suppress(requests.RequestException):
            return server.request("GET", "/readyz", auth=None, timeout=5).status_code == 200
        return False

    eventually(ready, READY_SECONDS, server.tail)


def serves(url: str) -> bool:
    """Whether the Odoo at a URL, which ends with a slash, answers its sign-in page."""
    try:
        return requests.get(f"{url}web/login", timeout=10).status_code == 200
    except requests.RequestException:
        return False


def eventually(
    true: Callable[[], bool], seconds: float, explain: Callable[[], object] = lambda: ""
) -> None:
    """Wait until a condition holds; fail with an explanation when it never does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {explain()}"
        time.sleep(0.05)
