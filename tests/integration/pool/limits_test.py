"""A team fills its disk from inside, in every way that it has; another team notices nothing."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
import requests

from oduflow.domain.container import ContainerFacts
from oduflow.domain.errors import Kind, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.recoverable import find_leftovers
from oduflow.services.server.database_start import RESERVE
from oduflow.services.storage.limits import keep_pools
from oduflow.services.storage.setup import set_up_storage
from tests.support.base_template import KeptTemplate, give_template
from tests.support.git_server import GitServer
from tests.support.instances import Instance, running_instance
from tests.support.ports import free_port
from tests.support.power import look
from tests.support.server import eventually
from tests.support.variants import docker, plan_of, run_docker, signed_in

pytestmark = pytest.mark.timeout(600)

MODULE = {"odd/__manifest__.py": '{"name": "Odd", "depends": ["base"]}', "odd/__init__.py": ""}
MIB, GIB = 1 << 20, 1 << 30
FILESTORE = "/var/lib/odoo/filestore/{}"
ROWS = "INSERT INTO hoard SELECT repeat('x', 1000000) FROM generate_series(1, 16)"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with GitServer(tmp_path_factory.mktemp("repositories")) as server:
        yield server.repository("plain", {"main": MODULE})


@pytest.fixture(scope="module")
def limited(url: str, kept_template: KeptTemplate) -> Iterator[Instance]:
    """Two teams; red may fill 2 GiB, and has two environments."""

    def prepare(instance: Instance) -> None:
        set_up_storage(instance.services.deps, lambda _line: None)

    with running_instance(
        port=free_port(),
        git_hosts=(url.split("/")[2],),
        prepare=prepare,
        more="disk_gb = 2\n",
    ) as instance:
        kept_template.give(instance)
        give_template(instance, "red")
        with growing(instance):
            for name in ("hog", "meek"):
                instance.ok("create_environment", "red", name=name, repo_url=url)
            yield instance


@contextmanager
def growing(instance: Instance) -> Iterator[None]:
    """Let the pools grow, as a server does."""
    stop, pools = threading.Event(), instance.services.deps.infrastructure.pools
    thread = threading.Thread(target=keep_pools, args=(pools, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_nothing_can_be_written_but_to_the_teams_disk_and_memory(limited: Instance) -> None:
    container = plan_of(limited, "hog", "red").container
    script = (
        "find / -xdev -type d -writable;"
        "df --output=target,source /tmp /var/tmp /var/lib/odoo | tail -n +2"
    )
    lines = run_docker("exec", container, "sh", "-c", script).stdout.splitlines()

    disks = dict(line.split() for line in lines if " " in line)
    assert disks.keys() == {"/tmp", "/var/tmp", "/var/lib/odoo"}  # noqa: S108
    assert len(set(disks.values())) == 1, lines
    written = {line for line in lines if " " not in line}
    assert written == {*disks, "/mnt/extra-addons"}, "the last is memory of 64 MiB"


def test_a_team_that_fills_its_disk_is_refused_and_another_has_no_failure(
    limited: Instance, url: str
) -> None:
    pools = limited.services.deps.infrastructure.pools
    limited.ok("create_environment", name="calm", repo_url=url)
    with used(limited, "calm") as use:
        fill_files(limited, "hog", FILESTORE, "/tmp")  # noqa: S108
        fill_database(limited, "hog")
        assert pools.of("red").space.free < 32 * MIB
        assert pools.of("red").image.file.stat().st_size == 2 * GIB
        made = limited.ok("create_environment", name="made", repo_url=url)
        assert made["state"] == "running"
        limited.ok("create_snapshot", name="made", snapshot="one")
        time.sleep(3)
    assert use.failures == []
    assert use.rounds > 10

    refused = limited.call("create_environment", "red", name="more", repo_url=url).error
    assert refused is not None
    assert refused.kind is Kind.QUOTA
    told = limited.ok("get_status", "red")["quotas"]["disk"]
    assert told.endswith("of 2.0 GiB"), told
    assert float(told.split()[0]) > 1.7
    limited.ok("delete_environment", name="made")


def test_a_full_team_recovers_when_it_deletes_what_filled_its_disk(
    limited: Instance, url: str
) -> None:
    deps = limited.services.deps
    assert deps.infrastructure.pools.of("red").space.free < 64 * MIB
    deps.infrastructure.pools.keep("red")  # as the server does every second
    with suppress(psycopg.Error), signed_in(plan_of(limited, "meek", "red")) as session:
        session.execute("CHECKPOINT")

    limited.ok("delete_environment", "red", name="hog")

    assert deps.infrastructure.pools.of("red").space.free > GIB
    with signed_in(plan_of(limited, "meek", "red")) as session:
        session.execute("CREATE TABLE kept (text text)")
        session.execute("INSERT INTO kept VALUES ('written')")
    limited.ok("create_environment", "red", name="more", repo_url=url)
    assert limited.ok("start_environment", "red", name="meek")["state"] == "running"
    assert serves(limited, "meek", "red")
    assert list(find_leftovers(limited.services.recoverables)) == []


def test_postgresql_that_lost_its_disk_starts_again_from_its_reserve(
    limited: Instance, url: str
) -> None:
    deps = limited.services.deps
    deps.infrastructure.databases.keep()  # as each round of the reconcile loop does
    root = deps.engine.volumes.mountpoint(deps.naming.database_volume("red"))
    assert (root / "reserve").stat().st_size == RESERVE
    fill_files(limited, "more", FILESTORE)
    beside = begin_once(limited)
    fill_database(limited, "more")
    run_docker("kill", deps.naming.database("red"))
    keep_until_it_serves(limited)

    assert not (root / "reserve").exists()
    for name in ("more", "meek"):  # either could fill what the reserve has freed
        assert facts_of(limited, name).status == "exited"
    assert run_docker("ps", "--quiet", "--filter", f"name={beside}").stdout == ""
    run_docker("rm", beside)
    refused = limited.call("restart_environment", "red", name="meek").error
    assert refused is not None
    assert refused.message.startswith("The team's disk is full: ")
    assert serves(limited, "calm")

    limited.ok("delete_environment", "red", name="more")

    assert limited.ok("start_environment", "red", name="meek")["state"] == "running"
    with signed_in(plan_of(limited, "meek", "red")) as session:
        assert session.execute("SELECT text FROM kept").fetchall() == [("written",)]
    limited.ok("create_environment", "red", name="again", repo_url=url)
    limited.ok("delete_environment", "red", name="again")


def test_temporary_files_are_given_up_before_the_reserve(limited: Instance) -> None:
    deps = limited.services.deps
    deps.infrastructure.databases.keep()
    root = deps.engine.volumes.mountpoint(deps.naming.database_volume("red"))
    fill_files(limited, "meek", "/tmp")  # noqa: S108
    fill_database(limited, "meek")
    run_docker("kill", deps.naming.database("red"))

    keep_until_it_serves(limited)

    assert (root / "reserve").exists()
    assert list(plan_of(limited, "meek", "red").temporary.iterdir()) == []


def test_a_file_system_that_shut_itself_down_ends_no_round_of_other_teams(
    limited: Instance, url: str
) -> None:
    parts = limited.services.deps.infrastructure
    red = parts.pools.of("red")
    subprocess.run(["xfs_io", "-x", "-c", "shutdown", red.folder], check=True)

    parts.ensure()
    look(limited, parts.databases.keep().broken)

    assert not red.image.mounted
    assert serves(limited, "calm")
    assert limited.ok("create_environment", name="late", repo_url=url)["state"] == "running"
    limited.ok("delete_environment", name="late")
    with pytest.raises(UpstreamFailed, match="is not mounted"):
        limited.call("create_environment", "red", name="late", repo_url=url)


def keep_until_it_serves(limited: Instance) -> None:
    """Do rounds of the reconcile loop until red's PostgreSQL has recovered."""
    databases = limited.services.deps.infrastructure.databases

    def serves_now() -> bool:
        databases.keep()
        return databases.servers["red"].serves()

    eventually(serves_now, 60, lambda: str(databases.problem("red")))


