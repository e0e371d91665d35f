"""What calls changed, as the audit log and the jobs show it."""

from dataclasses import replace
from typing import Any

import pytest

from oduflow.blueprints.mcp.resources import is_resource
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
from oduflow.domain.errors import Kind, UpstreamFailed
from oduflow.domain.job import Progress
from oduflow.domain.outcome import Status
from oduflow.kernel.changes import AUDIT, LISTED, ChangeFeed, touches
from oduflow.kernel.changes import ChangedThing as Thing
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry
from tests.support.fakes import FakeAudit, FakeJobStore
from tests.support.store_rows import audit_row, job

REGISTRY = Registry.discover("oduflow.operations")
IDS = {("1", "shop"): "id-shop", ("1", "a"): "id-a"}
SHOP = Thing("environments", "shop", "id-shop")
BLUE = Actor("1", ActorKind.TOKEN, "auth_token")


def can_be_followed(operation: Operation) -> bool:
    return is_resource(operation) and not operation.unannounced


def id_of(team: str, name: str) -> str | None:
    return IDS.get((team, name))


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def rows() -> FakeJobStore:
    return FakeJobStore()


@pytest.fixture
def feed(audit: FakeAudit, rows: FakeJobStore) -> ChangeFeed:
    feed = ChangeFeed(REGISTRY, audit, rows, id_of)
    feed.begin("1")
    return feed


def changed(feed: ChangeFeed) -> set[Thing]:
    return set(feed.look().get("1", ())) - {AUDIT}


@pytest.mark.parametrize(
    ("operation", "fields", "changes"),
    [
        ("write_file", {"name": "shop"}, {SHOP}),
        (
            "rename_template",
            {"name": "a", "new_name": "b"},
            {Thing("templates", x) for x in "ab"},
        ),
        ("setup_repo_auth", {}, {Thing("credentials")}),
        ("get_environment", {"name": "shop"}, set()),
        ("diff_environment", {"name": "shop"}, {Thing("jobs", environment="id-shop")}),
        ("sign_in", {}, set()),
        (
            "delete_environment",
            {"name": "shop"},
            {SHOP, Thing("jobs", environment="id-shop"), LISTED},
        ),
        (
            "copy_environment",
            {"name": "a", "new_name": "b"},
            {
                Thing("environments", "a", "id-a"),
                Thing("environments", "b"),
                Thing("jobs", environment="id-a"),
                LISTED,
            },
        ),
    ],
)
def test_a_call_changed_what_it_locked(
    feed: ChangeFeed, audit: FakeAudit, operation: str, fields: Any, changes: set[Thing]
) -> None:
    audit.append(audit_row(actor=BLUE, operation=operation, fields=fields))

    assert changed(feed) == changes
    assert changed(feed) == set(), "it is told once"


def test_each_thing_that_can_be_followed_is_announced_by_some_call(
    feed: ChangeFeed, audit: FakeAudit
) -> None:
    for each in REGISTRY:  # rows of reads announce the audit log only
        audit.append(audit_row(actor=BLUE, operation=each.name, fields={"name": "shop"}))
    changes = feed.look()["1"]

    followed = {each.path.split("/")[1] for each in REGISTRY if can_be_followed(each)}
    assert {each for each in followed if not touches(changes, each, None)} == set()
    assert {"environments", "jobs", "audit"} <= followed
    assert followed.isdisjoint({"status", "outputs", "grants"})


@pytest.mark.parametrize(("outcome", "told"), [(Kind.BUSY, False), (Kind.UPSTREAM, True)])
def test_a_refused_call_changed_nothing_and_a_failed_one_may_have(
    feed: ChangeFeed, audit: FakeAudit, *, outcome: Kind, told: bool
) -> None:
    row = audit_row(actor=BLUE, operation="write_file", fields={"name": "shop"}, outcome=outcome)
    audit.append(row)

    assert (changed(feed) != set()) is told


def test_a_job_changed_at_each_step_and_what_it_holds_at_its_begin_and_end(
    feed: ChangeFeed, rows: FakeJobStore
) -> None:
    held, itself = Thing("environments", "sale"), Thing("jobs", "aaaaaaaaaaaa")

    rows.add(job(actor=BLUE))
    assert changed(feed) == {held, itself, LISTED}
    rows.progress("aaaaaaaaaaaa", Progress("boot", "booting", 1, 2))
    assert changed(feed) == {itself}
    assert changed(feed) == set()
    rows.finish("aaaaaaaaaaaa", Status.OK, {})
    assert changed(feed) == {held, itself, LISTED}


def test_what_was_before_the_begin_and_of_other_teams_is_not_told(
    audit: FakeAudit, rows: FakeJobStore
) -> None:
    fields = {"name": "shop"}
    audit.append(audit_row(actor=BLUE, operation="write_file", fields=fields))
    rows.add(job(actor=BLUE))
    feed = ChangeFeed(REGISTRY, audit, rows, id_of)
    feed.begin("1")
    red = Actor("2", ActorKind.TOKEN, "auth_token")
    audit.append(audit_row(actor=red, operation="write_file", fields=fields))
    rows.add(job(id="bbbbbbbbbbbb", actor=red))

    assert feed.look() == {}
    feed.end("1")
    audit.append(audit_row(actor=BLUE, operation="write_file", fields=fields))
    assert feed.look() == {}


