"""Quotas and conflicts are checked before an image is pulled or git is called."""

import pytest

from oduflow.domain.errors import Kind
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE

LIMIT = 2


def test_a_full_team_learns_it_before_an_image_is_pulled_or_git_is_asked(full_team, sale):
    full_team.faults.calls.clear()

    refused = full_team.refused("create_environment", **{**sale, "name": "third"})

    assert refused.message == f"The team has {LIMIT} environments and may have {LIMIT}."
    assert "max_environments" in refused.hint
    assert not {"images.ensure", "git.resolve_branch"} & set(full_team.faults.calls)


def test_a_team_with_room_for_one_goes_on(full_team, sale):
    full_team.ok("delete_environment", name="sale")

    assert full_team.ok("create_environment", **{**sale, "name": "third"}).state == "running"


def test_a_full_team_is_still_answered_what_is_there(full_team, sale):
    other = full_team.refused("create_environment", **{**sale, "modules": []})

    assert other.kind is Kind.CONFLICT
    assert "exists already and differs" in other.message


@pytest.fixture
def full_team(world, process, sale):
    made = Process(world, teams=f"{BLUE}max_environments = {LIMIT}\n")
    for name in ("sale", "other"):
        made.ok("create_environment", **{**sale, "name": name})
    return made
