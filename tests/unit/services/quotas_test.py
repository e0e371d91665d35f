from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.docker.errors import ImageMissing
from oduflow.domain.errors import Kind, QuotaReached
from oduflow.services import images as module
from oduflow.services.images import MOST_OTHER_IMAGES, ensure_image, fetched_images
from tests.support.memory.images import MemoryImages, image
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED


def test_a_team_has_no_more_templates_and_extra_repos_than_it_may(world, sale):
    process = Process(world, teams=f"{BLUE}max_templates = 1\nmax_extra_repos = 1\n")
    repo = world.git.repository("web", {"19.0": {"web_grid/__manifest__.py": "{'name': 'x'}"}})
    process.ok("create_template", name="base")
    process.ok("add_extra_repo", name="web", repo_url=repo, branch="19.0")

    template = process.refused("create_template", name="second")
    extra = process.refused("add_extra_repo", name="other", repo_url=repo, branch="19.0")

    assert {template.kind, extra.kind} == {Kind.QUOTA}
    assert template.message == "The team has 1 of 1 templates."
    assert process.ok("get_status").quotas == {
        "environments": "0 of 20",
        "templates": "1 of 1",
        "extra_repos": "1 of 1",
        "snapshots": "0 of 100",
        "uploads": "0 of 10, 0 KiB of 50.0 GiB",
        "grants": "0 of 200",
    }


def test_a_team_has_no_more_snapshots_that_were_asked_for_than_it_may(world, process, sale):
    limited = Process(world, teams=f"{BLUE}max_snapshots = 1\n")
    limited.ok("create_environment", **sale)
    limited.ok("create_snapshot", name="sale", snapshot="one")
    limited.ok("rebuild_environment", name="sale")  # takes an automatic one

    refused = limited.refused("create_snapshot", name="sale", snapshot="two")

    assert refused.kind is Kind.QUOTA
    assert refused.message == "The team has 1 of 1 snapshots that were asked for."
    assert limited.ok("get_status").quotas["snapshots"] == "1 of 1"
    limited.ok("delete_snapshot", name="sale", snapshot="one")
    limited.ok("create_snapshot", name="sale", snapshot="two")


def test_two_that_ask_at_once_get_no_more_snapshots_than_the_team_may_have(process, sale):
    process.ok("create_environment", **sale)
    process.ok("create_snapshot", name="sale", snapshot="one")
    rows = process.deps.store.snapshots
    [first] = rows.all()

    with pytest.raises(QuotaReached, match="1 of 1 snapshots"):
        rows.add(replace(first, id="2" * 12, name="two"), limit=1)
    assert rows.all() == (first,)


@pytest.mark.thorough
def test_each_team_has_a_limited_number_of_further_images_fetched(world):
    process = Process(world, teams=f"{BLUE}max_templates = 100\n{RED}")
    tags = [f"odoo:19.0-{number}" for number in range(MOST_OTHER_IMAGES + 2)]
    world.images.registry |= {tag: image(tag) for tag in (*tags, "odoo:18.0")}
    for number, tag in enumerate(tags[:-2]):
        process.ok("create_template", name=f"t{number}", odoo_image=tag)

    refused = process.refused("create_template", name="more", odoo_image=tags[-1])

    assert refused.kind is Kind.QUOTA
    assert "has had 10 images of odoo fetched" in refused.message
    assert f"docker pull {tags[-1]}" in refused.hint
    process.ok("create_template", name="again", odoo_image=tags[0])
    process.ok("create_template", name="older", odoo_version="18.0")
    world.images.here[tags[-1]] = image(tags[-1])  # pulled by the operator
    process.ok("create_template", name="more", odoo_image=tags[-1])
    other = process.call("create_template", team="2", name="other", odoo_image=tags[-2])
    assert other.status == "ok", "another team has its own number"


@pytest.mark.parametrize("prefix", ["docker.io/library/", "library/", ""])
def test_an_image_counts_by_the_name_that_the_engine_lists(world, monkeypatch, prefix):
    monkeypatch.setattr(module, "MOST_OTHER_IMAGES", 1)
    images = MemoryImages([image("odoo:19.0"), image("other:1")])
    images.registry = {f"{prefix}odoo:{tag}": image(f"odoo:{tag}") for tag in ("19.0-1", "19.0-2")}
    deps = Process(world).deps
    pattern = f"{prefix}odoo:{{version}}"
    unlike: Any = SimpleNamespace(
        engine=SimpleNamespace(images=images),
        settings=SimpleNamespace(images=SimpleNamespace(odoo=pattern)),
        store=deps.store,
    )

    def fetch(tag: str) -> None:
        with suppress(ImageMissing):
            ensure_image(unlike, "1", f"{prefix}odoo:{tag}", list[str]().append)

    fetch("gone")
    assert fetched_images(deps.store.facts, "1") == ("odoo:gone",)
    fetch("19.0-1")
    images.here["odoo:19.0-1"] = image("odoo:19.0-1")  # as the engine lists it
    assert fetched_images(deps.store.facts, "1") == ("odoo:19.0-1",)
    with pytest.raises(QuotaReached):
        fetch("19.0-2")
    images.here.clear()
    fetch("19.0-2")
    assert fetched_images(deps.store.facts, "1") == ("odoo:19.0-2",)
