"""`python -m bench.undo [ROUNDS] [--small]`: snapshots of a running environment, and rollbacks.

Environments of 23 MB, of 4 GB and with 13,000 files of PostgreSQL, in a pool. While a snapshot is
taken, a client asks for the login page every 50 ms: how much longer than usual its slowest request
takes tells how long the environment is paused. A rollback is timed until the login page answers
200, and so is a start of the same environment, in turn. It needs 15 GB of free disk and five
minutes, and is not part of `python -m bench`.
"""

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path

from bench.calls import act, answers, done, timed
from bench.figures import Figure, table
from bench.storage import KINDS, MODULE, SMALL, instance_in, make_template
from tests.support.base_template import KeptTemplate
from tests.support.git_server import GitServer
from tests.support.login_poller import LoginPoller
from tests.support.server import Server, serving

RESULTS = Path(".bench") / "undo.json"
CHOSEN = ("23-mb", "4-gb", "13k-files")
STILL_SECONDS, RATIO, AROUND_SECONDS = 0.3, 1.5, 0.5


@dataclass(frozen=True)
class Undone:
    """The figures of one environment."""

    snapshot: Figure
    still: Figure
    failed: Figure
    start: Figure
    rollback: Figure
    ratio: Figure

    @classmethod
    def of(cls, kind: str) -> "Undone":
        bound = inf if kind == "13k-files" else STILL_SECONDS  # one fsync a file
        return cls(
            Figure(f"{kind}: snapshot", inf),
            Figure(f"{kind}: longest pause during it", bound),
            Figure(f"{kind}: failed requests during it", 0, "requests"),
            Figure(f"{kind}: stopped to serving", inf),
            Figure(f"{kind}: rollback until 200", inf),
            Figure(f"{kind}: rollback ÷ stopped to serving", RATIO, "times"),
        )

    def all(self) -> tuple[Figure, ...]:
        return (self.snapshot, self.still, self.failed, self.start, self.rollback, self.ratio)


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--small"]
    rounds, known = int(words[0]) if words else 6, SMALL if "--small" in sys.argv else KINDS
    kinds = tuple(kind for kind in known if kind.name in CHOSEN)
    with tempfile.TemporaryDirectory() as folder, GitServer(Path(folder) / "git") as git:
        url, kept = git.repository("plain", {"main": MODULE}), KeptTemplate(Path(folder) / "kept")
        with instance_in(pooled=True, authority=git.authority) as instance:
            kept.give(instance)
            for kind in kinds:
                print(f"making template {kind.name}", flush=True)
                make_template(instance, kind)
            undone = {kind.name: Undone.of(kind.name) for kind in kinds}
            with serving(instance) as server:
                urls = {name: _create(server, name, url) for name in undone}
                for number in range(rounds + 1):
                    for name, each in undone.items():
                        # the first round warms up
                        _round(server, name, urls[name], each if number else Undone.of(name))
    figures = [figure for each in undone.values() for figure in each.all()]
    print(f"{table(figures)}\n{os.cpu_count()} processors, load {os.getloadavg()}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2))
    return 0 if all(map(Figure.holds, figures)) else 1


def _round(server: Server, name: str, url: str, figures: Undone) -> None:
    path = f"/api/environments/{name}"
    with LoginPoller(url) as client:
        time.sleep(AROUND_SECONDS)
        wanted = {"snapshot": "clean"}
        figures.snapshot.values.append(
            timed(lambda: _finished(server, server.job("POST", f"{path}/snapshots", json=wanted)))
        )
        time.sleep(AROUND_SECONDS)
    figures.still.values.append(client.longest_pause)
    figures.failed.values.append(sum(answer != 200 for answer in client.answers))  # noqa: PLR2004
    act(server, name, "stop")
    started = timed(partial(act, server, name, "start"))
    begun = time.perf_counter()
    _finished(server, server.job("POST", f"{path}/rollback", json=wanted))
    if not answers(url):
        raise RuntimeError(f"{name} does not serve after its rollback")
    took = time.perf_counter() - begun
    figures.start.values.append(started)
    figures.rollback.values.append(took)
    figures.ratio.values.append(took / started)
    done(server, "DELETE", f"{path}/snapshots/clean")


def _create(server: Server, name: str, url: str) -> str:
    wanted = {"name": name, "repo_url": url, "template": name}
    made = _finished(server, server.job("POST", "/api/environments", json=wanted))
    address = f"{made}web/login"
    if not answers(address):
        raise RuntimeError(f"{name} does not serve")
    return address


def _finished(server: Server, job: str) -> str:
    """Wait for a job, and return the address that its answer has."""
    envelope = server.finished(job)
    if envelope["status"] != "ok":
        raise RuntimeError(envelope)
    return str(envelope["data"].get("url", ""))


if __name__ == "__main__":
    sys.exit(main())
