import pytest

from oduflow.domain.errors import Invalid, Kind
from tests.support.memory.images import image as memory_image
from tests.support.memory.process import Process

# A PostgreSQL that does not answer is started; the last call only counts who uses the template.
OTHERWISE = {"cluster.ready", "cluster.system_identifier", "environments.using_template"}


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
    assert (made.odoo_version, made.postgres_version) == ("19.0", "18.1")
    assert made.size is not None
    assert made.size > database.size


def test_a_step_or_call_that_fails_leaves_nothing(world, bare):
    bare.deps.infrastructure.wake("1")
    points = bare.passed("create_template", name="base", modules=["crm"])
    bare.ok("delete_template", name="base")
    before = world.everything()
    left = {}
    assert {"template.base.before", "tenant.prepare_empty"} <= set(points)
    for point in points:
        if point in OTHERWISE:
            continue
        bare.faults.fail(point)
        error = bare.refused("create_template", name="base", modules=["crm"])
        assert error.message == f"It broke at {point}."
        if world.everything() != before or bare.deps.store.templates.list("1"):
            left[point] = world.everything()

    assert left == {}
    assert bare.ok("create_template", name="base").name == "base"


@pytest.mark.thorough
def test_a_creation_that_is_killed_anywhere_is_undone_at_the_next_start(world, bare):
    points = bare.passed("create_template", name="base")
    bare.ok("delete_template", name="base")
    before = world.everything()
    left = {}
    for point in points:
        if not point.startswith("template."):
            continue
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

    assert error.message == "Not installed: crm: ValueError."
    assert "it broke" in error.output
    assert world.everything() == before


def test_a_limit_of_memory_that_is_too_low_is_named_and_leaves_nothing(world, bare):
    world.odoo.out_of_memory = True
    before = world.everything()

    error = bare.refused("create_template", name="base")

    assert error.message == (
        "Odoo reached its limit of 2048 MiB of memory while the template was made."
    )
    assert world.everything() == before


def test_a_module_of_enterprise_is_installed_in_an_environment_and_in_no_template(bare):
    error = bare.refused("create_template", name="base", modules=["helpdesk"])

    assert error.message == "There is no module helpdesk in odoo:19.0."
    assert "install it in an environment with an extra repo" in error.hint


def test_a_module_that_the_image_has_not_is_refused_before_odoo_is_installed(world, bare):
    before = world.everything()

    error = bare.refused("create_template", name="base", modules=["sale_managment"])

    assert (error.kind, error.message) == (
        Kind.NOT_FOUND,
        "There is no module sale_managment in odoo:19.0. Did you mean sale_management?",
    )
    assert (world.odoo.installs, world.everything()) == ([], before)


def test_a_library_that_the_image_lacks_is_named_before_odoo_is_installed(world, bare):
    world.odoo.image_modules.append({"name": "auth_ldap", "python": ["python-ldap"]})

    error = bare.refused("create_template", name="base", modules=["auth_ldap"])

    assert error.message == (
        "auth_ldap needs the Python library python-ldap, which odoo:19.0 has not."
    )
    assert error.hint == "Use an Odoo image that has it: odoo_image."
    assert world.odoo.installs == []


def test_calling_again_answers_the_template_that_is_there(bare):
    made = bare.ok("create_template", name="base")

    assert bare.ok("create_template", name="base") == made
    assert bare.ok("create_template", name="base", odoo_version="19.0") == made
    other = bare.refused("create_template", name="base", modules=["crm"], country="be")
    assert other.kind is Kind.CONFLICT
    assert "modules is none, not crm; country is none, not BE." in other.message


@pytest.mark.parametrize(
    ("arguments", "image"),
    [
        ({}, "odoo:19.0"),
        ({"odoo_version": "17.0"}, "odoo:17.0"),
        ({"odoo_image": "odoo:17.0-20260101"}, "odoo:17.0-20260101"),
        ({"odoo_image": "odoo:17.0", "odoo_version": "17.0"}, "odoo:17.0"),
    ],
)
def test_a_version_or_an_image_chooses_the_image(world, bare, arguments, image):
    world.images.here[image] = memory_image(image)

    assert bare.ok("create_template", name="base", **arguments).odoo_image == image


def test_an_image_of_another_version_is_refused_before_anything_is_made(world, bare):
    before = world.everything()

    with pytest.raises(Invalid) as refused:
        bare.call("create_template", name="base", odoo_version="17.0", odoo_image="odoo:16.0")

    assert refused.value.message == (
        "odoo_image=odoo:16.0 is not odoo_version=17.0, whose image is odoo:17.0."
    )
    assert world.everything() == before


def test_demo_data_language_and_country_reach_the_new_database(world, bare):
    made = bare.ok("create_template", name="base", demo=True, language="fr_BE", country="be")

    assert world.odoo.created == [(True, "fr_BE", "BE")]
    assert (made.demo, made.language, made.country) == (True, "fr_BE", "BE")


def test_without_options_there_is_neither_demo_data_nor_another_language(world, bare):
    made = bare.ok("create_template", name="base", modules=["crm"])

    assert world.odoo.created == [(False, "", "")]
    assert world.odoo.installs == [("base", "web"), ("crm",)]
    assert (made.demo, made.language, made.country) == (False, "", "")


def test_a_language_that_odoo_does_not_know_is_refused_with_the_nearest(world, bare):
    before = world.everything()

    error = bare.refused("create_template", name="base", language="fr_BX")

    assert error.kind is Kind.INVALID
    assert error.message == "Odoo of odoo:19.0 has no language fr_BX."
    assert "fr_BE" in error.hint
    assert world.everything() == before


def test_an_image_without_translations_is_a_warning(world, bare):
    world.odoo.translations = False

    envelope = bare.call("create_template", name="base", language="fr_BE")

    assert envelope.status == "ok"
    assert "holds no translations: fr_BE is active" in envelope.warnings[0]


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
        "cluster.drop_tenant",
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
