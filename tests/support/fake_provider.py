"""A provider's API on a loopback port with scripted answers; it records the requests."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from wsgiref.types import StartResponse, WSGIEnvironment

from oduflow.adapters.git.loopback_server import LoopbackServer


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0


@dataclass
class FakeProvider:
    """Answers by path; several answers of one path are used in turn, the last one repeatedly.

    `asked` holds the path and headers of every request.
    """

    answers: dict[str, list[Said]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = LoopbackServer(self._answer)

    @property
    def authority(self) -> str:
        return self._server.authority

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    def say(self, path: str, *said: Said) -> None:
        self.answers[path] = list(said)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.stop()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        self.asked.append((path, headers))
        left = self.answers.get(path, [Said(404, {"message": "Not Found"})])
        said = left.pop(0) if len(left) > 1 else left[0]
        time.sleep(said.seconds)
        body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        start(f"{said.status} Said", [*said.headers.items(), ("Content-Length", str(len(body)))])
        return [body]
