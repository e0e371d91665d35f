"""Real instances for tests: their own prefix, ports, folder; removed by name, never by prune."""

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from oduflow import bootstrap
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.firewall.plan import ChainNames
from oduflow.adapters.locks import FileLocks
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.outcome import Envelope
from oduflow.kernel.call import Origin
from oduflow.kernel.locks import LockKey
from oduflow.services.server.destroy import destroy_everything
from oduflow.settings import Settings, parse

# PostgreSQL's socket lies below: a unix socket's path has at most 107 characters.
ROOT = Path("/tmp")  # noqa: S108
TEMPLATE = "base-19"
PASSWORD = "a-password-for-tests-only"
TOKEN = "a-token-for-tests-only-blue"
OTHER_PASSWORD = "another-password-for-tests"
OTHER_TOKEN = "a-token-for-tests-only-red"
_INSTANCE = re.compile(r"(test-(\d+)-[0-9a-f]{6})-")


def worker_number() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def first_port() -> int:
    """Give every worker of every run on this machine a separate range of a hundred ports."""
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    return 21000 + 200 * (run % 50) + 100 * worker_number()


def new_instance_name() -> str:
    return f"test-{os.getpid()}-{secrets.token_hex(3)}"


def folder_of(instance: str) -> Path:
    return ROOT / f"odf-{instance}"


def configuration(instance: str, *, port: int, git_hosts: tuple[str, ...], more: str = "") -> str:
    first = first_port()
    hosts = ", ".join(f'"{host}"' for host in git_hosts)
    return f"""
[server]
instance = "{instance}"
data_dir = "{folder_of(instance) / "data"}"
port = {port}
git_allowed_hosts = [{hosts}]
[routing]
port_range = "{first}-{first + 99}"
[team.blue]
name = "Blue"
auth_token = "{TOKEN}"
ui_password = "{PASSWORD}"
default_template = "{TEMPLATE}"
[team.red]
auth_token = "{OTHER_TOKEN}"
ui_password = "{OTHER_PASSWORD}"
{more}
"""


@dataclass(frozen=True)
class Instance:
    """One real instance, driven in this process."""

    name: str
    config: Path
    settings: Settings
    services: bootstrap.Services

    def actor(self, team: str = "blue") -> Actor:
        return Actor(team, ActorKind.CLI, "tester")

    def call(self, tool: str, team: str = "blue", /, **arguments: Any) -> Envelope[Any]:
        return self.services.runner.call(tool, arguments, self.actor(team), Origin("cli"), wait=inf)

    def ok(self, tool: str, team: str = "blue", /, **arguments: Any) -> Any:
        """Call and return the data; anything but success fails the test with the reason."""
        envelope = self.call(tool, team, **arguments)
        assert envelope.status == "ok", envelope.error
        data = envelope.data
        assert data is not None
        return data if isinstance(data, dict) else data.model_dump(mode="json")


@contextlib.contextmanager
def running_instance(
    *,
    port: int,
    git_hosts: tuple[str, ...],
    more: str = "",
    prepare: Callable[[Instance], None] = lambda _instance: None,
    after: Callable[[], None] = lambda: None,
) -> Iterator[Instance]:
    """Make an instance and remove it at the end.

    Args:
        prepare: called before anything is made.
        after: called when all but the instance's folder is removed.
    """
    name = new_instance_name()
    folder = folder_of(name)
    folder.mkdir(mode=0o700)
    config = folder / "oduflow.toml"
    config.write_text(configuration(name, port=port, git_hosts=git_hosts, more=more))
    config.chmod(0o600)
    settings = parse(config.read_text(), config)
    services = bootstrap.build(settings)
    instance = Instance(name, config, settings, services)
    try:
        prepare(instance)
        services.store.migrate()
        services.deps.infrastructure.ensure()
        yield instance
    finally:
        destroy(services)
        after()
        shutil.rmtree(folder)


def destroy(services: bootstrap.Services) -> None:
    services.audit.close()  # else its clock would make the store anew
    for _ in destroy_everything(
        services.deps.naming,
        services.deps.engine,
        services.networks,
        services.firewall,
        services.deps.infrastructure.pools,
        services.store,
        services.recoverables,
    ):
        pass
    services.engine.close()


