"""`python -m bench.neighbour [SECONDS]`: what a team's busy neighbour costs it.

Team blue's Odoo is asked for its login page twenty times a second, and the server for an
environment and for the dashboard: quiet first, then while team red does its worst of one kind, then
quiet again. The table has the median and the 99th percentile over the quiet ones. Run it on an
otherwise idle machine.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import requests

from tests.support.base_template import KeptTemplate, give_template
from tests.support.git_server import GitServer
from tests.support.instances import (
    OTHER_PASSWORD,
    PASSWORD,
    TEMPLATE,
    Instance,
    running_instance,
)
from tests.support.ports import free_port
from tests.support.server import Server, serving
from tests.support.variants import plan_of

SECONDS, INTERVAL = 20.0, 0.05
RED = ("red0", "red1", "red2")
MODULE = {"tiny/__manifest__.py": '{"name": "Tiny", "depends": ["base"]}', "tiny/__init__.py": ""}
RESULTS = Path(".bench") / "neighbour.json"
BLUE_AUTH, RED_AUTH = ("admin", PASSWORD), ("admin", OTHER_PASSWORD)
SPIN = """
import os, time
for _ in range(2): os.fork()
while time.time() < %r: pass
"""
QUERY = """
import configparser, os, psycopg2, time
for _ in range(2): os.fork()
told = configparser.ConfigParser(); told.read("/etc/odoo/odoo.conf"); own = told["options"]
made = psycopg2.connect(host=own["db_host"], user=own["db_user"], password=own["db_password"],
                        dbname=own["db_name"])
while time.time() < %r: made.cursor().execute(%r)
"""
COUNT = "SELECT sum(g) FROM generate_series(1, 3000000) g"
LARGE = (
    "DO $$ DECLARE a text; BEGIN a := repeat('x', 1000000000); a := a || a;"
    " EXCEPTION WHEN OTHERS THEN NULL; END $$"
)
LOG = "DO $$ BEGIN FOR i IN 1..5000 LOOP RAISE LOG 'a line of the neighbour'; END LOOP; END $$"
IDS = (
    "DO $$ BEGIN FOR i IN 1..20000 LOOP BEGIN PERFORM pg_current_xact_id();"
    " RAISE EXCEPTION 'x'; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$"
)
SORT = "SELECT md5(g::text) h FROM generate_series(1, 1000000) g ORDER BY h OFFSET 999999"


@dataclass
class Seen:
    """Seconds that each kind of request took."""

    values: dict[str, list[float]] = field(default_factory=dict)
    errors: int = 0

    def add(self, what: str, seconds: float) -> None:
        self.values.setdefault(what, []).append(seconds)

    def summary(self, what: str) -> tuple[float, float]:
        found = self.values[what]
        return median(found), quantiles(found, n=100)[98]


@dataclass(frozen=True)
class Neighbours:
    instance: Instance
    server: Server
    url: str
    large: str
    seconds: float

    def until(self) -> float:
        """Return when a load that begins now ends."""
        return time.time() + self.seconds + 2.0

    def containers(self) -> list[str]:
        return [plan_of(self.instance, name, "red").container for name in RED]


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    chosen = sys.argv[2:] or list(LOADS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        git = stack.enter_context(GitServer(folder / "git"))
        repo = git.repository("plain", {"main": MODULE})
        many = {f"tiny/data/{number}.csv": f"{number}\n" * 1000 for number in range(5000)}
        large = git.repository("large", {"main": {**MODULE, **many}})
        instance = stack.enter_context(
            running_instance(port=free_port(), git_hosts=(git.authority,))
        )
        KeptTemplate(folder / "template").give(instance)
        give_template(instance, "red")
        server = stack.enter_context(serving(instance))
        wanted = {"repo_url": repo, "template": TEMPLATE}
        own = instance.ok("create_environment", "blue", name="own", **wanted)["url"]
        for name in RED:
            instance.ok("create_environment", "red", name=name, **wanted)
        scene = Neighbours(instance, server, f"{own}web/login", large, seconds)
        _watch(scene, 3.0)  # the first requests build caches
        report = {"quiet": _watch(scene, seconds)}
        for load in chosen:
            with LOADS[load](scene):
                time.sleep(1.0)
                report[load] = _watch(scene, seconds)
            time.sleep(2.0)
        report["quiet again"] = _watch(scene, seconds)
    print(_table(report))
    print(f"{os.cpu_count()} processors, load {os.getloadavg()}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({name: seen.values for name, seen in report.items()}))
    return 0


def _watch(scene: Neighbours, seconds: float) -> Seen:
    """Ask as a person would who works in Odoo, with another one beside on the dashboard."""
    seen, end = Seen(), time.monotonic() + seconds
    path = f"{scene.server.url}/api/environments/own"
    asks = (
        ("Odoo", scene.url, INTERVAL),
        ("get", path, 4 * INTERVAL),
        ("page", f"{scene.server.url}/environments/own", 10 * INTERVAL),
    )

    def ask(what: str, url: str, interval: float) -> None:
        with requests.Session() as session:
            while (begun := time.monotonic()) < end:
                try:
                    session.get(url, auth=BLUE_AUTH, timeout=60).raise_for_status()
                except requests.RequestException:
                    seen.errors += 1
                else:
                    seen.add(what, time.monotonic() - begun)
                time.sleep(max(0.0, interval - (time.monotonic() - begun)))

    threads = [threading.Thread(target=ask, args=each) for each in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


@contextmanager
def _inside(scene: Neighbours, code: str) -> Iterator[None]:
    """Run Python in each of red's containers, as its Odoo could, until the time in it."""
    begun = [
        subprocess.Popen(["docker", "exec", name, "python3", "-c", code])
        for name in scene.containers()
    ]
    yield
    for process in begun:
        process.wait(60)


