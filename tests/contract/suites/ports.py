"""What every implementation of the kernel's smaller ports does."""

import re

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.errors import Busy, Cancelled, Kind, Unauthenticated
from oduflow.kernel.locks import LockKey
from tests.support.store_rows import MOMENT, audit_row

KEY = LockKey.environment("1", "sale")
BOOT = WaitingBoot("job", "1", BootKind.SERVE)


class LocksContract:
    """Locks; needs `locks`."""

    def test_a_key_has_one_holder_at_a_time(self, locks):
        assert locks.is_free(KEY)
        held = locks.acquire(KEY, "create_environment by ada")

        assert not locks.is_free(KEY)
        with pytest.raises(Busy) as caught:
            locks.acquire(KEY, "second")
        assert "create_environment by ada" in caught.value.message
        assert caught.value.hint

        held.release()
        assert locks.is_free(KEY)
        locks.acquire(KEY, "second").release()

    def test_other_keys_are_free_meanwhile(self, locks):
        held = locks.acquire(KEY, "first")

        for other in (LockKey.environment("2", "sale"), LockKey.template("1", "sale")):
            assert locks.is_free(other)
            locks.acquire(other, "second").release()

        held.release()

    def test_releasing_again_leaves_the_next_holder_alone(self, locks):
        first = locks.acquire(KEY, "first")
        first.release()
        second = locks.acquire(KEY, "second")

        first.release()

        assert not locks.is_free(KEY)
        second.release()


class EnvironmentLookupContract:
    """Environments by name; needs `environments`, with `id-1-sale` of team 1, `sale`."""

    def test_an_environment_is_found_by_its_exact_name_in_its_own_team(self, environments):
        found = environments.get("1", "sale")

        assert (found.id, found.team, found.name) == ("id-1-sale", "1", "sale")
        assert environments.get("1", "SALE") is None
        assert environments.get("1", "other") is None
        assert environments.get("2", "sale") is None


class GrantUsageContract:
    """Calls with a grant; needs `usage`, for which grant `id-ci` has two calls left."""

    def test_a_grant_counts_its_calls_and_then_no_more(self, usage):
        actor = Actor("1", ActorKind.GRANT, "ci", subject_id="id-ci")

        usage.spend(actor)
        usage.spend(actor)

        for _ in range(2):
            with pytest.raises(Unauthenticated):
                usage.spend(actor)


class AuditSinkContract:
    """The audit log; needs `sink`, and `recorded`, which ends it and returns its rows."""

    def test_an_appended_row_is_recorded(self, sink, recorded):
        moment = MOMENT.replace(microsecond=890000)
        rows = [
            audit_row(operation="a", time=moment),
            audit_row(operation="b", time=moment, outcome=Kind.BUSY),
        ]

        for row in rows:
            sink.append(row)

        assert recorded() == rows

    def test_a_counted_call_is_recorded(self, sink, recorded):
        read = audit_row(operation="list_environments")
        refused = audit_row(
            actor=Actor("1", ActorKind.ANONYMOUS, "anonymous"),
            operation="sign_in",
            outcome=Kind.UNAUTHENTICATED,
        )

        sink.count(read)
        sink.count(refused)

        assert {row.operation for row in recorded()} == {"list_environments", "sign_in"}

    def test_the_rows_after_a_number_are_the_later_ones_of_that_team(self, sink):
        other = audit_row(actor=Actor("2", ActorKind.TOKEN, "auth_token"))
        assert sink.newest("1") == 0
        for row in (audit_row(operation="a"), other, audit_row(operation="b")):
            sink.append(row)

        first, last = sink.after("1", 0)
        assert [first.row.operation, last.row.operation] == ["a", "b"]
        assert sink.newest("1") == last.number
        assert sink.after("1", first.number) in ([last], (last,))
        assert len(sink.after("1", last.number)) == 0


class BootSlotsContract:
    """Boot slots; needs `slots` of one boot at a time, and `occupied`, which takes it."""

    def test_a_free_slot_is_taken_at_once(self, slots):
        places: list[int] = []

        with slots.take(BOOT, places.append, lambda: None):
            assert places == [0]

    def test_a_job_that_waits_is_told_its_place_and_can_give_up(self, slots, occupied):
        places: list[int] = []

        def give_up_once_waiting():
            if places:
                raise Cancelled("Stopped on request.")

        with (
            occupied(),
            pytest.raises(Cancelled),
            slots.take(BOOT, places.append, give_up_once_waiting),
        ):
            pass

        assert places == [1]


class FactsContract:
    """Facts; needs `facts`."""

    def test_a_fact_is_replaced_by_the_next(self, facts):
        assert facts.get("key") is None

        facts.set("key", "one")
        facts.set("key", "two")
        facts.set("other", "three")

        assert (facts.get("key"), facts.get("other")) == ("two", "three")


class OutputStoreContract:
    """Stored outputs; needs `outputs`."""

    def test_a_text_is_read_back_by_its_handle(self, outputs):
        handle = outputs.keep("one\ntwo ä\n", team="1", environment="aaaaaaaaaaaa")

        assert re.fullmatch("[a-z2-7]{12}", handle)
        assert outputs.read("1", handle) == "one\ntwo ä\n"
        assert outputs.environment("1", handle) == "aaaaaaaaaaaa"

    def test_the_same_text_twice_has_two_handles(self, outputs):
        handles = {outputs.keep("same", team="1", environment="a") for _ in range(2)}

        assert len(handles) == 2

    def test_a_text_about_no_environment_is_the_teams(self, outputs):
        handle = outputs.keep("text", team="1", environment="")

        assert outputs.environment("1", handle) == ""
        assert outputs.read("1", handle) == "text"

    def test_an_image_is_read_back_and_is_no_text(self, outputs):
        handle = outputs.keep(b"\x89PNG\xff", team="1", environment="aaaaaaaaaaaa")
        text = outputs.keep("text", team="1", environment="aaaaaaaaaaaa")

        assert outputs.read_image("1", handle) == b"\x89PNG\xff"
        assert outputs.environment("1", handle) == "aaaaaaaaaaaa"
        assert outputs.read("1", handle) is None
        assert outputs.read_image("1", text) is None
        assert outputs.read_image("2", handle) is None

    def test_another_teams_text_is_absent(self, outputs):
        handle = outputs.keep("text", team="1", environment="a")
        outputs.keep("own", team="2", environment="a")

        for team, wanted in (("2", handle), ("3", handle), ("1", "z" * 12), ("1", "")):
            assert outputs.read(team, wanted) is None
            assert outputs.environment(team, wanted) is None
