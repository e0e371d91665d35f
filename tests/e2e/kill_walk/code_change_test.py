"""Kill the real server in the middle of a pull: the environment is back, and serves as before."""

from pathlib import Path

import pytest
import requests

from oduflow.domain.pending_change import CODE_CHANGE
from tests.support.git_server import GitServer
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk
from tests.support.variants import git_host, plan_of, signed_in, variant

pytestmark = pytest.mark.timeout(1800)

PATH = "/api/environments/walk/pull"
MODEL = """from odoo import fields, models


class Note(models.Model):
    _name = "notes.note"
    _description = "Note"

    name = fields.Char()
"""
FILES = {
    "notes/__init__.py": "from . import models\n",
    "notes/__manifest__.py": '{"name": "Notes", "author": "x", "license": "LGPL-3"}',
    "notes/models.py": MODEL,
}
WITH_FIELD = FILES | {"notes/models.py": f"{MODEL}    size = fields.Integer()\n"}
# Before Odoo, after it has written, while the serving one takes over, and before the last write.
POINTS = tuple(f"{CODE_CHANGE}.{step}.before" for step in ("odoo", "serving", "bundles", "finish"))


def test_a_pull_that_was_killed_is_undone_and_its_environment_serves(
    instance: Instance, tmp_path: Path
) -> None:
    with GitServer(tmp_path) as git, variant(instance, git_host(git.authority)) as product:
        url = git.repository("walk", {"main": FILES})
        made = product.ok("create_environment", name="walk", repo_url=url, modules=["notes"])
        git.repository("walk", {"main": WITH_FIELD})
        before = world(product)

        def is_back() -> bool:
            [row] = product.services.deps.store.environments.list("blue")
            known = row.commit == made["commit"] and row.applying is None and row.step == ""
            return known and serves(made["url"])

        with KillWalk(product) as walk:
            for point in POINTS:
                walk.kill_at(point, "POST", PATH, json={})
                walk.eventually(is_back, point)
                check_is_as_before(product, point)
            walk.kill_during("odoo", 2.0, "POST", PATH, json={})
            walk.eventually(is_back, "while Odoo loads")
            check_is_as_before(product, "while Odoo loads")
        snapshots = product.ok("list_snapshots", name="walk")["snapshots"]
        assert {each["reason"] for each in snapshots} == {"pull_and_apply", "rollback_environment"}
        for each in snapshots:
            product.ok("delete_snapshot", name="walk", snapshot=each["name"])
        assert world(product) == before
        told = product.ok("pull_and_apply", name="walk")
        assert told["actions"][:2] == ["upgraded notes", "started Odoo again"]
        assert has_column(product)
        product.ok("delete_environment", name="walk")


def check_is_as_before(product: Instance, after: str) -> None:
    checkout = plan_of(product, "walk").checkout
    assert (checkout / "notes/models.py").read_text() == MODEL, after
    assert not has_column(product), after
    assert product.ok("get_environment", name="walk")["state"] == "running", after


def has_column(product: Instance) -> bool:
    query = "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    with signed_in(plan_of(product, "walk")) as session:
        return session.execute(query, ("notes_note", "size")).fetchone() is not None


def serves(url: str) -> bool:
    try:
        return requests.get(f"{url}web/login", timeout=10).status_code == 200
    except requests.RequestException:
        return False
