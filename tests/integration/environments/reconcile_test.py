"""The server starts, and finds the world other than it was left: what it mends and what it tells.

The server is the real one, in a process of its own.
"""

import dataclasses
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import pytest

from oduflow.domain.container import ContainerSpec
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.names import new_id
from oduflow.files.process_mark import process_mark
from tests.support.base_template import give_template
from tests.support.forked import oduflow
from tests.support.instances import (
    OTHER_PASSWORD,
    OTHER_TOKEN,
    TEMPLATE,
    Instance,
    world,
)
from tests.support.server import Server, eventually, serves, serving
from tests.support.variants import docker, plan_of, variant

pytestmark = pytest.mark.timeout(300)

SECONDS = 60.0
FAILED = 69


@pytest.fixture(scope="module", autouse=True)
def equipped(instance: Instance) -> None:
    """Let both teams create."""
    give_template(instance, "red")


@pytest.fixture(autouse=True)
def cleared(instance: Instance) -> Iterator[None]:
    """Delete the environments a test made, and see that nothing else stays."""
    before = world(instance)
    yield
    for team in ("blue", "red"):
        for row in instance.services.deps.store.environments.list(team):
            instance.ok("delete_environment", team, name=row.name)
    assert world(instance) == before


def state_of(server: Server, name: str) -> str:
    """Answer the state of one environment, `absent` without it."""
    states: dict[str, str] = {row["name"]: row["state"] for row in server.environments()}
    return states.get(name, "absent")


def reconciled(server: Server) -> bool:
    """Whether the server has looked at everything once since it started."""
    return "ready: environments can be created" in server.tail()


def doctor(instance: Instance) -> "subprocess.CompletedProcess[str]":
    return oduflow("doctor", "--config", str(instance.config), timeout=SECONDS)


def test_what_ran_before_the_engine_went_down_runs_again_after_the_start(
    instance: Instance, sample_repository: str
) -> None:
    made = {
        name: instance.ok("create_environment", name=name, repo_url=sample_repository)
        for name in ("one", "two", "rests")
    }
    instance.ok("stop_environment", name="rests")
    for name in ("one", "two"):
        docker("kill", plan_of(instance, name).container)
    docker("kill", instance.services.deps.naming.database("blue"))
    with serving(instance) as server:
        for name in ("one", "two"):
            eventually(partial(serves, made[name]["url"]), SECONDS, server.tail)
            eventually(lambda: state_of(server, name) == "running", 5, server.tail)  # noqa: B023
        assert state_of(server, "rests") == "stopped"
        assert not serves(made["rests"]["url"])