def test_a_look_that_failed_is_made_again(
    feed: ChangeFeed, audit: FakeAudit, rows: FakeJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.append(audit_row(actor=BLUE, operation="write_file", fields={"name": "shop"}))

    def fail() -> None:
        raise UpstreamFailed("The store is busy.")

    with monkeypatch.context() as patch:
        patch.setattr(rows, "unfinished", fail)
        with pytest.raises(UpstreamFailed):
            feed.look()

    assert changed(feed) == {SHOP}


def test_a_change_of_one_thing_concerns_it_and_its_list() -> None:
    changes = {Thing("environments", "shop")}

    assert touches(changes, "environments", "shop")
    assert touches(changes, "environments", None)
    assert not touches(changes, "environments", "till")
    assert not touches(changes, "templates", "shop")
    assert touches({Thing("environments")}, "environments", "till")
    assert not touches({LISTED}, "environments", "shop")


def test_a_change_by_a_job_carries_the_id_of_its_environment_also_when_that_is_gone(
    feed: ChangeFeed, audit: FakeAudit, rows: FakeJobStore
) -> None:
    rows.add(job(actor=BLUE, operation="delete_environment", target="sale", environment="id-sale"))
    sale, itself = (
        Thing("environments", "sale", "id-sale"),
        Thing("jobs", "aaaaaaaaaaaa", "id-sale"),
    )
    assert changed(feed) == {sale, itself, LISTED}

    audit.append(audit_row(actor=BLUE, operation="cancel_job", fields={"job": "aaaaaaaaaaaa"}))
    assert changed(feed) == {itself}


def test_after_a_row_that_cannot_be_read_all_of_the_team_may_have_changed(
    feed: ChangeFeed, audit: FakeAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.begin("2")
    red = Actor("2", ActorKind.TOKEN, "auth_token")
    audit.append(audit_row(actor=red, operation="update_template", fields={"name": "x"}))
    after = audit.after

    def fail(team: str, number: int) -> Any:
        if team == "1":
            raise ValueError("no such kind")
        return after(team, number)

    with monkeypatch.context() as patch:
        audit.append(audit_row(actor=BLUE, operation="write_file", fields={"name": "shop"}))
        newest = {team: audit.newest(team) for team in ("1", "2")}
        patch.setattr(audit, "after", fail)
        patch.setattr(audit, "newest", newest.__getitem__)
        found = feed.look()

    assert found["1"] >= {Thing("environments"), Thing("jobs"), AUDIT}
    assert found["2"] == {Thing("templates", "x"), AUDIT}
    assert feed.look() == {}, "the row is behind it"


def test_a_team_that_ends_and_one_that_begins_do_not_wait_for_a_look(
    feed: ChangeFeed, audit: FakeAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = audit.after

    def meanwhile(team: str, number: int) -> Any:
        monkeypatch.setattr(audit, "after", after)
        feed.end("1")
        feed.begin("2")
        return after(team, number)

    monkeypatch.setattr(audit, "after", meanwhile)
    feed.look()

    assert feed.teams == {"2"}


@pytest.mark.parametrize(
    ("operation", "outcome", "told"),
    [
        ("read_audit", Status.OK, False),
        ("read_audit", Kind.RATE_LIMITED, False),
        ("read_audit", Kind.FORBIDDEN, True),
        ("get_environment", Status.OK, True),
        ("sign_in", Kind.UNAUTHENTICATED, True),
    ],
)
def test_a_read_of_the_audit_log_is_not_told_to_those_who_would_read_it_again(
    feed: ChangeFeed, audit: FakeAudit, operation: str, outcome: Any, *, told: bool
) -> None:
    audit.append(audit_row(actor=BLUE, operation=operation, outcome=outcome))

    assert (AUDIT in feed.look().get("1", ())) is told


def test_a_job_between_two_looks_that_failed_with_the_kind_of_a_refusal_is_told(
    feed: ChangeFeed, audit: FakeAudit, rows: FakeJobStore
) -> None:
    fields = {"name": "shop"}
    rows.add(job(actor=BLUE, operation="upgrade_modules", target="shop", created_at=now()))
    ended = audit_row(
        actor=BLUE,
        operation="upgrade_modules",
        fields=fields,
        outcome=Kind.CONFLICT,
        time=now(),
    )
    audit.append(ended)
    rows.finish("aaaaaaaaaaaa", Status.FAILED, {})
    assert changed(feed) == {SHOP, Thing("jobs", environment="id-shop")}

    audit.append(replace(ended, time=now()))
    assert changed(feed) == set(), "no job of it: it was refused"
