"""`python -m bench.scale`: forty environments in one team, and twenty teams with one each.

For both: the memory of the server, of the environments and of the teams' PostgreSQL; list, get and
dashboard; and how long it takes until everything serves again after server, databases and
environments were killed at once. It needs some 8 GiB of memory and ten minutes, and is not part of
`python -m bench`. Run it on an otherwise idle machine; the load is printed with each table.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests

from bench.calls import answers, got, resident_megabytes, timed
from bench.figures import Figure, table
from tests.support.base_template import KeptTemplate, give_template
from tests.support.git_server import GitServer
from tests.support.instances import TEMPLATE, Instance, running_instance
from tests.support.ports import free_port
from tests.support.server import Server, eventually, serving

ENVIRONMENTS, TEAMS = 40, 20
CALLS = 40
CREATE_SECONDS, BACK_SECONDS = 1800.0, 600.0
RESULTS = Path(".bench") / "scale.json"
MODULE = {"tiny/__manifest__.py": '{"name": "Tiny", "depends": ["base"]}', "tiny/__init__.py": ""}
UNITS = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}


@dataclass(frozen=True)
class TeamSizes:
    """How many environments each of some teams has."""

    title: str
    teams: tuple[str, ...]
    each: int

    @property
    def environments(self) -> list[tuple[str, str]]:
        return [(team, f"e{number}") for team in self.teams for number in range(self.each)]


SCENES = (
    TeamSizes(f"1 team of {ENVIRONMENTS}", ("large",), ENVIRONMENTS),
    TeamSizes(f"{TEAMS} teams of 1", tuple(f"team{number}" for number in range(TEAMS)), 1),
)


def main() -> int:
    figures: list[Figure] = []
    teams = [team for scene in SCENES for team in scene.teams]
    more = "".join(
        f'[team.{team}]\nauth_token = "a-token-for-tests-of-{team}"\n'
        f'ui_password = "{_password(team)}"\nmax_environments = {ENVIRONMENTS}\n'
        for team in teams
    )
    with tempfile.TemporaryDirectory() as folder, GitServer(Path(folder) / "git") as git:
        url = git.repository("plain", {"main": MODULE})
        with running_instance(port=free_port(), git_hosts=(git.authority,), more=more) as instance:
            KeptTemplate(Path(folder) / "template").give(instance)
            for scene in SCENES:
                for team in scene.teams:
                    give_template(instance, team)
                measured = _measure(scene, instance, url)
                print(f"{table(measured)}\nload {os.getloadavg()}", flush=True)
                figures += measured
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2))
    print(f"\n{os.cpu_count()} processors; written to {RESULTS}")
    return 0 if all(map(Figure.holds, figures)) else 1


def _measure(scene: TeamSizes, instance: Instance, url: str) -> list[Figure]:
    wanted = {"repo_url": url, "template": TEMPLATE}
    created = Figure(f"{scene.title}: create all, all serving", 120)
    back = Figure(f"{scene.title}: kill all, all serving again", 60)
    with serving(instance) as server:
        created.values.append(timed(partial(_create_all, scene, server, wanted)))
        quick = _calls(scene, server)
        memory = _memory(scene, instance, server)
        urls = [
            server.request("GET", f"/api/environments/{name}", auth=_auth(team)).json()["data"][
                "url"
            ]
            for team, name in scene.environments
        ]
        server.kill()
    names = [name for name in _containers(instance) if "-db-" in name or "-env-" in name]
    subprocess.run(["docker", "kill", *names], check=True, capture_output=True)
    started = time.perf_counter()
    with serving(instance) as server:
        eventually(lambda: _all_serve(urls), BACK_SECONDS, server.tail)
        back.values.append(time.perf_counter() - started)
        again = _memory(scene, instance, server)
        for old, new in zip(memory, again, strict=True):
            old.values += new.values
        _for_all(scene, server, "DELETE", lambda name: f"/api/environments/{name}")
    return [*memory, *quick, created, back]


def _create_all(scene: TeamSizes, server: Server, wanted: dict[str, str]) -> None:
    _for_all(scene, server, "POST", lambda _name: "/api/environments", wanted)


def _for_all(
    scene: TeamSizes,
    server: Server,
    method: str,
    path: Callable[[str], str],
    wanted: dict[str, str] | None = None,
) -> None:
    jobs = []
    for team, name in scene.environments:
        body = None if wanted is None else {**wanted, "name": name}
        answer = server.request(method, path(name), json=body, auth=_auth(team))
        answer.raise_for_status()
        jobs.append((team, answer.json()["job"]))
    deadline = time.monotonic() + CREATE_SECONDS
    for team, job in jobs:
        seen = {"status": "running"}
        while seen["status"] in {"queued", "running"} and time.monotonic() < deadline:
            answer = server.request("GET", f"/api/jobs/{job}/wait?seconds=20", auth=_auth(team))
            seen = answer.json()["data"]
        if seen["status"] != "ok":
            raise RuntimeError(seen)


def _calls(scene: TeamSizes, server: Server) -> list[Figure]:
    """Measure over one persistent connection, once a team and call."""
    paths = {"list": ("/api/environments", 0.015), "get": ("/api/environments/e0", 0.03)}
    paths["dashboard"] = ("/", 0.03)
    figures = []
    with requests.Session() as session:
        for what, (path, target) in paths.items():
            figure = Figure(f"{scene.title}: {what}", target)
            for number in range(CALLS):
                password = _password(scene.teams[number % len(scene.teams)])
                figure.values.append(timed(partial(got, session, server, path, password)))
            figures.append(figure)
    return figures


def _memory(scene: TeamSizes, instance: Instance, server: Server) -> list[Figure]:
    used = _containers(instance)
    databases = {instance.services.deps.naming.database(team) for team in scene.teams}
    environments = [size for name, size in used.items() if "-env-" in name]
    own = [size for name, size in used.items() if name in databases]
    values = {
        "the server": (resident_megabytes(server.process.pid), 200),
        "an environment, on average": (sum(environments) / len(environments), 150),
        "a team's PostgreSQL, on average": (sum(own) / len(own), 1500 / len(scene.teams)),
    }
    return [
        Figure(f"{scene.title}: memory of {what}", target, "MB", [value])
        for what, (value, target) in values.items()
    ]


def _all_serve(urls: list[str]) -> bool:
    with ThreadPoolExecutor(8) as pool:
        return all(pool.map(answers, [f"{url}web/login" for url in urls]))


def _containers(instance: Instance) -> dict[str, float]:
    """Return the memory of each running container of the instance, in MB."""
    listed = subprocess.run(
        ["docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = {}
    for line in listed.splitlines():
        name, used = line.split()[:2]
        if name.startswith(f"{instance.name}-"):
            found[name] = float(used[:-3]) * UNITS.get(used[-3:], 0)
    return found


def _auth(team: str) -> tuple[str, str]:
    return ("admin", _password(team))


def _password(team: str) -> str:
    return f"a-password-for-{team}-only"


if __name__ == "__main__":
    sys.exit(main())
