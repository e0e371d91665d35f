"""Kill the engine under five environments of three teams: all serve again without a call.

The first thing of a run with an engine of its own, before the random rounds.
"""

import signal
import time
from collections.abc import Iterator

from oduflow.domain.environment import EnvironmentState
from oduflow.services.filestore import layers_of
from tests.chaos.arena import Arena, Violation
from tests.chaos.marks import read_marks, write_mark
from tests.chaos.own_engine import OwnEngine
from tests.support.server import serves
from tests.support.variants import plan_of

FIVE = (
    ("blue", "first"),
    ("blue", "second"),
    ("red", "third"),
    ("red", "fourth"),
    ("green", "fifth"),
)
BACK_SECONDS = 240.0


def restart_with_five(arena: Arena, engine: OwnEngine) -> str:
    """Make five environments, kill the engine, and compare them; return what happened.

    Raises:
        Violation: one does not come back and is not marked, or has lost what was written.
    """
    urls = {(team, name): _created(arena, team, name) for team, name in FIVE}
    for team, name in FIVE:
        write_mark(plan_of(arena.instance, name, team), "marked")
    begun = time.monotonic()
    engine.restart(signal.SIGKILL)
    restarted = time.monotonic() - begun
    waiting = dict(urls)
    while waiting and time.monotonic() - begun < BACK_SECONDS:
        waiting = {key: url for key, url in waiting.items() if not serves(url)}
        time.sleep(0.2)
    back = time.monotonic() - begun
    marked = {key: _marked_failed(arena, *key) for key in waiting}
    lost = [*_lost(arena, urls.keys() - waiting.keys())]
    if lost or not all(marked.values()):
        raise Violation(f"after the engine was killed: lost {lost}, not back {waiting}")
    for team, name in FIVE:
        answer = arena.request(team, "DELETE", f"/api/environments/{name}").json()
        arena.job_end(team, answer["job"])
    return (
        f"the engine was killed under five environments: it answered after {restarted:.0f} s, "
        f"{len(urls) - len(waiting)} serve after {back:.0f} s, {len(waiting)} are failed"
    )


def _created(arena: Arena, team: str, name: str) -> str:
    wanted = {"name": name, "repo_url": arena.repositories.plain}
    answer = arena.request(team, "POST", "/api/environments", json=wanted).json()
    ended = arena.job_end(team, answer["job"])
    if ended["status"] != "ok":
        raise Violation(f"{name} of {team} was not created: {ended}")
    return f"{ended['data']['url'].rstrip('/')}/"


def _marked_failed(arena: Arena, team: str, name: str) -> bool:
    row = arena.instance.services.deps.store.environments.get(team, name)
    return row is not None and row.state is EnvironmentState.FAILED and row.error is not None


def _lost(arena: Arena, serving: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the parts of environments that serve, but lack what was written before."""
    for team, name in sorted(serving):
        plan = plan_of(arena.instance, name, team)
        found = read_marks(plan, layers_of(arena.instance.services.deps.engine.volumes, plan))
        for part, mark in zip(("database", "file", "checkout"), found, strict=True):
            if mark != "marked":
                yield f"{part} of {name}"
