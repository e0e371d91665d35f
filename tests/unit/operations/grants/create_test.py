from datetime import datetime, timedelta

import pytest

from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from oduflow.domain.grant_rules import digest_of
from tests.support.grants_world import ADMIN, grants_world


def test_the_secret_is_answered_once_and_kept_nowhere(made, tmp_path):
    answer = made.call("create_grant", name="ci", environments=["shop"], tiers=["read"])

    assert answer.secret.startswith("odf_")
    assert made.grants.list("1")[0].digest == digest_of(answer.secret)
    for shown in (made.call("list_grants"), made.world.audit.rows):
        assert answer.secret not in repr(shown)
    made.store.close()
    assert not any(answer.secret.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_without_a_word_it_reads_for_a_week_and_opens_no_rest(made):
    answer = made.call("create_grant", name="ci", environments=["shop"])

    assert (answer.tiers, answer.rest, answer.calls) == ((Tier.READ,), False, None)
    assert answer.environments == ("shop",)
    week = datetime.fromisoformat(answer.expires_at) - now()
    assert timedelta(days=6, hours=23) < week < timedelta(days=7)


@pytest.mark.parametrize(
    "raw", [{}, {"environments": ["shop"], "all_environments": True}, {"environments": []}]
)
def test_a_grant_is_for_some_environments_or_for_all_and_says_which(made, raw):
    with pytest.raises(Invalid, match="either environments or all_environments"):
        made.call("create_grant", name="ci", **raw)


def test_an_environment_that_is_not_there_grants_nothing(made):
    with pytest.raises(NotFound, match="no environment “nowhere”"):
        made.call("create_grant", name="ci", environments=["shop", "nowhere"])
    assert made.grants.list("1") == ()


def test_a_name_is_taken_once(made):
    made.grant("ci")

    with pytest.raises(Conflict, match="a grant “ci” already"):
        made.call("create_grant", name="ci", environments=["shop"])


def test_a_holder_without_the_admin_tier_creates_nothing(made):
    reader = made.holder(made.grant("reader", tiers=["read", "write", "destroy"]))

    with pytest.raises(Forbidden, match="needs grant:admin"):
        made.call("create_grant", reader, name="more", environments=["shop"])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"all_environments": True}, "environments"),
        ({"environments": ["shop"], "tiers": ["destroy"]}, "read, admin|admin, read"),
        ({"environments": ["shop"], "expires": "7200"}, "outlive"),
        ({"environments": ["shop"], "calls": 9}, "8 calls left"),
        ({"environments": ["shop"], "rest": True}, "REST"),
    ],
)
def test_a_holder_creates_only_narrower_ones(made, raw, said):
    secret = made.grant(
        "top", environments=["shop"], tiers=["read", "admin"], expires="3600", calls=9
    )
    holder = made.holder(secret)

    with pytest.raises(Forbidden, match=said):
        made.call("create_grant", holder, name="child", **raw)
    assert [row.name for row in made.grants.list("1")] == ["top"]


def test_a_holder_cannot_even_name_an_environment_that_is_not_its_own(made):
    holder = made.holder(made.grant("top", environments=["shop"]))

    with pytest.raises(NotFound) as foreign:
        made.call("create_grant", holder, name="child", environments=["till"])
    with pytest.raises(NotFound) as absent:
        made.call("create_grant", holder, name="child", environments=["gone"])
    assert foreign.value.message.replace("till", "gone") == absent.value.message


def test_a_child_inherits_what_its_call_does_not_say(made):
    secret = made.grant("top", environments=["shop"], expires="3600", calls=9)
    child = made.call("create_grant", made.holder(secret), name="child", environments=["shop"])

    parent = made.grants.get("1", "top")
    assert child.parent == "top"
    assert child.calls_left == 8
    assert datetime.fromisoformat(child.expires_at) <= parent.expires_at


def test_budgets_are_not_multiplied_by_having_children(made):
    top = made.holder(made.grant("top", calls=5))
    children = [made.holder(made.grant(f"child{number}", top)) for number in range(2)]

    for child in (*children, children[0]):  # with the two that made them: five
        made.call("get_status", child)

    for spent in (top, *children):
        with pytest.raises(Unauthenticated):
            made.call("get_status", spent)
    assert [view.calls_left for view in made.call("list_grants").grants] == [0, 0, 0]


def test_at_the_path_of_one_environment_nothing_wider_is_made(made):
    narrow = Actor("1", ActorKind.TOKEN, "auth_token").restricted_to(made.id_of("shop"))

    made.call("create_grant", narrow, name="fits", environments=["shop"])
    with pytest.raises(Forbidden, match="environments"):
        made.call("create_grant", narrow, name="wider", all_environments=True)
    assert made.call("list_grants", narrow).grants[0].name == "fits"


def test_the_audit_says_what_was_granted_to_whom(made):
    made.grant("ci", environments=["shop"], tiers=["read"], calls=3)

    row = made.world.audit.rows[-1]
    assert (row.operation, row.outcome, row.actor) == ("create_grant", "ok", ADMIN)
    assert row.fields["environments"] == ["shop"]
    assert (row.fields["tiers"], row.fields["calls"]) == (["read"], 3)


@pytest.fixture
def made(tmp_path):
    with grants_world(tmp_path) as world:
        yield world
