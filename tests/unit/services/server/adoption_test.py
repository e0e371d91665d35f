import os
import shutil
from dataclasses import asdict, replace

import pytest

from tests.support.memory.process import Process

CONTAINER = "memory-env-1.sale"


def test_what_is_whole_is_taken_in_when_the_store_is_lost(world, process, full):
    world.team_users["1"] = os.getuid()
    made = process.ok("create_environment", **full)
    rows = everything_known(process)
    before = world.everything()
    lose_the_store(world)
    after = Process(world)

    after.reconcile()

    assert everything_known(after) == rows
    assert world.everything() == before
    assert after.ok("get_environment", name="sale").url == made.url
    assert after.doctor().leftovers() == ()
    assert after.ok("rebuild_environment", name="sale").state == "running"


def test_an_environment_keeps_its_user_when_its_team_gets_another(world, process, sale):
    process.ok("create_environment", **sale)
    own = world.images.here["odoo:19.0"].uid
    world.team_users["1"] = os.getuid()
    process.ok("rebuild_environment", name="sale")
    lose_the_store(world)
    after = Process(world)
    after.reconcile()
    after.ok("rebuild_environment", name="sale")

    (row,) = after.deps.store.environments.all()
    assert row.uid is None
    assert world.engine.containers[CONTAINER].spec.user == f"{own}:{own}"

    after.ok("create_environment", **sale | {"name": "new"})
    user = world.engine.containers["memory-env-1.new"].spec.user
    assert user == f"{os.getuid()}:{own}"


def test_a_stopped_environment_is_taken_in_stopped(world, process, sale):
    process.ok("create_environment", **sale)
    process.ok("stop_environment", name="sale")
    lose_the_store(world)
    after = Process(world)

    after.reconcile(at_start=True)

    assert [row.state for row in after.deps.store.environments.all()] == ["stopped"]


def without_database(world, row):
    del world.postgres.databases[f"env_{row.id}"]


def without_configuration(world, row):
    shutil.rmtree(world.data_dir / "team_1" / "environments" / row.id)


def without_extra_repo(world, row):
    shutil.rmtree(world.data_dir / "team_1" / "extra")


def without_template(world, row):
    template = f"tpl_{row.template_id}"
    world.postgres.change(template, sealed=False)


def without_a_label(world, row):
    spec = world.engine.containers[CONTAINER].spec
    labels = {key: value for key, value in spec.labels.items() if not key.endswith(".branch")}
    world.engine.containers[CONTAINER].spec = replace(spec, labels=labels)


@pytest.mark.parametrize(
    "lose",
    [
        without_database,
        without_configuration,
        without_extra_repo,
        without_template,
        without_a_label,
    ],
)
def test_what_is_not_whole_is_left_alone_and_told(world, process, full, lose):
    process.ok("create_environment", **full)
    [row] = process.deps.store.environments.all()
    lose_the_store(world)
    lose(world, row)
    before = world.everything()
    after = Process(world)

    after.reconcile()

    assert after.deps.store.environments.all() == ()
    assert world.everything() == before
    told = " ".join(finding.message for finding in after.doctor().leftovers())
    assert f"Container {CONTAINER} belongs to no row of the store." in told
    assert "docker rm -f" in " ".join(finding.hint for finding in after.doctor().leftovers())


def test_what_belongs_to_a_team_that_is_not_configured_is_left_alone(world, process, sale):
    process.ok("create_environment", **sale)
    lose_the_store(world)
    after = Process(world, teams='[team.2]\nauth_token = "a-token-for-tests-only-2"\n')

    after.reconcile()

    assert after.deps.store.environments.all() == ()
    assert after.deps.store.templates.all() == ()
    assert len(after.doctor().leftovers()) == 5
    assert "docker volume rm memory-db-1" in after.doctor().databases()[-1].hint


def test_leftovers_without_a_row_are_told_one_by_one(world, process):
    names = world.naming
    process.deps.engine.volumes.ensure("memory-env-x", labels=names.labels("environment", id="x"))
    process.deps.postgres.cluster("1").create_role("env_x", "secret", connection_limit=1)
    process.deps.postgres.cluster("1").create_database("env_x", "env_x")
    (world.data_dir / "team_1" / "extra" / "y").mkdir(parents=True)

    told = {finding.message for finding in process.doctor().leftovers()}

    assert told == {
        "Volume memory-env-x belongs to no row of the store.",
        "Database env_x belongs to no row of the store.",
        "Folder team_1/extra/y belongs to no row of the store.",
    }


def everything_known(process):
    """Return the rows of every noun, without what only the store knows."""
    deps = process.deps
    rows = (
        *deps.store.environments.all(),
        *deps.store.templates.all(),
        *deps.store.extra_repos.all(),
    )
    unknown = dict.fromkeys(
        ("job", "created_at", "fetched_at", "size", "odoo_version", "postgres_version"), ""
    )
    return [asdict(row) | unknown for row in rows]


def lose_the_store(world):
    world.close()
    for path in world.data_dir.glob("oduflow.db*"):
        path.unlink()
