"""A real environment takes a warm slot over, and is as one that was made without."""

from collections.abc import Iterator
from urllib.request import urlopen

import pytest

from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.environments.warm.checkout import commit_ahead
from oduflow.services.environments.warm.keeper import WarmKeeper
from oduflow.services.environments.warm.remove import give_up_all, slot_plan
from tests.support.git_server import GitServer
from tests.support.instances import TEMPLATE, Instance, world
from tests.support.variants import git_host, inspected, plan_of, signed_in, variant

pytestmark = pytest.mark.timeout(900)

MODULE = {
    "own/__manifest__.py": '{"name": "Own", "depends": ["web"]}',
    "own/__init__.py": (
        "from odoo import fields, models\n"
        "class Partner(models.Model):\n"
        "    _inherit = 'res.partner'\n"
        "    own_field = fields.Char()\n"
    ),
}
PLENTY = 64 << 30
SAME = ("CapDrop", "Memory", "NanoCpus", "PidsLimit", "SecurityOpt", "NetworkMode", "CgroupParent")


@pytest.fixture(scope="module")
def warm(instance: Instance, git: GitServer) -> Iterator[Instance]:
    more = ("[team.blue]", "[team.blue]\nwarm_slots = 1")
    with variant(instance, git_host(git.authority), more) as made:
        yield made


@pytest.mark.parametrize("version", ["19.0", "14.0"])
def test_an_environment_serves_from_a_slot_with_its_own_modules(
    warm: Instance, git: GitServer, version: str
) -> None:
    template = TEMPLATE if version == "19.0" else "base-14"
    if version != "19.0":
        warm.ok("create_template", name=template, odoo_version=version)
    before, deps = world(warm), warm.services.deps
    wanted = {"repo_url": git.repository(f"own-{version[:2]}", {"main": MODULE})}
    warm.ok("create_environment", name="cold", template=template, modules=["own"], **wanted)
    WarmKeeper(deps, lambda: PLENTY).look("blue", lambda: False)
    [slot] = deps.store.warm_slots.of("blue")

    made = warm.ok("create_environment", name="taken", template=template, modules=["own"], **wanted)

    plan, other = plan_of(warm, "taken"), plan_of(warm, "cold")
    first, second = inspected(plan.container), inspected(other.container)
    assert plan.id == slot.id
    assert deps.store.warm_slots.of("blue") == ()
    assert first["Config"]["User"] == second["Config"]["User"]
    assert [first["HostConfig"][key] for key in SAME] == [second["HostConfig"][key] for key in SAME]
    assert {(each["Destination"], each["RW"]) for each in first["Mounts"]} == {
        (each["Destination"].replace(other.id, plan.id), each["RW"]) for each in second["Mounts"]
    }
    with signed_in(plan) as connection:
        column = "SELECT 1 FROM information_schema.columns WHERE column_name = 'own_field'"
        assert connection.execute(column).fetchall() == [(1,)]
    with urlopen(f"{made['url']}web/login") as page:  # noqa: S310 - our own address
        assert page.status == 200
        assert f"session_id_{slot.port}=" in page.headers["Set-Cookie"]
    warm.ok("restart_environment", name="taken")
    with urlopen(f"{made['url']}web/login") as page:  # noqa: S310 - our own address
        assert page.status == 200
    warm.ok("rebuild_environment", name="taken")
    for name in ("cold", "taken"):
        warm.ok("delete_environment", name=name)
    give_up_all(deps, "blue")
    assert world(warm) == before


def test_the_checkout_of_a_slot_is_used_until_the_branch_moves(
    warm: Instance, git: GitServer
) -> None:
    before, deps = world(warm), warm.services.deps
    wanted = {"repo_url": git.repository("ahead", {"main": MODULE}), "modules": ["own"]}
    warm.ok("create_environment", name="first", template=TEMPLATE, **wanted)
    kept = made_slot(warm)
    assert commit_ahead(kept) == git.commit("ahead", "main")
    written = (kept.checkout / "own/__init__.py").stat().st_ctime_ns

    warm.ok("create_environment", name="kept", template=TEMPLATE, **wanted)

    assert plan_of(warm, "kept").id == kept.id
    assert (kept.checkout / "own/__init__.py").stat().st_ctime_ns == written
    edits = deps.git.repositories.edits(kept.git_dir, kept.checkout)
    assert edits.changed(git.commit("ahead", "main")) == ()
    moved = made_slot(warm)
    git.repository("ahead", {"main": MODULE | {"own/more.py": "MORE = 1\n"}})

    warm.ok("create_environment", name="moved", template=TEMPLATE, branch="main", **wanted)

    assert plan_of(warm, "moved").id == moved.id
    assert commit_ahead(moved) == git.commit("ahead", "main")
    assert (moved.checkout / "own/more.py").is_file()
    for name in ("first", "kept", "moved"):
        warm.ok("delete_environment", name=name)
    give_up_all(deps, "blue")
    assert world(warm) == before


def test_a_team_whose_credential_is_gone_gets_nothing_of_its_slot(
    warm: Instance, git: GitServer
) -> None:
    before, deps = world(warm), warm.services.deps
    git.repository("closed", {"main": MODULE})
    user, password = git.accounts["/private/"]
    wanted = {"repo_url": git.url("private/closed.git"), "template": TEMPLATE}
    private = f"http://{user}:{password}@{git.authority}/private/closed.git"
    warm.ok("setup_repo_auth", repo_url=private)
    warm.ok("create_environment", name="first", **wanted)
    assert commit_ahead(made_slot(warm)) == git.commit("closed", "main")
    for seen in warm.ok("list_credentials")["credentials"]:
        warm.ok("delete_credential", host=seen["host"], username=seen["username"])

    branches: tuple[dict[str, str], ...] = ({}, {"branch": "main"})
    for branch in branches:
        assert len(deps.store.warm_slots.of("blue")) == 1
        error = warm.call("create_environment", name="refused", **wanted, **branch).error
        assert error is not None
        assert "the team has none for it" in error.message
        assert deps.store.environments.get("blue", "refused") is None

    warm.ok("delete_environment", name="first")
    give_up_all(deps, "blue")
    assert world(warm) == before


def made_slot(warm: Instance) -> EnvironmentPlan:
    deps = warm.services.deps
    WarmKeeper(deps, lambda: PLENTY).look("blue", lambda: False)
    [slot] = deps.store.warm_slots.of("blue")
    return slot_plan(deps.naming, slot)