def test_an_engine_that_restarts_beside_the_running_server_brings_back_what_ran(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", name="ran", repo_url=sample_repository)
    with serving(instance) as server:
        eventually(lambda: reconciled(server), SECONDS, server.tail)
        # The next look is half a minute away: it finds all of it over.
        docker("stop", "--time", "2", plan_of(instance, "ran").container)
        docker("restart", "--time", "5", instance.services.deps.naming.database("blue"))
        eventually(partial(serves, made["url"]), SECONDS, server.tail)
        eventually(lambda: state_of(server, "ran") == "running", 5, server.tail)


def test_a_start_that_was_cut_off_is_finished(instance: Instance, sample_repository: str) -> None:
    made = instance.ok("create_environment", name="cut", repo_url=sample_repository)
    instance.ok("stop_environment", name="cut")
    cut_off(instance, "cut")
    with serving(instance) as server:
        eventually(lambda: state_of(server, "cut") == "running", SECONDS, server.tail)
        assert serves(made["url"])


def test_a_start_that_was_cut_off_and_never_serves_is_not_shown_as_running(
    instance: Instance, sample_repository: str
) -> None:
    instance.ok("create_environment", name="broken", repo_url=sample_repository)
    instance.ok("stop_environment", name="broken")
    plan = plan_of(instance, "broken")
    good = plan.conf.read_text()
    plan.conf.write_text(re.sub(r"(?m)^db_password = .*$", "db_password = wrong", good))
    docker("start", plan.container)
    cut_off(instance, "broken")
    seen: set[str] = set()
    with serving(instance) as server:

        def settled() -> bool:
            seen.add(state_of(server, "broken"))
            return "failed" in seen

        eventually(settled, SECONDS, server.tail)
    assert seen == {"stopped", "failed"}
    facts = instance.services.deps.engine.containers.facts(plan.container)
    assert facts is not None
    assert facts.status == "exited"


def cut_off(instance: Instance, name: str) -> None:
    """Leave what a process leaves that is killed while it waits for an environment's first page."""
    environments = instance.services.deps.store.environments
    row = environments.get("blue", name)
    assert row is not None
    environments.update(row.id, step="serving", job="dead")


def test_an_environment_whose_container_is_gone_is_lost_until_it_is_rebuilt(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", name="taken", repo_url=sample_repository)
    docker("rm", "--force", "--volumes", plan_of(instance, "taken").container)
    with serving(instance) as server:
        eventually(lambda: reconciled(server), SECONDS, server.tail)
        shown = server.request("GET", "/api/environments/taken").json()["data"]
        assert (shown["state"], shown["url"]) == ("lost", None)
        assert shown["error"]["next"][0]["arguments"] == {"name": "taken"}
        row = instance.services.deps.store.environments.get("blue", "taken")
        assert row is not None
        assert row.state is EnvironmentState.LOST
        rebuilt = server.finished(server.job("POST", "/api/environments/taken/rebuild"))
        assert rebuilt["data"]["url"] == made["url"]
        assert serves(made["url"])


def test_a_complete_environment_without_a_row_is_taken_in(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", name="known", repo_url=sample_repository)
    password = instance.ok("get_environment_login", name="known")["password"]
    row = instance.services.deps.store.environments.get("blue", "known")
    assert row is not None
    instance.services.deps.store.environments.remove(row.id)
    told = doctor(instance).stdout
    assert "leftover" not in told, "what can be taken in is no leftover"
    with serving(instance) as server:
        eventually(lambda: state_of(server, "known") == "running", SECONDS, server.tail)
        taken = server.request("GET", "/api/environments/known").json()["data"]
        later = {"branch_checked_at": "", "disk": None}  # looked at again meanwhile
        assert taken | later == made | later
    again = instance.services.deps.store.environments.get("blue", "known")
    assert again is not None
    # Labels carry times to the millisecond, as answers do.
    assert abs(again.created_at - row.created_at) < timedelta(milliseconds=1)
    assert dataclasses.replace(again, created_at=row.created_at) == row
    assert instance.ok("get_environment_login", name="known")["password"] == password


def test_what_is_not_complete_is_left_alone_and_told(instance: Instance) -> None:
    with ExitStack() as undo:
        left = make_half(instance, undo)
        with serving(instance) as server:
            eventually(lambda: reconciled(server), SECONDS, server.tail)
            assert server.environments() == []
        told = doctor(instance)
        assert told.returncode == FAILED
        for noun, name in left:
            assert f"FAIL  leftover: {noun} {name} belongs to no row of the store." in told.stdout
            if noun == "Container":
                assert f"`docker rm -f {name}`" in told.stdout
        assert {name for _, name in left} <= {
            name for names in dataclasses.astuple(world(instance)) for name in names
        }
    # Not the exit code: other tests put rules of their own before this instance's at any moment.
    assert "leftover" not in doctor(instance).stdout


def make_half(instance: Instance, undo: ExitStack) -> list[tuple[str, str]]:
    """Make one of everything that could be taken for ours, none of it whole."""
    deps, naming = instance.services.deps, instance.services.deps.naming
    image = deps.engine.images.facts("odoo:19.0").id
    left = []
    for kind, name in (("environment", "env-blue.half"), ("once", "env-blue.half.once")):
        container = f"{instance.name}-{name}"
        labels = naming.labels(kind, id=new_id(), team="blue", name="half")
        deps.engine.containers.create(ContainerSpec(container, image, labels, entrypoint=("true",)))
        undo.callback(deps.engine.containers.remove, container)
        left.append(("Container", container))
    volume = f"{instance.name}-tpl-{new_id()}"
    labels = naming.labels("template", id=new_id(), team="blue", name="half", modules="")
    deps.engine.volumes.ensure(volume, labels=labels)
    undo.callback(deps.engine.volumes.remove, volume)
    database = f"env_{new_id()}"
    deps.postgres.cluster("blue").create_role(database, "secret", connection_limit=1)
    undo.callback(deps.postgres.cluster("blue").drop_role, database)
    deps.postgres.cluster("blue").create_database(database, database)
    undo.callback(deps.postgres.cluster("blue").drop_database, database)
    return [*left, ("Volume", volume), ("Database", database)]


def test_when_the_store_is_lost_templates_and_environments_come_back(
    instance: Instance, sample_repository: str
) -> None:
    made = {
        team: instance.ok("create_environment", team, name="mine", repo_url=sample_repository)
        for team in ("blue", "red")
    }
    instance.ok("create_environment", name="rests", repo_url=sample_repository)
    instance.ok("stop_environment", name="rests")
    templates = instance.ok("list_templates")
    with_them = world(instance)
    instance.services.store.close()
    for file in instance.settings.server.data_dir.glob("oduflow.db*"):
        file.unlink()
    with serving(instance) as server:
        eventually(lambda: reconciled(server), SECONDS, server.tail)
        assert state_of(server, "mine") == "running"
        assert state_of(server, "rests") == "stopped"
        assert server.tail().count("which the store did not know") == 5
        for team, secret in (("blue", None), ("red", ("admin", OTHER_PASSWORD))):
            asked = {} if secret is None else {"auth": secret}
            shown = server.request("GET", "/api/environments/mine", **asked).json()["data"]
            # The branch may have been checked again meanwhile, and the disk measured.
            later = {"branch_checked_at": "", "disk": None}
            assert shown | later == made[team] | later
        assert world(instance) == with_them
        wanted = {"name": "new", "repo_url": sample_repository, "template": TEMPLATE}
        assert (
            server.finished(server.job("POST", "/api/environments", json=wanted))["status"] == "ok"
        )
        server.finished(server.job("DELETE", "/api/environments/new"))
    again = instance.ok("list_templates")
    for each in (*templates["templates"], *again["templates"]):
        each["disk"] = None
    assert again == templates


def test_a_container_with_which_a_dead_process_looked_into_an_image_is_swept(
    instance: Instance,
) -> None:
    deps = instance.services.deps
    ended = subprocess.Popen(["true"])
    ended.wait()
    marks = (str(ended.pid), process_mark())
    looks = {f"{instance.name}-inspect-{mark}": mark for mark in marks}
    image = deps.engine.images.facts("odoo:19.0").id
    for name, process in looks.items():
        labels = deps.naming.labels("inspect", process=process)
        deps.engine.containers.create(ContainerSpec(name, image, labels, entrypoint=("true",)))
    dead, alive = looks
    try:
        with serving(instance) as server:
            eventually(lambda: reconciled(server), SECONDS, server.tail)
        assert deps.engine.containers.facts(dead) is None
        assert deps.engine.containers.facts(alive) is not None
    finally:
        deps.engine.containers.remove(alive)


def test_a_team_that_was_taken_out_is_stopped_and_locked_in_and_comes_back_with_its_data(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", "red", name="mine", repo_url=sample_repository)
    red = f'[team.red]\nauth_token = "{OTHER_TOKEN}"\nui_password = "{OTHER_PASSWORD}"\n'
    rules = own_rules(instance)
    container = plan_of(instance, "mine", "red").container
    with variant(instance, (red, "")) as without, serving(without) as server:
        eventually(lambda: reconciled(server), SECONDS, server.tail)
        facts = instance.services.deps.engine.containers.facts(container)
        assert facts is not None
        assert facts.status == "exited"
        bridge = instance.services.networks.facts(f"{instance.name}-team-red")
        assert bridge is not None
        assert any(f"-i {bridge.bridge} -j DROP" in rule for rule in own_rules(instance))
        refused = server.request("GET", "/api/environments", auth=("admin", OTHER_PASSWORD))
        assert refused.status_code == 401
    instance.services.deps.infrastructure.ensure()
    assert own_rules(instance) == rules
    assert instance.ok("start_environment", "red", name="mine")["url"] == made["url"]


def own_rules(instance: Instance) -> set[str]:
    """Answer the rules in the chains of ours, not those Docker has for published ports."""
    return {rule for rule in world(instance).rules if "ODUFLOW-" in rule}
