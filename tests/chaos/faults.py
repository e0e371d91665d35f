"""What is killed, paused or flushed while operations run."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from oduflow.adapters.firewall.plan import ChainNames
from oduflow.domain.plan import EnvironmentPlan
from tests.chaos.arena import TEAMS, Arena
from tests.chaos.model import ExpectedState
from tests.chaos.own_engine import OwnEngine
from tests.support.server import eventually
from tests.support.variants import run_docker

LOOK_SECONDS = 12.0  # for something to kill
UNPAUSE_SECONDS = 120.0  # an engine may be restarting


@dataclass(frozen=True)
class Hit:
    """What a fault did, and the teams whose calls may fail for it."""

    told: str
    teams: frozenset[str]


Found = TypeVar("Found")
Fault = Callable[[Arena, ExpectedState, random.Random], Hit]
NO_TEAM: frozenset[str] = frozenset()
ALL = frozenset(TEAMS)


def kill_server(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    """Kill the server, and now and then its successor too, in the middle of its recovery."""
    times = rng.choice((1, 1, 2, 3))
    with arena.replacing:
        for _ in range(times - 1):
            arena.kill_server()
            arena.start(wait=False)
            time.sleep(rng.uniform(0.5, 4))
        arena.kill_server()
        time.sleep(rng.uniform(0, 3))
        arena.start()
    return Hit(f"the server was killed {times} times", NO_TEAM)


def end_server(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    with arena.replacing:
        arena.server.terminate()
        arena.stop()
        arena.start()
    return Hit("the server was ended by SIGTERM", NO_TEAM)


def suspend_server(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    seconds = rng.uniform(2, 15)
    with arena.replacing:
        arena.server.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        arena.server.process.send_signal(signal.SIGCONT)
    return Hit(f"the server was suspended for {seconds:.0f} s", NO_TEAM)


def kill_command(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    found = _looked_for(arena.commands.pids)
    if not found:
        return Hit("no command was there to kill", NO_TEAM)
    pid = rng.choice(found)
    time.sleep(rng.uniform(0, 4))
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return Hit(f"command {pid} was killed", NO_TEAM)


def kill_child(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    """Kill a program that the server runs, such as git."""
    found = _looked_for(lambda: sorted(descendants(arena.server.process.pid)))
    if not found:
        return Hit("no child was there to kill", NO_TEAM)
    pid = rng.choice(found)
    line = _command_line(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return Hit(f"child {pid} was killed: {line[:160]}", ALL)


def kill_database(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    team = rng.choice(sorted(TEAMS))
    done = run_docker("kill", arena.instance.services.deps.naming.database(team))
    return Hit(f"the database of {team} was killed: {done.returncode}", frozenset({team}))


def pause_database(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    team, seconds = rng.choice(sorted(TEAMS)), rng.uniform(2, 20)
    container = arena.instance.services.deps.naming.database(team)
    done = run_docker("pause", container)
    if done.returncode == 0:
        time.sleep(seconds)
        eventually(lambda: not _paused(container), UNPAUSE_SECONDS)
    text = f"the database of {team} was paused for {seconds:.0f} s: {done.returncode}"
    return Hit(text, frozenset({team}))


def _paused(container: str) -> bool:
    """Unpause it, if the engine answers; a restart of the engine may have ended it."""
    done = run_docker("unpause", container)
    ended = any(words in done.stderr for words in ("not paused", "not running", "No such"))
    return done.returncode != 0 and not ended


def kill_environment(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    environments = [each for each in model.things if each.noun == "environment"]
    thing = rng.choice(environments)
    thing.shaken = True
    row = arena.instance.services.deps.store.environments.get(thing.team, thing.name)
    name = EnvironmentPlan(arena.instance.services.deps.naming, "", thing.team, thing.name)
    done = run_docker("kill", name.container)
    text = f"{thing} was killed ({row.state if row else 'no row'}): {done.returncode}"
    return Hit(text, frozenset({thing.team}))


def kill_installation(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    """Kill a one-off container, in which pip or Odoo installs something."""

    def one_offs() -> list[str]:
        names = run_docker("ps", "--format", "{{.Names}}").stdout.split()
        own = [each for each in names if each.startswith(f"{arena.instance.name}-")]
        return sorted(each for each in own if each.endswith(".once") or "-tpl-" in each)

    found = _looked_for(one_offs)
    if not found:
        return Hit("no installation was there to kill", NO_TEAM)
    name = rng.choice(found)
    done = run_docker("kill", name)
    teams = frozenset(team for team in TEAMS if f"-{team}." in name)
    return Hit(f"{name} was killed: {done.returncode}", teams)


def remove_container(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    thing = rng.choice([each for each in model.things if each.noun == "environment"])
    thing.shaken = thing.lost = True
    name = EnvironmentPlan(arena.instance.services.deps.naming, "", thing.team, thing.name)
    done = run_docker("rm", "--force", "--volumes", name.container)
    text = f"the container of {thing} was removed: {done.returncode} {done.stderr.strip()}"
    return Hit(text, frozenset({thing.team}))


def flush_firewall(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    chains = own_chains(arena)
    for chain in chains:
        subprocess.run(["iptables", "-w", "-F", chain], check=False, capture_output=True)
    return Hit(f"{len(chains)} chains of the firewall were flushed", NO_TEAM)


def stop_everything(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
    """End every container of the instance at once, as a restart of the engine does."""
    names = run_docker("ps", "--format", "{{.Names}}").stdout.split()
    own = [each for each in names if each.startswith(f"{arena.instance.name}-")]
    _shake(model)
    run_docker("kill", *own)
    return Hit(f"{len(own)} containers were killed at once", ALL)


def engine_faults(engine: OwnEngine) -> Fault:
    """Restart the engine beside the running server: ended in order, or killed."""

    def restart(arena: Arena, model: ExpectedState, rng: random.Random) -> Hit:
        number = rng.choice((signal.SIGTERM, signal.SIGKILL))
        _shake(model)
        engine.restart(number)
        _shake(model)
        return Hit(f"the engine was restarted by {number.name}", ALL)

    return restart


FAULTS: dict[str, tuple[int, Fault]] = {
    "server": (4, kill_server),
    "sigterm": (1, end_server),
    "suspended": (1, suspend_server),
    "child": (2, kill_child),
    "command": (2, kill_command),
    "database": (2, kill_database),
    "pause": (2, pause_database),
    "environment": (2, kill_environment),
    "removed": (1, remove_container),
    "installation": (2, kill_installation),
    "firewall": (1, flush_firewall),
    "everything": (1, stop_everything),
}


def chosen(rng: random.Random, engine: OwnEngine | None) -> list[Fault]:
    """Choose the faults of a round."""
    known = dict(FAULTS)
    if engine is not None:
        known["engine"] = (2, engine_faults(engine))
    weights, kinds = zip(*known.values(), strict=True)
    return rng.choices(kinds, weights, k=rng.choice((1, 2, 2, 3)))


def own_chains(arena: Arena) -> list[str]:
    names = ChainNames(arena.instance.name)
    saved = subprocess.run(["iptables-save"], capture_output=True, check=True, text=True).stdout
    chains = [line[1:].split()[0] for line in saved.splitlines() if line.startswith(":")]
    return sorted({chain for chain in chains if names.own(chain)})


def descendants(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    while grown := {each for each, up in parents.items() if up in found | {pid}} - found:
        found |= grown
    return found


def _shake(model: ExpectedState) -> None:
    for thing in model.things:
        if thing.noun == "environment":
            thing.shaken = True


def _looked_for(look: Callable[[], list[Found]]) -> list[Found]:
    deadline = time.monotonic() + LOOK_SECONDS
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return found


def _command_line(pid: int) -> str:
    with suppress(OSError):
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        return raw.replace(b"\0", b" ").decode("utf-8", "replace")
    return "ended"