def destroy_orphans() -> list[str]:
    """Remove, by name, the leftovers of dead test runs; one worker at a time."""
    with FileLocks(ROOT / "odf-locks").acquire(LockKey("orphans"), "tests", wait=120):
        return _destroy_orphans()


def _destroy_orphans() -> list[str]:
    found = {
        match[1]
        for facts in Networks(Engine()).list({})
        if (match := _INSTANCE.match(facts.name)) and not Path(f"/proc/{match[2]}").exists()
    }
    for instance in sorted(found):
        text = configuration(instance, port=8999, git_hosts=())
        destroy(bootstrap.build(parse(text)))
        shutil.rmtree(folder_of(instance), ignore_errors=True)
    return sorted(found)


@dataclass(frozen=True)
class InstanceContents:
    """Everything of an instance that exists outside its store."""

    containers: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]
    databases: frozenset[str]
    roles: frozenset[str]
    folders: frozenset[str]
    rules: frozenset[str]


def world(instance: Instance) -> InstanceContents:
    """List all of it, including anonymous volumes."""
    deps = instance.services.deps
    prefix = instance.name
    data_dir = instance.settings.server.data_dir
    teams = deps.infrastructure.databases.servers
    clusters = [deps.postgres.cluster(team) for team in teams if _has_cluster(instance, team)]
    return InstanceContents(
        containers=_without_inspections(
            _docker("ps", "--all", "--format", "{{.Names}}", prefix=prefix)
        ),
        volumes=_docker("volume", "ls", "--format", "{{.Name}}", prefix=prefix),
        networks=_docker("network", "ls", "--format", "{{.Name}}", prefix=prefix),
        databases=frozenset(name for each in clusters for name in each.databases()),
        roles=frozenset(name for each in clusters for name in each.roles()),
        folders=frozenset(
            str(path.relative_to(data_dir))
            for kind in ("environments/*", "templates/*", "extra/*", "extra/*/*")
            for path in data_dir.glob(f"team_*/{kind}")
        ),
        rules=_rules(instance),
    )


def _has_cluster(instance: Instance, team: str) -> bool:
    deps = instance.services.deps
    return deps.engine.volumes.facts(deps.naming.database_volume(team)) is not None


def _without_inspections(names: frozenset[str]) -> frozenset[str]:
    """Leave out the momentary containers with which a server inspects an image."""
    return frozenset(name for name in names if "-inspect-" not in name)


def _rules(instance: Instance) -> frozenset[str]:
    """Return the firewall rules about this instance, also those of other programs.

    A rule about one of its ports may be left of a network that is gone, but it is another
    instance's if it names a network of that: two runs may have the same ports.
    """
    networks, labels = instance.services.networks, instance.services.deps.naming.labels("network")
    ports = instance.settings.routing.port_range
    bridges = {facts.bridge for facts in networks.list(labels)}
    others = {facts.bridge for facts in networks.list({})} - bridges - {""}
    own = [ChainNames(instance.name).digest, *bridges]
    return frozenset(
        line
        for line in _run("iptables-save")
        if any(word in line for word in own)
        or (_published(line) in ports and others.isdisjoint(line.split()))
    )


def _published(rule: str) -> int:
    found = re.search(r"--dport (\d+)", rule)
    return int(found[1]) if found else 0


def anonymous_volumes() -> frozenset[str]:
    """Return Docker's volumes without a chosen name that no container uses."""
    names = _run("docker", "volume", "ls", "--quiet", "--filter", "dangling=true")
    return frozenset(name for name in names if re.fullmatch(r"[0-9a-f]{64}", name))


def left_volumes(before: frozenset[str]) -> frozenset[str]:
    """Return the anonymous volumes that were left behind since `before`.

    A container that another test makes just now has its volumes a moment before it uses them.
    """
    deadline = time.monotonic() + 5
    while (left := anonymous_volumes() - before) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def _docker(*words: str, prefix: str) -> frozenset[str]:
    return frozenset(name for name in _run("docker", *words) if name.startswith(f"{prefix}-"))


def _run(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
    return [
        re.sub(r"\[\d+:\d+\]", "", line) for line in done.stdout.splitlines() if line[:1] != "#"
    ]
