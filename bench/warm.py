"""`python -m bench.warm [ROUNDS]`: creations from a warm slot against starts of an environment.

A round is a start of a stopped environment, a creation that claims a slot, and a cold creation,
one after the other, so that a busy moment meets all of them. Only their ratios count.
"""

import json
import os
import sys
import tempfile
import time
from functools import partial
from math import inf
from pathlib import Path

from bench.calls import act, answers, done, timed
from bench.figures import Figure, table
from bench.storage import instance_in
from oduflow.domain.warm_slot import WarmSlotState
from tests.support.base_template import KeptTemplate
from tests.support.git_server import GitServer
from tests.support.instances import Instance
from tests.support.server import Server, serving
from tests.support.variants import variant

RESULTS = Path(".bench") / "warm.json"
MODULE = {"tiny/__manifest__.py": '{"name": "Tiny", "depends": ["base"]}', "tiny/__init__.py": ""}
TEAM, RATIO, READY_SECONDS = "blue", 0.6, 120.0


def main() -> int:
    rounds = int(sys.argv[1]) if sys.argv[1:] else 10
    with tempfile.TemporaryDirectory() as folder, GitServer(Path(folder) / "git") as git:
        url, kept = git.repository("plain", {"main": MODULE}), KeptTemplate(Path(folder) / "kept")
        with instance_in(pooled=True, authority=git.authority) as plain:
            kept.give(plain)
            with variant(plain, ("[team.blue]", "[team.blue]\nwarm_slots = 1")) as instance:
                figures = measure(instance, url, rounds)
    print(f"{table(figures)}\nload {os.getloadavg()}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2))
    return 0 if all(map(Figure.holds, figures)) else 1


def measure(instance: Instance, url: str, rounds: int) -> list[Figure]:
    start = Figure("stopped to serving", inf)
    warm, cold = Figure("create from a warm slot", inf), Figure("create without one", inf)
    with serving(instance) as server:
        wanted = {"name": "kept", "repo_url": url}
        _create(server, wanted)
        for number in range(rounds + 1):
            slot = _slot(instance)
            act(server, "kept", "stop")
            seconds = [timed(partial(act, server, "kept", "start"))]
            name = f"warm-{number}"
            seconds.append(timed(partial(_create, server, {**wanted, "name": name})))
            row = instance.services.deps.store.environments.get(TEAM, name)
            if row is None or row.id != slot:
                raise RuntimeError(f"{name} has not claimed slot {slot}")
            name = f"cold-{number}"  # at once, before there is another slot
            seconds.append(timed(partial(_create, server, {**wanted, "name": name})))
            for each in ("warm", "cold"):
                done(server, "DELETE", f"/api/environments/{each}-{number}")
            if number:  # the first round warms up
                for figure, value in zip((start, warm, cold), seconds, strict=True):
                    figure.values.append(value)
    ratio = Figure("warm create ÷ stopped to serving", RATIO, "times")
    ratio.values += [mine / base for mine, base in zip(warm.values, start.values, strict=True)]
    of_cold = Figure("warm create ÷ cold create", inf, "times")
    of_cold.values += [mine / base for mine, base in zip(warm.values, cold.values, strict=True)]
    return [start, warm, cold, ratio, of_cold]


def _slot(instance: Instance) -> str:
    """Wait for a slot, and return its id."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for slot in instance.services.deps.store.warm_slots.of(TEAM):
            if slot.state is WarmSlotState.READY:
                return slot.id
        time.sleep(0.1)
    raise RuntimeError("no warm slot was made")


def _create(server: Server, wanted: dict[str, str]) -> None:
    envelope = server.finished(server.job("POST", "/api/environments", json=wanted))
    if not answers(f"{envelope['data']['url']}web/login"):
        raise RuntimeError(envelope)


if __name__ == "__main__":
    sys.exit(main())
