"""The filestore of a real environment: an overlay of its template's, or a copy."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oduflow.adapters.filestore.clone import copy_tree
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.outcome import Status
from oduflow.domain.plan import TemplatePlan
from oduflow.services.filestore import layers_of
from oduflow.services.server.adoption import adopt
from tests.support.instances import TEMPLATE, Instance, world
from tests.support.variants import docker, inside, plan_of

pytestmark = pytest.mark.timeout(300)

COUNT = "import os,sys; print(sum(len(files) for _, _, files in os.walk(sys.argv[1])))"
WRITE = "import sys; open(sys.argv[1] + '/' + sys.argv[2], 'x').write('mine')"
REPLACE = """
import os, sys
paths = [os.path.join(f, n) for f, _, names in os.walk(sys.argv[1]) for n in names]
open(paths[0], 'a').write('changed'); os.unlink(paths[1])
"""


@pytest.fixture
def lower(instance: Instance) -> Path:
    deps = instance.services.deps
    row = deps.store.templates.get("blue", TEMPLATE)
    assert row is not None
    plan = TemplatePlan.of(deps.naming, row)
    return deps.engine.volumes.mountpoint(plan.volume) / "filestore" / plan.database


@pytest.fixture
def made(instance: Instance, sample_repository: str) -> Iterator[str]:
    instance.ok("create_environment", name="files", repo_url=sample_repository)
    yield "files"
    instance.call("delete_environment", name="files")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_an_environment_reads_its_templates_files_and_changes_only_its_own(
    instance: Instance, made: str, lower: Path
) -> None:
    before, plan = contents(lower), plan_of(instance, made)
    row = instance.services.deps.store.environments.get("blue", made)
    assert row is not None
    assert row.filestore is FilestoreKind.OVERLAY
    folder = f"/var/lib/odoo/filestore/{plan.database}"
    assert int(inside(plan.container, COUNT, folder)) >= len(before) > 1
    own = layers_of(instance.services.deps.engine.volumes, plan).upper

    inside(plan.container, REPLACE, folder)
    inside(plan.container, WRITE, folder, "own")

    assert contents(lower) == before
    assert (own / "own").read_text() == "mine"
    instance.ok("rebuild_environment", name=made)
    assert int(inside(plan.container, COUNT, folder)) >= len(before) - 1
    assert (own / "own").read_text() == "mine"


def test_without_its_templates_files_it_says_so_and_keeps_its_own(
    instance: Instance, made: str, lower: Path
) -> None:
    instance.ok("stop_environment", name=made)
    aside = lower.rename(lower.with_name("aside"))

    envelope = instance.call("start_environment", name=made)

    aside.rename(lower)
    assert envelope.error is not None
    assert envelope.error.message.startswith(f"The files of template {TEMPLATE} are gone")
    assert instance.ok("start_environment", name=made)["state"] == "running"


def test_moved_layers_are_mounted_from_their_new_place(instance: Instance, made: str) -> None:
    plan = plan_of(instance, made)
    docker("rm", "--force", "--volumes", plan.container)
    docker("volume", "rm", plan.filestore)
    elsewhere = ("--opt", "type=none", "--opt", "o=bind", "--opt", "device=/nowhere")
    docker("volume", "create", *elsewhere, plan.filestore)

    assert instance.ok("rebuild_environment", name=made)["state"] == "running"


def test_files_of_another_user_are_copied(
    instance: Instance, sample_repository: str, lower: Path
) -> None:
    owner, before = lower.stat(), world(instance)
    os.chown(lower, owner.st_uid + 1, owner.st_gid)

    envelope = instance.call("create_environment", name="copied", repo_url=sample_repository)

    os.chown(lower, owner.st_uid, owner.st_gid)
    assert envelope.status is Status.OK, envelope.error
    plan, deps = plan_of(instance, "copied"), instance.services.deps
    row = deps.store.environments.get("blue", "copied")
    assert row is not None
    assert row.filestore is FilestoreKind.COPY
    assert contents(lower).keys() <= contents(layers_of(deps.engine.volumes, plan).upper).keys()
    assert layers_of(deps.engine.volumes, plan).upper.stat().st_uid == owner.st_uid
    instance.ok("delete_environment", name="copied")
    assert world(instance) == before


def test_an_environment_of_an_older_version_goes_on(
    instance: Instance, made: str, lower: Path
) -> None:
    deps, plan = instance.services.deps, plan_of(instance, made)
    docker("rm", "--force", "--volumes", plan.container)
    inner = deps.engine.volumes.mountpoint(plan.volume) / "filestore" / plan.database
    copy_tree(lower, inner)
    docker("volume", "rm", plan.filestore, plan.layers)
    deps.store.environments.update(plan.id, filestore=FilestoreKind.VOLUME)

    assert instance.ok("rebuild_environment", name=made)["state"] == "running"

    count = int(inside(plan.container, COUNT, f"/var/lib/odoo/filestore/{plan.database}"))
    assert count >= len(contents(lower))


def test_an_environment_is_adopted_with_its_filestore(instance: Instance, made: str) -> None:
    deps = instance.services.deps
    row = deps.store.environments.get("blue", made)
    assert row is not None
    deps.store.environments.remove(row.id)

    adopt(instance.services.recoverables)

    found = deps.store.environments.get("blue", made)
    assert found is not None
    assert found == replace(row, requested_branch=None, created_at=found.created_at)
