"""Versions, names, descriptions and defaults of templates."""

import pytest

from oduflow.domain.errors import Conflict, Invalid, NotFound
from oduflow.services.templates.recover import TemplateRecovery
from tests.support.memory.odoo import module
from tests.support.memory.process import Process


def test_a_new_version_takes_the_name_and_environments_keep_theirs(process, sale, world):
    process.ok("create_environment", **sale)
    old = row(process, "base")

    made = process.ok("create_template", name="base", modules=["crm"], replace=True)

    assert (made.name, made.version, made.modules) == ("base", 2, ("crm",))
    assert listed(process) == {"base": ("ready", ()), "base.v1": ("retired", ("sale",))}
    assert row(process, "base.v1").id == old.id
    assert f"tpl_{old.id}" in world.postgres.databases
    process.ok("rebuild_environment", name="sale")
    process.ok("create_environment", **{**sale, "name": "new"})
    assert listed(process)["base"] == ("ready", ("new",))


def test_an_earlier_version_goes_with_its_last_environment(process, sale, world):
    process.ok("create_environment", **sale)
    old = row(process, "base")
    process.ok("create_template", name="base", replace=True)

    process.reconcile(at_start=False)
    assert "base.v1" in listed(process)
    process.ok("delete_environment", name="sale")
    process.reconcile(at_start=False)

    assert list(listed(process)) == ["base"]
    assert f"tpl_{old.id}" not in world.postgres.databases


def test_an_unused_earlier_version_goes_at_once(process):
    process.ok("create_template", name="base", modules=["crm"], replace=True)

    assert list(listed(process)) == ["base"]


def test_without_replace_another_content_is_refused(process):
    error = process.refused("create_template", name="base", modules=["crm"])

    assert "differs" in error.message
    assert "replace" in error.hint


@pytest.mark.thorough
def test_a_new_version_that_fails_or_is_killed_leaves_the_current_one(process, world):
    before, old = world.everything(), row(process, "base")
    points = [
        point
        for point in process.passed("create_template", name="base", replace=True)
        if point.startswith("template.")
    ]
    assert len(points) > 10
    before, old = world.everything(), row(process, "base")
    left = {}
    for point in points:
        Process(world).killed("create_template", at=point, name="base", replace=True)
        after = Process(world)
        assert row(after, "base").id == old.id
        after.reconcile()
        if world.everything() != before or list(listed(after)) != ["base"]:
            left[point] = listed(after)

    assert left == {}


def test_a_new_version_keeps_the_description_and_the_defaults(process):
    process.ok("update_template", name="base", description="For sales.", modules=["sale"])

    made = process.ok("create_template", name="base", replace=True)

    assert (made.description, made.defaults.modules) == ("For sales.", ("sale",))


def test_a_renamed_template_keeps_its_environments_and_versions(process, sale):
    process.ok("create_environment", **sale)
    process.ok("create_template", name="base", replace=True)

    process.ok("rename_template", name="base", new_name="shop")

    assert listed(process) == {"shop": ("ready", ()), "shop.v1": ("retired", ("sale",))}
    assert process.ok("get_environment", name="sale").template == "shop"
    process.ok("create_environment", **{**sale, "name": "new", "template": "shop"})


def test_a_name_that_is_taken_is_refused(process):
    process.ok("create_template", name="other")

    with pytest.raises(Conflict, match="“other” already"):
        process.call("rename_template", name="base", new_name="other")
    with pytest.raises(NotFound):
        process.call("rename_template", name="absent", new_name="another")


def test_an_environment_takes_from_its_template_what_its_call_leaves_out(process, sale, world):
    crm = module("hr_x") | module("sale")
    url = world.git.repository("defaults", {"stable": crm, "main": crm}, default="main")
    process.ok("update_template", name="base", repo_url=url, branch="stable", modules=["sale"])

    made = process.ok("create_environment", name="one")
    again = process.ok("create_environment", name="one")
    other = process.ok("create_environment", name="two", branch="main", modules=["hr_x"])
    foreign = process.ok("create_environment", **{**sale, "name": "three"})

    assert (made.repo_url, made.branch, made.modules) == (url, "stable", ("sale",))
    checked = {"branch_checked_at": made.branch_checked_at}  # anew, when the machine is slow
    assert again.model_copy(update=checked) == made
    assert (other.branch, other.modules) == ("main", ("hr_x",))
    assert foreign.branch == "main", "the default branch is the default repository's"


def test_without_any_repository_the_call_is_refused_with_the_next_step(process):
    with pytest.raises(Invalid, match="template base has no default repository") as refused:
        process.call("create_environment", name="one")

    assert {step.operation for step in refused.value.next} >= {"update_template"}


def test_defaults_are_checked_and_cleared(process):
    with pytest.raises(Invalid):
        process.call("update_template", name="base", repo_url="ftp://example.com/x")
    with pytest.raises(NotFound):
        process.call("update_template", name="base", extra_repos=["absent"])
    with pytest.raises(Invalid, match="another major version"):
        process.call("update_template", name="base", odoo_image="odoo:17.0")

    process.ok("update_template", name="base", branch="main", modules=["sale"])
    made = process.ok("update_template", name="base", branch="")

    assert (made.defaults.branch, made.defaults.modules) == ("", ("sale",))


def test_after_the_loss_of_the_store_the_latest_version_has_the_name(process, sale, world):
    process.ok("create_environment", **sale)
    process.ok("create_template", name="base", modules=["crm"], replace=True)
    rows = {each.version: each.id for each in process.deps.store.templates.list("1")}
    process.deps.store.environments.remove(process.deps.store.environments.get("1", "sale").id)
    for id_ in rows.values():
        process.deps.store.templates.remove(id_)

    for stray in TemplateRecovery(process.deps).strays(frozenset()):
        assert stray.adopt is not None
        stray.adopt()

    assert {each.name: each.id for each in process.deps.store.templates.list("1")} == {
        "base": rows[2],
        "base.v1": rows[1],
    }


def row(process: Process, name: str):
    return process.deps.store.templates.get("1", name)


def listed(process: Process) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return state and environments of each template by name."""
    found = process.ok("list_templates").templates
    return {view.name: (str(view.state), view.environments) for view in found}
