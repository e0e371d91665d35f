"""Observe what other users of the machine see: processes, their environments, containers."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from requests import RequestException

from oduflow.adapters.docker.engine import Engine

PAUSE_SECONDS = 0.02


class Spy:
    """Polls the processes and containers within a `with` block.

    Args:
        instance: the instance whose containers are polled; processes are those of all users.
    """

    def __init__(self, instance: str) -> None:
        self.processes: set[bytes] = set()
        self.containers: dict[str, str] = {}
        self._label = f"{instance}.kind"
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(look,))
            for look in (self._processes, self._containers)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def saw(self, text: str) -> bool:
        """Return whether any process or container contained the text."""
        return any(text.encode() in seen for seen in self.processes) or any(
            text in seen for seen in self.containers.values()
        )

    def _repeat(self, look: Callable[[Engine], None]) -> None:
        engine = Engine()
        while not self._stop.wait(PAUSE_SECONDS):
            look(engine)
        engine.close()

    def _processes(self, _engine: Engine) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            for file in ("cmdline", "environ"):
                with suppress(OSError):  # it ended while we looked
                    self.processes.add((process / file).read_bytes())

    def _containers(self, engine: Engine) -> None:
        for found in engine.api.containers(all=True, filters={"label": self._label}):
            with suppress(RequestException):  # it was removed while we looked
                inspected = engine.api.inspect_container(found["Id"])
                self.containers[inspected["Name"].lstrip("/")] = json.dumps(inspected)