@contextmanager
def _requests(
    scene: Neighbours, threads: int, *paths: tuple[str, str], body: dict[str, str] | None = None
) -> Iterator[None]:
    """Ask the server as team red, on every thread without a pause."""
    code = f"""
import itertools, os, requests, threading
os.nice(19)  # in place of another machine
def ask():
    with requests.Session() as session:
        for method, path in itertools.cycle({paths!r}):
            try:
                session.request(method, {scene.server.url!r} + path, auth={RED_AUTH!r}, timeout=30,
                                json={body!r})
            except requests.RequestException: pass
for _ in range({threads}): threading.Thread(target=ask).start()
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _silent(scene: Neighbours, number: int) -> Iterator[None]:
    """Hold connections to the server that say nothing."""
    with ExitStack() as stack:
        for _ in range(number):
            with suppress(OSError):
                address = ("127.0.0.1", scene.instance.settings.server.port)
                opened = socket.create_connection(address, timeout=5)
                stack.enter_context(opened)
        yield


@contextmanager
def _all(scene: Neighbours) -> Iterator[None]:
    with ExitStack() as stack:
        for load in ("Odoo", "counting", "calls"):
            stack.enter_context(LOADS[load](scene))
        yield


LOADS: dict[str, Callable[[Neighbours], AbstractContextManager[None]]] = {
    "Odoo": lambda scene: _inside(scene, SPIN % scene.until()),
    "counting": lambda scene: _inside(scene, QUERY % (scene.until(), COUNT)),
    "sorting": lambda scene: _inside(scene, QUERY % (scene.until(), SORT)),
    "large texts": lambda scene: _inside(scene, QUERY % (scene.until(), LARGE)),
    "log lines": lambda scene: _inside(scene, QUERY % (scene.until(), LOG)),
    "ids": lambda scene: _inside(scene, QUERY % (scene.until(), IDS)),
    "connections": lambda scene: _silent(scene, 1500),
    "creations": lambda scene: _requests(
        scene, 8, ("POST", "/api/environments"), body={"name": "none", "repo_url": scene.large}
    ),
    "calls": lambda scene: _requests(
        scene, 8, ("GET", "/api/environments"), ("DELETE", "/api/templates/none")
    ),
    "dashboards": lambda scene: _requests(scene, 24, ("GET", "/"), ("GET", "/environments/red0")),
    "all": _all,
}


def _table(report: dict[str, Seen]) -> str:
    lines = [f"{'red does':14} {'blue asks':9} {'median':>9} {'p99':>9} {'÷ quiet':>14}  errors"]
    for name, seen in report.items():
        for what in seen.values:
            quiet = report["quiet"].summary(what)
            mid, tail = seen.summary(what)
            ratio = f"{mid / quiet[0]:.2f} / {tail / quiet[1]:.2f}"
            lines.append(
                f"{name:14} {what:9} {mid * 1000:6.1f} ms {tail * 1000:6.1f} ms {ratio:>14}"
                f"  {seen.errors}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
