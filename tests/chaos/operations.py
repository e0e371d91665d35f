"""Operations through REST, chosen by a seeded generator from what fits a thing."""

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import requests

from tests.chaos.answers import ABSENT, READY, RUNNING, STOPPED, Ended
from tests.chaos.arena import Arena, Unanswered, Violation
from tests.chaos.model import ExpectedState, ExpectedThing

COLLECTIONS = {
    "environment": "/api/environments",
    "template": "/api/templates",
    "extra_repo": "/api/extra-repos",
}
CHOICES: Mapping[str, Sequence[str]] = {
    "environment": (
        *("delete", "stop", "start", "restart", "rebuild", "protect", "create", "copy"),
        *("create_snapshot", "create_snapshot", "rollback", "rollback", "delete_snapshot"),
    ),
    "template": ("delete", "create"),
    "extra_repo": ("delete", "update", "create"),
}
CREATIONS: Mapping[str, Sequence[str]] = {
    "environment": ("create", "create", "copy"),
    "template": ("create",),
    "extra_repo": ("create",),
}
READS = (
    "/api/environments",
    "/api/environments/{name}",
    "/api/environments/{name}/logs",
    "/api/environments/{name}/snapshots",
    "/api/jobs",
    "/api/status",
    "/api/templates",
    "/api/extra-repos",
    "/",
    "/environments/{name}",
)
SNAPSHOT_NEEDED = {"rollback", "delete_snapshot"}
MINUTE = 60
CANCEL_SECONDS = 120


@dataclass(frozen=True)
class ChosenOperation:
    """One operation on a thing.

    Attributes:
        snapshot: the one that is made, deleted or gone back to.
        source: the environment that `thing` is made a copy of.
    """

    thing: ExpectedThing
    operation: str
    snapshot: str = ""
    source: ExpectedThing | None = None


