import pytest

from oduflow.domain.errors import Kind
from tests.support.memory.process import Process

STEPS = ("reserve", "folder", "database", "volume", "configuration", "modules", "assets", "seal")
DELETING = ("cluster.drop_database", "cluster.drop_role", "volumes.remove", "templates.remove")
POINTS = [f"template.{step}.{when}" for step in STEPS for when in ("before", "after")]
CALLS = (
    "images.ensure",
    "templates.add",
    "cluster.create_role",
    "cluster.create_database",
    "tenant.prepare_empty",
    "volumes.ensure",
    "containers.run_one_off",
    "tenant.module_states",
    "cluster.seal_template",
)


def test_a_template_is_a_sealed_database_and_a_filestore(world, bare):
    made = bare.ok("create_template", name="base", modules=["crm"])

    [row] = bare.deps.store.templates.list("1")
    database = world.postgres.databases[f"tpl_{row.id}"]
    assert (made.name, made.modules, row.state, row.step) == ("base", ("crm",), "ready", "")
    assert database.sealed
    assert set(database.modules) == {"base", "web", "crm"}
    assert world.postgres.roles[f"tpl_{row.id}"] is None
    filestore = world.engine.volumes[f"memory-tpl-{row.id}"].mountpoint / "filestore"
    assert (filestore / f"tpl_{row.id}" / "assets").exists()
    assert world.everything()["folders"] == set()


def test_a_step_or_call_that_fails_leaves_nothing(world, bare):
    bare.deps.infrastructure.ensure()
    before = world.everything()
    left = {}
    for point in (*POINTS, *CALLS):
        bare.faults.fail(point)
        error = bare.refused("create_template", name="base")
        assert error.message == f"It broke at {point}."
        if world.everything() != before or bare.deps.store.templates.list("1"):
            left[point] = world.everything()

    assert left == {}
    assert bare.ok("create_template", name="base").name == "base"


def test_a_creation_that_is_killed_anywhere_is_undone_at_the_next_start(world):
    before = world.everything()
    left = {}
    for point in POINTS:
        Process(world).killed("create_template", at=point, name="base")
        after = Process(world)
        after.reconcile()
        if world.everything() != before or after.deps.store.templates.list("1"):
            left[point] = world.everything()

    assert left == {}


def test_a_killed_creation_is_undone_by_the_next_call_of_that_name(world, bare):
    bare.killed("create_template", at="template.modules.after", name="base")

    Process(world).ok("create_template", name="base")

    assert len(world.postgres.databases) == len(world.everything()["volumes"]) == 1


def test_a_module_that_cannot_be_installed_is_named_and_leaves_nothing(world, bare):
    world.odoo.broken.add("crm")
    before = world.everything()

    error = bare.refused("create_template", name="base", modules=["crm"])

    assert error.message == "Not installed: base, web, crm."
    assert world.everything() == before


def test_calling_again_answers_the_template_that_is_there(bare):
    made = bare.ok("create_template", name="base")

    assert bare.ok("create_template", name="base") == made
    other = bare.refused("create_template", name="base", modules=["crm"])
    assert other.kind is Kind.CONFLICT


def test_a_template_that_is_used_stays_and_one_that_is_not_leaves_nothing(world, process, sale):
    process.ok("create_environment", **sale)
    before = world.everything()
    assert process.refused("delete_template", name="base").kind is Kind.CONFLICT
    assert world.everything() == before

    process.ok("delete_environment", name="sale")
    process.ok("delete_template", name="base")

    assert not any(world.everything().values())


def test_a_deletion_that_fails_is_finished_later(world, bare):
    left = {}
    for call in (
        "cluster.drop_database",
        "cluster.drop_role",
        "volumes.remove",
        "templates.remove",
    ):
        bare.ok("create_template", name="base")
        bare.faults.fail(call)
        bare.refused("delete_template", name="base")
        bare.reconcile(at_start=False)
        if any(world.everything().values()) or bare.deps.store.templates.list("1"):
            left[call] = world.everything()

    assert left == {}


@pytest.fixture
def bare(world):
    """A process without a template."""
    return Process(world)
