"""`python -m tests.chaos [--seed N] [--rounds N]`: kill everything while three teams work.

In each round several threads call random operations through REST, and one or two faults hit the
server, its children, the databases, the containers or the firewall. Then nothing may be stuck,
half-made or left over, each answer must have come true, and what was not touched must serve.

The seed chooses operations and faults; their timing differs from run to run. The first violation
prints seed, round and journal, keeps the instance, and ends with exit code 1.
"""

import argparse
import random
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import requests

from tests.chaos.answers import ABSENT, FAILED, LOST, RUNNING, Ended
from tests.chaos.arena import TEAMS, Arena, Violation, destroy, make_arena
from tests.chaos.contents import HeldContents
from tests.chaos.engine_restart import restart_with_five
from tests.chaos.faults import Fault, Hit, chosen
from tests.chaos.invariants import Checks, own_rules
from tests.chaos.marks import write_mark
from tests.chaos.model import ExpectedState, ExpectedThing
from tests.chaos.operations import Worker
from tests.chaos.own_engine import OwnEngine, enter
from tests.support.instances import world
from tests.support.server import eventually
from tests.support.variants import plan_of, run_docker

WORKERS, CHANGES, MEDDLINGS = 3, 4, 8
ROUND_SECONDS = 900.0
SETTLE_SECONDS = 300.0
DEFECTS = ("a defect", "could not be finished", "hit a defect", "could not be kept")


