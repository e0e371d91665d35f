from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from oduflow.adapters.store import Grants, JobRows
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict, QuotaReached, Unauthenticated
from oduflow.domain.grant_rules import Grant
from tests.support.store_rows import MOMENT, job

LIMIT = 9


def test_a_row_comes_back_as_it_was(grants):
    narrow = row("ci", environments=("a", "b"), tiers=frozenset({Tier.READ}), calls=4, rest=True)
    grants.add(narrow, limit=LIMIT)
    grants.add(row("all"), limit=LIMIT)

    assert grants.list("1") == (row("all"), narrow)
    assert grants.by_digest("digest-ci") == narrow
    assert grants.by_digest("digest-of-nothing") is None


def test_a_name_is_one_grants(grants):
    grants.add(row("ci"), limit=LIMIT)

    with pytest.raises(Conflict, match="a grant “ci” already"):
        grants.add(replace(row("ci"), id="other", digest="other"), limit=LIMIT)
    grants.add(replace(row("ci"), id="other", digest="other", team="2"), limit=LIMIT)


def test_a_team_has_so_many_grants_and_no_more(grants):
    grants.add(row("a"), limit=2)
    grants.add(row("b"), limit=2)

    with pytest.raises(QuotaReached, match="has 2 grants"):
        grants.add(row("c"), limit=2)
    assert [each.name for each in grants.list("1")] == ["a", "b"]


def test_nothing_is_made_with_a_grant_that_was_revoked_meanwhile(grants):
    with pytest.raises(Unauthenticated):
        grants.add(row("child", parent="gone"), limit=LIMIT)


def test_a_call_counts_against_the_whole_lineage_and_no_sibling(family):
    family.spend("id-grandchild", now())
    family.spend("id-child", now())

    assert [each.used for each in family.lineage("id-grandchild")] == [1, 2, 2]
    assert family.by_id("id-sibling").used == 0


def test_a_call_that_one_of_the_lineage_refuses_counts_against_none(grants):
    grants.add(row("top", calls=1), limit=LIMIT)
    grants.add(row("child", parent="id-top"), limit=LIMIT)
    grants.spend("id-top", now())

    with pytest.raises(Unauthenticated):
        grants.spend("id-child", now())
    assert grants.by_id("id-child").used == 0


def test_of_forty_calls_at_once_a_budget_of_seven_lets_seven_through(grants):
    grants.add(row("top", calls=7), limit=LIMIT)
    for name in ("a", "b"):
        grants.add(row(name, parent="id-top", calls=7), limit=LIMIT)

    def spend(number: int) -> bool:
        try:
            grants.spend(("id-a", "id-b")[number % 2], now())
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(40))) == 7
    assert grants.by_id("id-top").used == 7


def test_what_has_expired_or_is_gone_spends_nothing(grants):
    grants.add(row("old", expires_at=now() - timedelta(seconds=1)), limit=LIMIT)

    for grant in ("id-old", "gone"):
        with pytest.raises(Unauthenticated):
            grants.spend(grant, now())


def test_revoking_a_grant_deletes_the_grants_made_with_it(family):
    family.remove("id-child")

    assert [each.name for each in family.list("1")] == ["sibling", "top"]


def test_old_ones_and_those_of_teams_that_are_gone_are_forgotten(grants):
    grants.add(row("live"), limit=LIMIT)
    grants.add(row("old", expires_at=now() - timedelta(days=31)), limit=LIMIT)
    grants.add(replace(row("strange"), team="gone"), limit=LIMIT)

    assert grants.prune({"1": None}, now() - timedelta(days=30)) == 2
    assert [each.name for each in grants.all()] == ["live"]


def test_the_jobs_of_a_revoked_grant_are_asked_to_stop_and_no_others(store, family):
    jobs = JobRows(store)
    for number, subject in enumerate(("id-grandchild", "id-sibling", "")):
        who = Actor("1", ActorKind.GRANT, "x", subject_id=subject)
        jobs.add(job(id=f"job{number}", actor=who))
    jobs.add(job(id="job3", actor=Actor("1", ActorKind.OAUTH, "ann", subject_id="583231")))
    assert not any(jobs.cancel_requested(f"job{number}") for number in range(4))

    family.remove("id-child")

    asked = [jobs.cancel_requested(f"job{number}") for number in range(4)]
    assert asked == [True, False, False, False]


def row(name: str, **given) -> Grant:
    values = {
        "id": f"id-{name}",
        "team": "1",
        "name": name,
        "digest": f"digest-{name}",
        "parent": None,
        "environments": None,
        "tiers": frozenset(Tier),
        "rest": False,
        "calls": None,
        "used": 0,
        "created_by": "basic:admin",
        "created_at": MOMENT,
        "expires_at": MOMENT + timedelta(days=36500),
    }
    return Grant(**values | given)


@pytest.fixture
def grants(store):
    return Grants(store)


@pytest.fixture
def family(grants):
    """A grant, two that were made with it, and one that was made with one of these."""
    grants.add(row("top"), limit=LIMIT)
    grants.add(row("child", parent="id-top"), limit=LIMIT)
    grants.add(row("sibling", parent="id-top"), limit=LIMIT)
    grants.add(row("grandchild", parent="id-child"), limit=LIMIT)
    return grants