def begin_once(limited: Instance) -> str:
    """Run a container as an installation does; return its name."""
    deps = limited.services.deps
    plan = plan_of(limited, "meek", "red")
    labels = deps.naming.labels("once", id=plan.id, team="red")
    words = [word for pair in labels.items() for word in ("--label", "=".join(pair))]
    image = deps.store.environments.list("red")[0].odoo_image
    command = ("run", "--detach", "--name", plan.one_off, *words, "--entrypoint", "sleep", image)
    run_docker(*command, "600")
    return plan.one_off


def facts_of(limited: Instance, name: str) -> ContainerFacts:
    facts = limited.services.deps.engine.containers.facts(plan_of(limited, name, "red").container)
    assert facts is not None
    return facts


def fill_files(limited: Instance, name: str, *folders: str) -> None:
    """Write files in the environment's container until the kernel refuses."""
    plan = plan_of(limited, name, "red")
    for folder in (each.format(plan.database) for each in folders):
        script = f"head -c {GIB // 2} /dev/zero > {folder}/hoard; true"
        run_docker("exec", plan.container, "sh", "-c", script)


def fill_database(limited: Instance, name: str) -> None:
    """Insert rows until PostgreSQL refuses, or ends, also what the pool's reserve frees then."""
    plan = plan_of(limited, name, "red")
    reserve = limited.services.deps.infrastructure.pools.of("red").folder / "reserve"
    with signed_in(plan) as session:
        session.execute("CREATE TABLE hoard (text text STORAGE EXTERNAL)")
    with pytest.raises(psycopg.Error):
        insert(plan)
    eventually(lambda: not reserve.exists(), 10)
    with pytest.raises(psycopg.Error):
        insert(plan)


def insert(plan: EnvironmentPlan) -> None:
    with signed_in(plan) as session:
        while True:
            session.execute(ROWS)


class Use:
    """Uses an environment of blue's twenty times a second, and collects what fails."""

    def __init__(self, limited: Instance, name: str) -> None:
        self.limited, self.name = limited, name
        self.plan = plan_of(limited, name)
        self.failures: list[str] = []
        self.rounds = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(0.05):
            for act in (self.insert, self.write, self.serve):
                try:
                    act()
                except Exception as error:  # noqa: BLE001 - blue noticed it
                    self.failures.append(f"{type(error).__name__}: {error}")
            self.rounds += 1

    def insert(self) -> None:
        with signed_in(self.plan) as session:
            session.execute("SET synchronous_commit = on")
            session.execute("INSERT INTO beats VALUES (%s)", [self.rounds])

    def write(self) -> None:
        script = "date > /var/lib/odoo/beat && sync /var/lib/odoo/beat"
        docker("exec", self.plan.container, "sh", "-c", script)

    def serve(self) -> None:
        assert serves(self.limited, self.name)


@contextmanager
def used(limited: Instance, name: str) -> Iterator[Use]:
    with signed_in(plan_of(limited, name)) as session:
        session.execute("CREATE TABLE beats (n integer)")
    use = Use(limited, name)
    thread = threading.Thread(target=use.run)
    thread.start()
    try:
        yield use
    finally:
        use.stop.set()
        thread.join()


def serves(limited: Instance, name: str, team: str = "blue") -> bool:
    url = limited.ok("get_environment", team, name=name)["url"]
    return requests.get(f"{url}web/login", timeout=60).status_code == 200
