"""One-off containers: run to their end."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from docker import APIClient

from oduflow.adapters.docker.errors import FOREIGN
from oduflow.adapters.docker.output import OutputReader, attach
from oduflow.domain.container import RunResult
from oduflow.domain.errors import Cancelled, UpstreamFailed
from oduflow.domain.progress_monitor import ProgressMonitor

KEPT_LINES = 400
_POLL_SECONDS = 0.2  # between two questions whether to stop
_STREAM_END_SECONDS = 5  # that the stream may take to end after the container


def run_to_end(
    api: APIClient, container: str, timeout: float, monitor: ProgressMonitor
) -> RunResult:
    """Start a container and pass on its lines until it ends; remove it when its time is over.

    Raises:
        Cancelled: `cancelled` said so.
        UpstreamFailed: it ran longer than `timeout` seconds.
    """
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    stop_check = _StopCheck(timeout, monitor.cancelled, tail)
    reader = OutputReader(attach(api, container))
    reader.start()
    try:
        api.start(container)
        while not reader.at_end:
            stop_check.check()
            if (line := reader.next_line()) is not None:
                tail.append(line)
                monitor.on_progress(line)
        while (state := api.inspect_container(container)["State"])["Running"]:
            stop_check.check()
            time.sleep(_POLL_SECONDS)
    finally:
        reader.give_up()
        if not reader.at_end:
            with suppress(*FOREIGN):
                api.remove_container(container, v=True, force=True)
        reader.join(_STREAM_END_SECONDS)
    return RunResult(state["ExitCode"], "\n".join(tail), out_of_memory=bool(state.get("OOMKilled")))


@dataclass(slots=True)
class _StopCheck:
    """Raises when a run has to stop; asks the caller at most five times a second."""

    timeout: float
    cancelled: Callable[[], bool]
    tail: Iterable[str]
    started: float = field(default_factory=time.monotonic)
    asked: float = 0.0

    def check(self) -> None:
        now = time.monotonic()
        if now - self.started > self.timeout:
            raise UpstreamFailed(
                f"It did not end within {self.timeout:.0f} s and was stopped.",
                "Its last lines say how far it came; call again when the machine has less to do.",
                output="\n".join(self.tail),
            )
        if now - self.asked >= _POLL_SECONDS:
            self.asked = now
            if self.cancelled():
                raise Cancelled("Stopped on request.", output="\n".join(self.tail))
