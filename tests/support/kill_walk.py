"""Kill the real server at one step of a saga after the other.

A point is `<saga>.<step>.<before or after>`: a failpoint that holds the server while a file of that
name exists. The server that starts after a kill recovers from it, and is the one that the next kill
ends: two servers a point would double the time of a walk.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.instances import Instance
from tests.support.server import Server, eventually, serving

SECONDS = 60.0
STEP_SECONDS = 180.0


def points(saga: str, steps: list[str]) -> list[str]:
    """List the failpoints of a saga at which a kill can leave something different behind.

    Between `X.after` and the next step's `before` only the row's `step` is written, so each `after`
    but the last would kill the same half-made thing twice.
    """
    return [*(f"{saga}.{step}.before" for step in steps), f"{saga}.{steps[-1]}.after"]


class KillWalk:
    """A server that is replaced by a new one each time it is killed."""

    server: Server

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.server = self._running.enter_context(serving(self._instance))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def kill_at(self, point: str, method: str, path: str, **more: Any) -> list[dict[str, Any]]:
        """Kill the server while it is held at a step of what it was asked for; start the next.

        Returns:
            The environments that the killed server showed last.
        """
        hold = _failpoint(self._instance, point)
        reached = hold.with_name(f"{point}.reached")
        hold.touch()
        try:
            self.server.job(method, path, **more)
            eventually(reached.exists, SECONDS, self.server.tail)
            shown = self.server.environments()
            self.server.kill()
        finally:  # the next server must not be held
            hold.unlink()
            reached.unlink(missing_ok=True)
        self._restart(point)
        return shown

    def kill_during(self, step: str, seconds: float, method: str, path: str, **more: Any) -> None:
        """Kill the server some time after a job has begun a step, or at once when it has ended.

        Args:
            step: as the job's progress shows it; empty for the job's beginning.
            seconds: how long after.
            method: of the request that starts the job.
            path: of that request.
            more: its other parts.
        """
        job = self.server.job(method, path, **more)

        def begun() -> bool:
            shown = self.server.request("GET", f"/api/jobs/{job}").json()["data"]
            ended = shown["status"] not in {"queued", "running"}
            return not step or ended or shown["step"] == step

        eventually(begun, STEP_SECONDS, self.server.tail)
        time.sleep(seconds)
        self.server.kill()
        self._restart(f"{method} {path}, {step} and {seconds:.1f} s")

    def _restart(self, after: str) -> None:
        self._running.close()
        self.server = self._running.enter_context(serving(self._instance))
        self.eventually(self._has_recovered, after)

    def _has_recovered(self) -> bool:
        """Whether the first look of the reconcile loop is over, and every job that it started."""
        jobs = self.server.request("GET", "/api/jobs?active=true").json()["data"]["jobs"]
        return "ready: environments" in self.server.tail() and not jobs

    def eventually(self, true: Callable[[], bool], explain: str = "") -> None:
        """Wait until a condition holds; fail with what the server said when it never does."""
        eventually(true, SECONDS, lambda: f"{explain}\n{self.server.tail()}")


def _failpoint(instance: Instance, name: str) -> Path:
    folder = instance.settings.server.data_dir / "failpoints"
    folder.mkdir(exist_ok=True)
    return folder / name
