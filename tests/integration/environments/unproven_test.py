"""A rollback of a real environment to which one part of the copy is missing."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oduflow.adapters.postgres.connection import Endpoint, open_admin
from oduflow.services.filestore import layers_of
from tests.support.instances import Instance, world
from tests.support.server import eventually
from tests.support.variants import held_at, inside, inspected, plan_of, signed_in

pytestmark = pytest.mark.timeout(600)

NAME = "unproven"
MARK = "UPDATE res_partner SET ref = 'before' WHERE id = 1"
READ = "SELECT ref FROM res_partner WHERE id = 1"


def cut_a_database_file(instance: Instance) -> None:
    largest = max(relation_files(instance), key=lambda each: each.stat().st_size)
    os.truncate(largest, largest.stat().st_size // 2)


def remove_a_database_file(instance: Instance) -> None:
    min(each for each in relation_files(instance) if each.stat().st_size).unlink()


def remove_a_file_of_the_filestore(instance: Instance) -> None:
    layers = layers_of(instance.services.deps.engine.volumes, plan_of(instance, NAME))
    (layers.upper / "own").unlink()


def relation_files(instance: Instance) -> list[Path]:
    """List the files of the environment's database, with nothing of them left in memory."""
    naming, plan = instance.services.deps.naming, plan_of(instance, NAME)
    folder = naming.postgres_folder("blue")
    with open_admin(
        Endpoint(folder / "socket"), (folder / "password").read_text(), "look"
    ) as admin:
        admin.run("CHECKPOINT")
        ((oid,),) = admin.run("SELECT oid FROM pg_database WHERE datname = %s", plan.database)
    root = instance.services.deps.engine.volumes.mountpoint(naming.database_volume("blue"))
    return [each for each in (root / "cluster/base" / str(oid)).iterdir() if each.name.isdecimal()]


def test_a_copy_that_lacks_a_part_is_not_served_and_the_state_before_is_kept(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    instance.ok("create_environment", name=NAME, repo_url=sample_repository)
    own = f"/var/lib/odoo/filestore/{plan_of(instance, NAME).database}/own"
    inside(plan_of(instance, NAME).container, f"open({own!r}, 'w').write('x')")
    instance.ok("create_snapshot", name=NAME, snapshot="clean")
    with signed_in(plan_of(instance, NAME)) as tenant:
        tenant.execute(MARK)
    harms: dict[Callable[[Instance], None], str] = {
        cut_a_database_file: "database",
        remove_a_database_file: "database",
        remove_a_file_of_the_filestore: "filestore",
    }
    for harm, part in harms.items():
        refuse(instance, harm, part)
    instance.ok("delete_environment", name=NAME)
    assert world(instance) == before


def refuse(instance: Instance, harm: Callable[[Instance], None], part: str) -> None:
    """Roll back to a copy that is harmed before it is compared; then undo it."""
    plan = plan_of(instance, NAME)
    with ThreadPoolExecutor(1) as caller:
        with held_at(instance, "rollback.switch.after") as reached:
            call = caller.submit(instance.call, "rollback_environment", name=NAME, snapshot="clean")
            eventually(reached.exists, 60, lambda: harm.__name__)
            harm(instance)
        error = call.result(60).error

    assert error is not None, harm.__name__
    assert f"its {part} cannot be proven" in error.message
    assert instance.ok("get_environment", name=NAME)["state"] == "failed"
    assert inspected(plan.container)["State"]["Running"] is False
    refusal = instance.call("copy_environment", name=NAME, new_name="copied").error
    assert refusal is not None
    assert "Not every part" in refusal.message
    [undo] = [each for each in error.next if each.operation == "rollback_environment"]
    instance.ok(undo.operation, **undo.arguments)
    assert instance.ok("get_environment", name=NAME)["state"] == "running"
    with signed_in(plan) as tenant:
        assert tenant.execute(READ).fetchall() == [("before",)]
