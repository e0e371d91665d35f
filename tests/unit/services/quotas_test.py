from typing import Any, cast

import pytest

from oduflow.adapters.docker.errors import ImageMissing
from oduflow.domain.errors import Kind, QuotaReached
from oduflow.services.images import MOST_OTHER_IMAGES, ensure_image
from tests.support.memory.images import MemoryImages, image
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE


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
        "grants": "0 of 200",
    }


def test_teams_have_a_limited_number_of_further_images_fetched(world):
    process = Process(world, teams=f"{BLUE}max_templates = 100\n")
    tags = [f"odoo:19.0-{number}" for number in range(MOST_OTHER_IMAGES + 1)]
    world.images.registry |= {tag: image(tag) for tag in (*tags, "odoo:18.0")}
    for number, tag in enumerate(tags[:-1]):
        process.ok("create_template", name=f"t{number}", odoo_image=tag)

    refused = process.refused("create_template", name="more", odoo_image=tags[-1])

    assert refused.kind is Kind.QUOTA
    assert "10 images of odoo are on this machine" in refused.message
    assert f"docker pull {tags[-1]}" in refused.hint
    process.ok("create_template", name="again", odoo_image=tags[0])
    process.ok("create_template", name="older", odoo_version="18.0")
    world.images.here[tags[-1]] = image(tags[-1])  # pulled by the operator
    process.ok("create_template", name="more", odoo_image=tags[-1])


@pytest.mark.parametrize("prefix", ["docker.io/library/", "library/", ""])
def test_an_image_counts_by_the_name_that_the_engine_lists(prefix):
    tags = [f"odoo:19.0-{number}" for number in range(MOST_OTHER_IMAGES)]
    images = MemoryImages([image("odoo:19.0"), image("other:1"), *map(image, tags)])

    with pytest.raises(QuotaReached):
        ensure_image(
            cast("Any", images),
            f"{prefix}odoo:{{version}}",
            f"{prefix}odoo:new",
            list[str]().append,
        )
    del images.here[tags[0]]
    with pytest.raises(ImageMissing):
        ensure_image(
            cast("Any", images),
            f"{prefix}odoo:{{version}}",
            f"{prefix}odoo:new",
            list[str]().append,
        )
