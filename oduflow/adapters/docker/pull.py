"""Pull an image from its registry, with progress and time limits."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from docker import APIClient, auth
from docker.utils import parse_repository_tag
from requests import RequestException

from oduflow.adapters.docker.errors import ImageMissing, raise_for_status, timed_out, without_paths
from oduflow.domain.errors import UpstreamFailed

TOTAL_SECONDS = 30 * 60
SILENT_SECONDS = 120  # the engine reports every layer about once a second
_REPORT_SECONDS = 2


def pull(
    api: APIClient,
    reference: str,
    on_progress: Callable[[str], None],
    *,
    total: float = TOTAL_SECONDS,
    silent: float = SILENT_SECONDS,
) -> None:
    """Make the engine pull an image.

    docker-py's own `pull` has no time limit, so this calls `POST /images/create` itself.

    Raises:
        ImageMissing: the registry refused, or has no such image.
        UpstreamFailed: it took longer than `total` seconds, or was silent for `silent` seconds.
        requests.RequestException: the engine did not answer; the caller translates it.
    """
    try:
        _pull(api, reference, on_progress, total, silent)
    except RequestException as cause:
        if not timed_out(cause):
            raise
        raise UpstreamFailed(
            f"The registry of {reference} was silent for {silent:.0f} s.", _again(reference)
        ) from cause


def _pull(
    api: APIClient, reference: str, on_progress: Callable[[str], None], total: float, silent: float
) -> None:
    repository, tag = parse_repository_tag(reference)
    registry, _ = auth.resolve_repository_name(repository)
    header = auth.get_config_header(api, registry)
    answer = api.post(
        f"{api.base_url}/v{api.api_version}/images/create",
        params={"fromImage": repository, "tag": tag or "latest"},
        headers={"X-Registry-Auth": header} if header else {},
        stream=True,
        timeout=silent,
    )
    with answer:
        raise_for_status(answer)
        deadline = time.monotonic() + total
        progress = PullProgress(reference)
        for event in _events(answer.iter_lines()):
            if time.monotonic() > deadline:
                raise UpstreamFailed(
                    f"Pulling {reference} took longer than {total / 60:.0f} min.",
                    _again(reference),
                )
            if line := progress.feed(event, time.monotonic()):
                on_progress(line)


@dataclass(slots=True)
class PullProgress:
    """Condenses the engine's events, several a second for each layer, into a line every 2 s."""

    reference: str
    layers: dict[str, tuple[int, int]] = field(default_factory=dict)
    reported_at: float = float("-inf")

    def feed(self, event: dict[str, Any], now: float) -> str | None:
        """Add one event, and return a line when one is due.

        Raises:
            ImageMissing: the event is an error.
        """
        if error := event.get("error"):
            raise ImageMissing(
                f"The registry gave no {self.reference}: {without_paths(error)}.",
                "Check the image's name; `docker login` where the registry is private.",
            )
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            self.layers[event["id"]] = (detail["current"], detail["total"])
        elif event.get("status") == "Download complete" and event.get("id") in self.layers:
            _, size = self.layers[event["id"]]
            self.layers[event["id"]] = (size, size)
        if not self.layers or now - self.reported_at < _REPORT_SECONDS:
            return None
        self.reported_at = now
        done, total = (sum(column) for column in zip(*self.layers.values(), strict=True))
        return f"Pulling {self.reference}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"


def _again(reference: str) -> str:
    return f"Call again later; on the server, `docker pull {reference}` shows what keeps it."


def _events(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.strip():
            yield json.loads(line)
