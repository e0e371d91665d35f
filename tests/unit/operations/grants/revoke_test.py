import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import NotFound
from oduflow.domain.outcome import Status
from tests.support.grants_world import TEST, grants_world


def test_a_revoked_grant_opens_nothing_and_neither_do_those_made_with_it(made):
    top = made.grant("top")
    child = made.grant("child", made.holder(top), environments=["shop"])
    grandchild = made.grant("grandchild", made.holder(child), environments=["shop"])
    other = made.grant("other")

    made.call("revoke_grant", name="top")

    for secret in (top, child, grandchild):
        assert made.keeper.verify(secret, "/mcp") is None
    assert made.keeper.verify(other, "/mcp") is not None


def test_its_queued_jobs_are_called_off_and_those_of_others_go_on(made):
    slots = made.world.slots
    slots.free.clear()
    child = made.holder(made.grant("child", made.holder(made.grant("top"))))
    begun = {
        name: made.world.runner.call("restart_environment", {"name": name}, actor, TEST).job
        for name, actor in (("shop", child), ("till", made.holder(made.grant("other"))))
    }

    made.call("revoke_grant", name="top")
    ended = made.world.runner.jobs.wait("1", str(begun["shop"]), 10)
    slots.free.set()
    other = made.world.runner.jobs.wait("1", str(begun["till"]), 10)

    assert (ended.status, other.status) == (Status.CANCELLED, Status.OK)


def test_a_holder_revokes_what_was_made_with_its_own_grant_and_nothing_else(made):
    top = made.holder(made.grant("top"))
    made.grant("other")
    made.grant("child", top)
    child = made.holder(made.grant("second", top))
    made.grant("grandchild", child)

    for name in ("top", "other", "second", "child", "nowhere"):
        with pytest.raises(NotFound, match="no grant"):
            made.call("revoke_grant", child, name=name)
    made.call("revoke_grant", child, name="grandchild")
    made.call("revoke_grant", top, name="second")

    assert [view.name for view in made.call("list_grants", top).grants] == ["child"]
    assert [row.name for row in made.grants.list("1")] == ["child", "other", "top"]


def test_another_teams_grant_is_not_there(made):
    made.grant("ci")
    red = Actor("2", ActorKind.BASIC, "admin")

    with pytest.raises(NotFound):
        made.call("revoke_grant", red, name="ci")
    assert made.call("list_grants", red).grants == ()


@pytest.fixture
def made(tmp_path):
    with grants_world(tmp_path) as world:
        yield world
