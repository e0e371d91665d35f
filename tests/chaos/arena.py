"""The instance that a run shakes: three teams, repositories, packages, and a real server."""

import os
import random
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Any

import requests

from oduflow import bootstrap
from oduflow.domain.errors import Failure
from oduflow.services.storage.setup import set_up_storage
from oduflow.settings import parse
from tests.chaos.command_line import CommandLine
from tests.support.base_template import KeptTemplate, give_template
from tests.support.forked import oduflow
from tests.support.git_server import GitServer
from tests.support.instances import (
    OTHER_PASSWORD,
    PASSWORD,
    Instance,
    configuration,
    folder_of,
)
from tests.support.packages import write_sdist
from tests.support.ports import free_port
from tests.support.server import Server, await_ready, serving

TEAMS: Mapping[str, str] = {
    "blue": PASSWORD,
    "red": OTHER_PASSWORD,
    "green": "a-third-password-for-tests",
}
GREEN = f"""
[team.green]
auth_token = "a-token-for-tests-only-green"
ui_password = "{TEAMS["green"]}"
"""
MANIFEST = '{"name": "Tiny", "depends": ["base"]}'
MODULE = {"tiny/__manifest__.py": MANIFEST, "tiny/__init__.py": ""}
SHARED = {"common/__manifest__.py": MANIFEST, "common/__init__.py": ""}
REQUEST_SECONDS = 60
JOB_SECONDS = 420.0


class Unanswered(Exception):
    """The server did not answer: it was killed, or is not up again."""


class Violation(Exception):
    """The product broke a rule of the run."""


@dataclass(frozen=True)
class Repositories:
    """The URLs that environments are created from.

    Attributes:
        plain: a module; `packages` has requirements as well, `shared` is for extra repos.
        slow: a server that sends a byte now and then, and never ends.
    """

    plain: str
    packages: str
    shared: str
    slow: str


@dataclass
class Journal:
    """What happened, in order: one line each, in a file that stays when the run fails."""

    path: Path
    begun: float = field(default_factory=time.monotonic)
    _guard: Lock = field(default_factory=Lock)

    def note(self, line: str) -> None:
        with self._guard, self.path.open("a") as file:
            file.write(f"{time.monotonic() - self.begun:8.1f}  {line}\n")


@dataclass
class Arena:
    """One instance, and the server that is killed and started again.

    Attributes:
        wrong: what was seen that the product must not do.
        replacing: held while one server takes the place of another.
    """

    instance: Instance
    repositories: Repositories
    journal: Journal
    wrong: list[str] = field(default_factory=list)
    server: Server = field(init=False)
    commands: CommandLine = field(init=False)
    replacing: RLock = field(default_factory=RLock)
    _running: ExitStack = field(default_factory=ExitStack, init=False)

    def __post_init__(self) -> None:
        self.commands = CommandLine(self.instance.config)

    @property
    def folder(self) -> Path:
        return self.instance.config.parent

    def start(self, *, wait: bool = True) -> None:
        self.server = self._running.enter_context(serving(self.instance, wait=False))
        if wait:
            await_ready(self.server)

    def stop(self) -> None:
        self._running.close()

    def kill_server(self) -> None:
        self.server.kill()
        self._running.close()

    def request(self, team: str, method: str, path: str, **more: Any) -> requests.Response:
        """Call the server as a person of the team.

        Raises:
            Unanswered: no response came.
        """
        url = f"http://127.0.0.1:{self.instance.settings.server.port}{path}"
        more.setdefault("timeout", REQUEST_SECONDS)
        try:
            return requests.request(method, url, auth=("admin", TEAMS[team]), **more)  # noqa: S113
        except requests.ReadTimeout as cause:
            self.wrong.append(f"{method} {path} of {team} had no answer in {REQUEST_SECONDS} s")
            raise Unanswered(str(cause)) from cause
        except requests.RequestException as cause:
            raise Unanswered(str(cause)) from cause

    def data(self, team: str, path: str) -> dict[str, Any]:
        """Read something, while the server is up."""
        answer = self.request(team, "GET", path)
        if answer.status_code != requests.codes.ok:
            raise Violation(f"GET {path} of {team}: {answer.status_code} {answer.text[:300]}")
        found: dict[str, Any] = answer.json()["data"]
        return found

    def job_end(self, team: str, job: str) -> dict[str, Any]:
        """Wait for a job's envelope, also beyond the end of the server that ran it."""
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self.request(team, "GET", f"/api/jobs/{job}/wait?seconds=10")
            except Unanswered:
                time.sleep(0.3)
                continue
            if answer.status_code == requests.codes.too_many_requests:
                time.sleep(0.5)
                continue
            if answer.status_code != requests.codes.ok:
                raise Violation(f"job {job} of {team}: {answer.status_code} {answer.text[:300]}")
            seen = answer.json()["data"]
            if seen["status"] not in {"queued", "running"}:
                result: dict[str, Any] = seen["result"]
                return result
        raise Violation(f"job {job} of {team} did not end in {JOB_SECONDS:.0f} s")


def make_arena(stack: ExitStack) -> Arena:
    """Make the instance, with a pool, and its templates; only `destroy` removes it."""
    name = f"chaos-{os.getpid()}-{random.randbytes(2).hex()}"  # noqa: S311 - not a secret
    folder = folder_of(name)
    folder.mkdir(mode=0o755)
    git = stack.enter_context(GitServer(folder / "git"))
    config = folder / "oduflow.toml"
    images = f'[images]\npip_find_links = "{_packages(folder)}"\npip_index_url = "none"\n'
    text = configuration(name, port=free_port(), git_hosts=(git.authority,), more=images + GREEN)
    config.write_text(text)
    config.chmod(0o600)
    settings = parse(text, config)
    instance = Instance(name, config, settings, bootstrap.build(settings))
    instance.services.store.migrate()
    instance.services.deps.infrastructure.ensure()
    with suppress(Failure):  # this machine cannot have a pool, and copies
        set_up_storage(instance.services.deps, lambda _line: None)
    stack.callback(instance.services.engine.close)
    KeptTemplate(folder / "template").give(instance)
    for team in TEAMS.keys() - {"blue"}:
        give_template(instance, team)
    packages = {**MODULE, "requirements.txt": "tinysource\n"}
    repositories = Repositories(
        plain=git.repository("plain", {"main": MODULE}),
        packages=git.repository("packages", {"main": packages}),
        shared=git.repository("shared", {"main": SHARED}),
        slow=git.url("drip/plain.git"),
    )
    return Arena(instance, repositories, Journal(folder / "chaos.log"))


def destroy(arena: Arena) -> str:
    """Run `oduflow destroy`, and return what it said."""
    arena.instance.services.audit.close()
    arena.instance.services.store.close()
    done = oduflow("destroy", "--yes", "--config", str(arena.instance.config), timeout=300)
    if done.returncode != 0:
        raise Violation(f"destroy ended with {done.returncode}: {done.stdout} {done.stderr}")
    return done.stdout


def _packages(folder: Path) -> Path:
    """Write a package that pip builds, readable by the images' users."""
    packages = folder / "packages"
    packages.mkdir()
    write_sdist(packages, "tinysource", {"tinysource.py": "ANSWER = 43\n"})
    packages.chmod(0o755)
    for file in packages.iterdir():
        file.chmod(0o644)
    return packages
