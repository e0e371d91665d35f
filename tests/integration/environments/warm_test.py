"""A real environment takes a warm slot over, and is as one that was made without."""

from collections.abc import Iterator
from urllib.request import urlopen

import pytest

from oduflow.services.environments.warm.keeper import WarmKeeper
from oduflow.services.environments.warm.remove import give_up_all
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
