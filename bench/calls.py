"""Calls of a running server, timed."""

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import requests

from tests.support.instances import PASSWORD
from tests.support.server import Server


def create_all(server: Server, wanted: dict[str, str], names: list[str]) -> None:
    jobs = [
        server.job("POST", "/api/environments", json={**wanted, "name": name}) for name in names
    ]
    for job in jobs:
        envelope = server.finished(job)
        if envelope["status"] != "ok":
            raise RuntimeError(envelope)


def act(server: Server, name: str, what: str) -> None:
    done(server, "POST", f"/api/environments/{name}/{what}")


def done(server: Server, method: str, path: str) -> None:
    answer = server.request(method, path)
    envelope = answer.json()
    if answer.status_code == requests.codes.accepted:
        envelope = server.finished(envelope["job"])
    if envelope["status"] != "ok":
        raise RuntimeError(envelope)


def got(
    session: requests.Session, server: Server, path: str, password: str = PASSWORD
) -> requests.Response:
    answer = session.get(server.url + path, auth=("admin", password), timeout=60)
    answer.raise_for_status()
    return answer


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == HTTPStatus.OK
    except requests.RequestException:
        return False


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
