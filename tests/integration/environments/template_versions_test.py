"""A new version of a template takes its name, and a rename takes all versions along."""

import pytest

from oduflow.domain.plan import TemplatePlan
from oduflow.services.templates.recover import TemplateRecovery
from tests.support.instances import Instance, world
from tests.support.server import serves
from tests.support.variants import plan_of, signed_in

pytestmark = pytest.mark.timeout(600)

MARK = "UPDATE res_partner SET ref = %s WHERE id = 1"
READ = "SELECT ref FROM res_partner WHERE id = 1"


def test_environments_keep_their_version_of_a_template_that_is_replaced_and_renamed(
    instance: Instance, sample_repository: str
) -> None:
    before, deps = world(instance), instance.services.deps
    instance.ok("create_environment", name="source", repo_url=sample_repository)
    saved(instance, "first", replace=False)
    create(instance, "of-first", sample_repository, "shop")

    assert saved(instance, "second", replace=True)["version"] == 2
    create(instance, "of-second", sample_repository, "shop")
    renamed = instance.ok("rename_template", name="shop", new_name="store")
    create(instance, "of-store", sample_repository, "store")

    assert renamed["environments"] == ["of-second"]
    assert ref_of(instance, "of-first") == "first"
    assert ref_of(instance, "of-second") == ref_of(instance, "of-store") == "second"
    gone = instance.call(
        "create_environment", name="x", repo_url=sample_repository, template="shop"
    )
    assert gone.error is not None
    assert "There is no template “shop”" in gone.error.message
    for name in ("of-first", "of-second"):  # each by the files and the row of its own version
        instance.ok("rebuild_environment", name=name)
        assert serves(instance.ok("get_environment", name=name)["url"])
    made = instance.ok("create_template", name="store", replace=True)
    assert (made["version"], made["environments"]) == (3, [])
    assert made["odoo_version"] == "19.0"
    create(instance, "of-third", sample_repository, "store")
    assert ref_of(instance, "of-third") != "second"

    plans = [
        TemplatePlan.of(deps.naming, row) for row in deps.store.templates.versions("blue", "store")
    ]
    assert len(plans) == 3
    for name in ("of-first", "of-second", "of-store", "of-third", "source"):
        instance.ok("delete_environment", name=name)
    for row in TemplateRecovery(deps).unsettled(revive=frozenset()):  # as a server does
        with deps.work.locks.acquire(row.key, "tests") as held:
            row.settle(held)
    left = {plan.database for plan in plans} & deps.postgres.cluster("blue").databases()
    assert len(left) == 1, "of the current version"
    instance.ok("delete_template", name="store")
    assert world(instance) == before


def saved(instance: Instance, mark: str, *, replace: bool) -> dict[str, object]:
    """Mark the source and save it as the template; return what is shown of it."""
    with signed_in(plan_of(instance, "source")) as session:
        session.execute(MARK, [mark])
    made: dict[str, object] = instance.ok(
        "save_as_template", name="source", template="shop", replace=replace
    )
    return made


def create(instance: Instance, name: str, url: str, template: str) -> None:
    made = instance.ok("create_environment", name=name, repo_url=url, template=template)
    assert made["state"] == "running"


def ref_of(instance: Instance, name: str) -> str:
    with signed_in(plan_of(instance, name)) as session:
        found = session.execute(READ).fetchone()
    assert found is not None
    return str(found[0])
