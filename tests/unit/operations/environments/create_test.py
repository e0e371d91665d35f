"""create_environment refuses a bad URL before it starts a job."""

import pytest

from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Invalid
from oduflow.kernel.call import Origin
from oduflow.kernel.registry import Registry
from tests.support.fakes import make_world
from tests.support.parts import deps_of

OPERATIONS = {found.name: found for found in Registry.discover("oduflow.operations")}


@pytest.mark.parametrize("tool", ["create_environment", "add_extra_repo"])
@pytest.mark.parametrize(
    "url", ["http://github.com/a/b.git", "ext::sh -c id", "https://me:secret@github.com/a/b.git"]
)
def test_an_address_that_git_may_not_ask_begins_no_job(tool: str, url: str):
    deps = deps_of(repositories=GitRepositories(allowed_hosts=()))
    world = make_world(operations=[OPERATIONS[tool]], deps=deps)
    raw = {"name": "shop", "repo_url": url}

    with pytest.raises(Invalid) as refused:
        world.runner.call(tool, raw, Actor("1", ActorKind.CLI, "ann"), Origin("cli"))

    assert refused.value.argument == "repo_url", "forms mark this field"
    assert world.job_rows.rows == {}
    assert world.locks.holders == {}
    assert world.audit.outcomes == [(tool, "invalid")]