class Worker:
    """Runs operations one after the other, each on a thing that it has to itself."""

    def __init__(self, arena: Arena, model: ExpectedState, rng: random.Random) -> None:
        self._arena, self._model, self._rng = arena, model, rng
        self.ends: list[tuple[ExpectedThing, str, Ended]] = []

    def work(self, count: int) -> None:
        for _ in range(count):
            thing = self._model.claim(self._shuffled())
            if thing is None:
                time.sleep(0.2)
                continue
            try:
                with self._chosen(thing) as change:
                    self._change(change)
            finally:
                thing.claimed = False

    def meddle(self, count: int) -> None:
        """Read anything, and now and then change a thing that another operation works on."""
        for _ in range(count):
            thing = self._rng.choice(self._model.of("environment", self._team()))
            if self._rng.random() < 0.25:
                thing.shaken = thing.contents.contended = True
                operation = self._rng.choice(("stop", "restart", "delete", "create"))
                self._change(ChosenOperation(thing, operation))
            else:
                self._read(thing)
            time.sleep(self._rng.uniform(0, 1))

    def _team(self) -> str:
        return self._rng.choice(sorted({each.team for each in self._model.things}))

    def _shuffled(self) -> list[ExpectedThing]:
        weights = {"environment": 1.0, "extra_repo": 0.35, "template": 0.06}
        order = {
            id(each): self._rng.random() ** (1 / weights[each.noun]) for each in self._model.things
        }
        return sorted(self._model.things, key=lambda each: -order[id(each)])

    def _choose(self, thing: ExpectedThing) -> str:
        if thing.possible == {ABSENT} and self._rng.random() < 0.9:
            return self._rng.choice(CREATIONS[thing.noun])
        if thing.protected and self._rng.random() < 0.4:
            return "protect"
        return self._rng.choice(CHOICES[thing.noun])

    @contextmanager
    def _chosen(self, thing: ExpectedThing) -> Iterator[ChosenOperation]:
        """Choose an operation on a thing; the source of a copy is claimed, too."""
        operation = self._choose(thing)
        kept = sorted(thing.contents.kept)
        if operation == "copy":
            source = self._model.claim(self._copied(thing))
            try:
                yield ChosenOperation(thing, operation if source else "create", source=source)
            finally:
                if source is not None:
                    source.claimed = False
        elif operation == "create_snapshot" or (operation in SNAPSHOT_NEEDED and not kept):
            yield ChosenOperation(thing, "create_snapshot", self._model.new_snapshot())
        elif operation in SNAPSHOT_NEEDED:
            yield ChosenOperation(thing, operation, self._rng.choice(kept))
        else:
            yield ChosenOperation(thing, operation)

    def _copied(self, thing: ExpectedThing) -> list[ExpectedThing]:
        """List the environments that it can be made a copy of."""
        of_team = self._model.of("environment", thing.team)
        return [each for each in of_team if each.possible & {RUNNING, STOPPED}]

    def _change(self, change: ChosenOperation) -> None:
        thing, operation = change.thing, change.operation
        protect = not thing.protected if operation == "protect" else None
        end = self._perform(change, protect=protect)
        self._arena.journal.note(f"{operation} {thing}: {end.status} {end.kind} {end.message}")
        self.ends.append((thing, operation, end))
        wrong = thing.ended(operation, end, change.snapshot, change.source)
        if wrong:
            self._arena.wrong.append(wrong)
        if protect is not None:
            self._learn_protection(thing, end, wanted=protect)

    @staticmethod
    def _learn_protection(thing: ExpectedThing, end: Ended, *, wanted: bool) -> None:
        if end.status == "ok":
            thing.protected = wanted
        elif not end.refused:
            thing.protected = None

    def _perform(self, change: ChosenOperation, *, protect: bool | None) -> Ended:
        thing, operation = change.thing, change.operation
        method, path, body = self._call_of(change)
        if protect is not None:
            body = {"protected": protect}
        if self._rng.random() < 0.2:
            return self._by_command(change, body or {})
        cancel_after = self._rng.uniform(0, 6) if self._rng.random() < 0.2 else None
        if body and body.get("repo_url") == self._arena.repositories.slow:
            cancel_after = self._rng.uniform(2, 6)
        self._arena.journal.note(f"{operation} {thing} … {body or ''}")
        try:
            answer = self._arena.request(thing.team, method, path, json=body)
        except Unanswered as cause:
            return Ended("unanswered", message=str(cause)[:80])
        return self._end_of(thing, answer, cancel_after)

    def _by_command(self, change: ChosenOperation, body: dict[str, Any]) -> Ended:
        thing, operation = change.thing, change.operation
        if change.source is not None:
            body = {**body, "name": change.source.name}
        elif change.snapshot:
            body = {"snapshot": change.snapshot}
        if body.get("repo_url") == self._arena.repositories.slow:
            body["repo_url"] = self._arena.repositories.plain
        self._arena.journal.note(f"{operation} {thing} by a command … {body or ''}")
        return self._checked(thing, self._arena.commands.call(thing, operation, body))

    def _end_of(
        self, thing: ExpectedThing, answer: requests.Response, cancel_after: float | None
    ) -> Ended:
        try:
            told = answer.json()
        except ValueError:
            self._arena.wrong.append(f"{answer.url}: {answer.status_code} {answer.text[:200]}")
            return Ended("failed", "internal", answer.text[:200])
        if answer.status_code >= requests.codes.bad_request:
            return self._checked(thing, Ended("failed", told["kind"], told["detail"]))
        if answer.status_code == requests.codes.accepted:
            self._arena.journal.note(f"{thing} is worked on by job {told['job']}")
            if cancel_after is not None:
                self._cancel_later(thing.team, told["job"], cancel_after)
            try:
                told = self._arena.job_end(thing.team, told["job"])
            except Violation as stuck:
                self._arena.wrong.append(str(stuck))
                return Ended("unanswered", message=str(stuck))
        error = told.get("error") or {}
        said = (error.get("kind", ""), error.get("message", ""))
        return self._checked(thing, Ended(told["status"], *said, told.get("snapshot") or ""))

    def _checked(self, thing: ExpectedThing, end: Ended) -> Ended:
        if end.kind == "internal":
            self._arena.wrong.append(f"{thing}: an internal error: {end.message}")
        return end

    def _cancel_later(self, team: str, job: str, seconds: float) -> None:
        def cancel() -> None:
            time.sleep(seconds)
            for _ in range(MINUTE):  # a server that is starting
                try:
                    answer = self._arena.request(team, "POST", f"/api/jobs/{job}/cancel")
                except Unanswered:
                    time.sleep(1)
                    continue
                self._arena.journal.note(f"cancel {job}: {answer.status_code}")
                return self._check_cancelled(team, job, answer)
            return None

        threading.Thread(target=cancel, daemon=True).start()

    def _check_cancelled(self, team: str, job: str, answer: requests.Response) -> None:
        """See that a job which accepted its cancellation ends."""
        accepted = answer.status_code == requests.codes.ok
        deadline = time.monotonic() + CANCEL_SECONDS
        while accepted and time.monotonic() < deadline:
            with suppress(Unanswered):
                seen = self._arena.request(team, "GET", f"/api/jobs/{job}").json()
                if seen["data"]["status"] not in {"queued", "running"}:
                    return
            time.sleep(1)
        if accepted:
            self._arena.wrong.append(f"job {job} of {team} goes on {CANCEL_SECONDS} s after cancel")

    def _call_of(self, change: ChosenOperation) -> tuple[str, str, dict[str, Any] | None]:
        thing, operation = change.thing, change.operation
        collection = COLLECTIONS[thing.noun]
        if operation == "create":
            return "POST", collection, {"name": thing.name, **self._wanted(thing)}
        if change.source is not None:
            return "POST", f"{collection}/{change.source.name}/copy", {"new_name": thing.name}
        path, kept = f"{collection}/{thing.name}", change.snapshot
        match operation:
            case "create_snapshot":
                return "POST", f"{path}/snapshots", {"snapshot": kept}
            case "delete_snapshot":
                return "DELETE", f"{path}/snapshots/{kept}", None
            case "delete":
                return "DELETE", path, None
        return "POST", f"{path}/{operation}", {"snapshot": kept} if kept else None

    def _wanted(self, thing: ExpectedThing) -> dict[str, Any]:
        repositories, rng = self._arena.repositories, self._rng
        if thing.noun == "template":
            return {}
        if thing.noun == "extra_repo":
            return {"repo_url": rng.choice((repositories.shared,) * 4 + (repositories.slow,))}
        urls = (repositories.plain,) * 5 + (repositories.packages,) * 2 + (repositories.slow,)
        wanted: dict[str, Any] = {"repo_url": rng.choice(urls), "template": "base-19"}
        if rng.random() < 0.5:
            wanted["branch"] = "main"
        if rng.random() < 0.25:
            wanted["modules"] = ["tiny"]
        (extra,) = self._model.of("extra_repo", thing.team)
        if READY in extra.possible and rng.random() < 0.5:
            wanted["extra_repos"] = [extra.name]
        return wanted

    def _read(self, thing: ExpectedThing) -> None:
        path = self._rng.choice(READS).format(name=thing.name)
        try:
            answer = self._arena.request(thing.team, "GET", path, allow_redirects=False)
        except Unanswered:
            return
        if answer.status_code >= requests.codes.internal_server_error:
            problem = f"GET {path} of {thing.team}: {answer.status_code} {answer.text[:300]}"
            self._arena.journal.note(problem)
            if '"kind":"upstream"' not in answer.text.replace(" ", ""):
                self._arena.wrong.append(problem)
