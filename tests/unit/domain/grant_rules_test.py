from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oduflow.domain.access import Tier
from oduflow.domain.errors import Forbidden
from oduflow.domain.grant_rules import (
    Bounds,
    Grant,
    GrantState,
    calls_left,
    digest_of,
    new_secret,
    refuse_wider,
    state_of,
)

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
OWN = Bounds(frozenset({"a", "b"}), frozenset({Tier.READ, Tier.WRITE}), LATER, 10, rest=False)
WIDER: list[tuple[dict[str, Any], str]] = [
    ({"environments": None}, "environments"),
    ({"environments": frozenset({"a", "c"})}, "environments"),
    ({"tiers": frozenset({Tier.READ, Tier.DESTROY})}, "read, write only"),
    ({"expires_at": LATER + timedelta(seconds=1)}, "outlive"),
    ({"expires_at": None}, "outlive"),
    ({"calls": 11}, "10 calls left"),
    ({"calls": None}, "10 calls left"),
    ({"rest": True}, "REST"),
]


@pytest.mark.parametrize(("change", "said"), WIDER)
def test_a_grant_never_gives_more_than_its_creator_has(change, said):
    with pytest.raises(Forbidden, match=said):
        refuse_wider(replace(OWN, **change), OWN)


def test_a_grant_may_give_as_much_or_less():
    refuse_wider(OWN, OWN)
    refuse_wider(replace(OWN, environments=frozenset({"a"}), tiers=frozenset(), calls=1), OWN)


def test_an_unrestricted_actor_may_grant_anything():
    free = Bounds(None, frozenset(Tier))

    for change, _said in WIDER:
        refuse_wider(replace(OWN, **change), free)


def test_the_calls_that_are_left_are_the_fewest_of_the_whole_lineage():
    assert calls_left([grant(calls=None)]) is None
    assert calls_left([grant(calls=9, used=2)]) == 7
    assert calls_left([grant(calls=None), grant(calls=9, used=4)]) == 5
    assert calls_left([grant(calls=9, used=2), grant(calls=9, used=8)]) == 1
    assert calls_left([grant(calls=1, used=5)]) == 0


@pytest.mark.parametrize(
    ("lineage", "there", "state"),
    [
        ([{}], "ab", GrantState.LIVE),
        ([{"expires_at": NOON}], "ab", GrantState.EXPIRED),
        ([{}, {"expires_at": NOON}], "ab", GrantState.EXPIRED),
        ([{"calls": 2, "used": 2}], "ab", GrantState.SPENT),
        ([{}, {"calls": 2, "used": 2}], "ab", GrantState.SPENT),
        ([{"environments": ("a", "b")}], "b", GrantState.LIVE),
        ([{"environments": ("a", "b")}], "c", GrantState.GONE),
        ([{"environments": ()}], "c", GrantState.GONE),
        ([{"environments": None}], "", GrantState.LIVE),
    ],
)
def test_a_grant_ends_with_its_time_its_calls_its_environments_or_its_parent(lineage, there, state):
    assert state_of([grant(**each) for each in lineage], NOON, there.__contains__) is state


def test_a_secret_has_32_random_bytes_behind_its_prefix_and_never_comes_twice():
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(len(secret) == len("odf_") + 43 for secret in secrets)  # 32 bytes in base64
    assert all(secret.startswith("odf_") for secret in secrets)


def test_a_digest_tells_secrets_apart_and_holds_none():
    assert digest_of("odf_a") != digest_of("odf_b")
    assert "odf_" not in digest_of("odf_a")
    assert len(digest_of("odf_\udcff")) == 64


def grant(**given) -> Grant:
    values = {
        "id": "g",
        "team": "1",
        "name": "ci",
        "digest": "",
        "parent": None,
        "environments": None,
        "tiers": frozenset(Tier),
        "rest": False,
        "calls": None,
        "used": 0,
        "created_by": "",
        "created_at": NOON,
        "expires_at": LATER,
    }
    return Grant(**values | given)