class Chaos:
    """The rounds of one run."""

    def __init__(self, arena: Arena, seed: int, rounds: int, engine: OwnEngine | None) -> None:
        self._arena, self._seed, self._rounds, self._engine = arena, seed, rounds, engine
        self._model = ExpectedState(TEAMS)
        rules = own_rules(world(arena.instance).rules)
        self._checks = Checks(arena, self._model, rules)
        self._changes = self._read = 0

    def run(self) -> None:
        for number in range(1, self._rounds + 1):
            self._round(number)
        self._finish()

    def _round(self, number: int) -> None:
        arena, begun = self._arena, time.monotonic()
        arena.journal.note(f"--- round {number}")
        self._mark(f"round-{number}", self._seeded(number, "marks"))
        faults = chosen(self._seeded(number), self._engine)
        workers = [self._worker(number, name) for name in range(WORKERS + 1)]
        hits: list[Hit] = []
        with ThreadPoolExecutor(WORKERS + 1 + len(faults)) as pool:
            running = [pool.submit(each.work, CHANGES) for each in workers[1:]]
            running.append(pool.submit(workers[0].meddle, MEDDLINGS))
            for each, fault in enumerate(faults):
                rng = self._seeded(number, "fault", each)
                running.append(pool.submit(self._hit, fault, rng, hits))
            _, late = wait(running, timeout=ROUND_SECONDS)
            if late:
                raise Violation(f"{len(late)} threads did not end in {ROUND_SECONDS:.0f} s")
            for ended in running:
                ended.result()
        ends = [end for worker in workers for end in worker.ends]
        self._changes += len(ends)
        self._blame(ends, hits)
        self._settle()
        self._remove_failed()
        self._model.settle(self._checks.seen(), self._checks.held())
        counted = ", ".join(f"{count} {what}" for what, count in _counted(ends).items())
        told = "; ".join(hit.told for hit in hits)
        seconds = time.monotonic() - begun
        say(f"round {number}: {counted} | {told} | {self._server()}, {seconds:.0f} s")

    def _mark(self, mark: str, rng: random.Random) -> None:
        """Write into most environments that run, so that their snapshots differ."""
        for thing in self._model.things:
            if thing.noun == "environment" and thing.possible == {RUNNING} and rng.random() < 0.7:
                write_mark(plan_of(self._arena.instance, thing.name, thing.team), mark)
                thing.contents.now = frozenset({mark})

    def _worker(self, number: int, name: int) -> Worker:
        return Worker(self._arena, self._model, self._seeded(number, name))

    def _seeded(self, *parts: object) -> random.Random:
        return random.Random(f"{self._seed}/{parts}")  # noqa: S311 - to be repeated

    def _hit(self, fault: Fault, rng: random.Random, hits: list[Hit]) -> None:
        time.sleep(rng.uniform(0.5, 12))
        hit = fault(self._arena, self._model, rng)
        self._arena.journal.note(f"FAULT {hit.told}")
        hits.append(hit)

    def _blame(self, ends: list[tuple[ExpectedThing, str, Ended]], hits: list[Hit]) -> None:
        """Find failures that no fault of the round explains."""
        explained = frozenset(team for hit in hits for team in hit.teams)
        for thing, operation, end in ends:
            unexplained = end.kind == "upstream" and thing.team not in explained
            if unexplained and not thing.shaken and "drip" not in end.message:
                self._arena.wrong.append(f"{operation} of {thing} failed: {end.message}")
        log = self._arena.server.log.read_text(errors="replace")
        defects = [line for line in log[self._read :].splitlines() if _is_defect(line)]
        self._arena.wrong += [f"the server's log: {line}" for line in defects]
        self._read = len(log)

    def _settle(self) -> None:
        if self._arena.wrong:
            raise Violation("\n".join(self._arena.wrong))
        problems: list[str] = []

        def none() -> bool:
            problems[:] = self._checks.problems()
            if problems:
                time.sleep(1)
            return not problems

        try:
            eventually(none, SETTLE_SECONDS)
        except AssertionError:
            raise Violation("\n".join(problems)) from None

    def _remove_failed(self) -> None:
        """Delete what has failed or lost its container: that must always be possible."""
        for text, state in self._checks.seen().items():
            if text.startswith("environment ") and state in {FAILED, LOST}:
                team, name = text.removeprefix("environment ").split("/")
                self._delete(team, f"/api/environments/{name}", protected=True)
                for thing in self._model.things:
                    if str(thing) == text:
                        thing.protected = False

    def _delete(self, team: str, path: str, *, protected: bool = False) -> None:
        if protected:
            self._arena.request(team, "POST", f"{path}/protect", json={"protected": False})
        answer = self._arena.request(team, "DELETE", path)
        told = answer.json()
        if answer.status_code == requests.codes.accepted:
            told = self._arena.job_end(team, told["job"])
        if told.get("status") != "ok":
            raise Violation(f"DELETE {path} of {team}: {told}")

    def _finish(self) -> None:
        """Delete everything, then destroy the instance: nothing may be left."""
        for text in sorted(self._checks.seen()):  # environments, extra repos, templates
            noun, _, rest = text.partition(" ")
            team, name = rest.split("/")
            self._delete(team, f"{_PATHS[noun]}/{name}", protected=noun == "environment")
        for thing in self._model.things:
            thing.possible, thing.shaken = {ABSENT}, False
            thing.contents.settle(HeldContents())
        self._settle()
        self._arena.server.terminate()
        self._arena.stop()
        destroy(self._arena)
        name = self._arena.instance.name
        for words in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
            listed = run_docker(*words, "--format", "{{json .}}").stdout
            if name in listed:
                raise Violation(f"after destroy, docker {' '.join(words)} has {name}: {listed}")
        data_dir = self._arena.instance.settings.server.data_dir
        left = {path.name for path in data_dir.glob("*")} - {"server.lock"}
        if left:
            raise Violation(f"after destroy, {data_dir} has {sorted(left)}")
        say(f"{self._rounds} rounds, {self._changes} changes: nothing left, half-made or stuck")

    def _server(self) -> str:
        process = Path(f"/proc/{self._arena.server.process.pid}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        memory, threads = int(status["VmRSS"].split()[0]) // 1024, status["Threads"].strip()
        files = len(list((process / "fd").iterdir()))
        return f"server {memory} MB, {threads} threads, {files} files"


_PATHS = {
    "environment": "/api/environments",
    "template": "/api/templates",
    "extra_repo": "/api/extra-repos",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--own-engine", action="store_true", help="and restart its own engine")
    parser.add_argument("--engine-folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    say(f"seed {given.seed}, {given.rounds} rounds")
    if given.own_engine:
        enter(["--seed", str(given.seed), "--rounds", str(given.rounds)])
    with ExitStack() as stack:
        engine = OwnEngine(given.engine_folder) if given.engine_folder else None
        if engine is not None:
            stack.callback(engine.remove)
            engine.start()
        arena = make_arena(stack)
        stack.callback(arena.stop)
        try:
            arena.start()
            if engine is not None:
                say(restart_with_five(arena, engine))
            Chaos(arena, given.seed, given.rounds, engine).run()
        except Violation as violation:
            say(f"VIOLATION with seed {given.seed}:\n{violation}\n")
            say(f"The journal's end, from {arena.journal.path}:")
            say("\n".join(arena.journal.path.read_text().splitlines()[-60:]))
            return kept(arena, engine)
        except KeyboardInterrupt:
            return kept(arena, engine)
    shutil.rmtree(arena.folder)
    return 0


def kept(arena: Arena, engine: OwnEngine | None) -> int:
    """Say where everything is, and how to remove it."""
    if engine is not None:
        say(f"\nThe engine and its containers are gone; the logs are in {arena.folder}.")
        return 1
    say(f"\nEverything is kept in {arena.folder}. To remove it:")
    say(f"  .venv/bin/oduflow destroy --config {arena.instance.config}")
    return 1


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _is_defect(line: str) -> bool:
    return any(words in line for words in DEFECTS)


def _counted(ends: list[tuple[ExpectedThing, str, Ended]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, _, end in ends:
        what = end.kind if end.status == "failed" else end.status
        found[what] = found.get(what, 0) + 1
    return dict(sorted(found.items()))


if __name__ == "__main__":
    sys.exit(main())
