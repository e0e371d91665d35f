"""What every store of jobs does; needs `jobs`."""

from datetime import timedelta

import pytest

from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.clock import now
from oduflow.domain.job import Progress
from oduflow.domain.outcome import FINISHED, Status
from tests.support.store_rows import MOMENT, actor, job

CHECKOUT = Progress("checkout", "checking out", 1, 9)
DATABASE = Progress("database", "cloning", 2, 9)


class JobsContract:
    """Rows of jobs."""

    def test_a_row_comes_back_as_it_went_in(self, jobs):
        row = job(progress=CHECKOUT, position=3, result={"a": [1]}, cancel_requested=True)

        jobs.add(row)

        assert jobs.get("1", row.id) == row

    def test_a_jobs_actor_is_read_back_with_the_same_permissions(self, jobs):
        narrow = Actor("1", ActorKind.GRANT, "ci", frozenset({Tier.READ}), "g1", frozenset("ab"))
        jobs.add(job(actor=narrow, environment="a"))

        (found,) = jobs.list("1", active=False, limit=10)
        assert found.actor == narrow
        assert found.environment == "a"

    def test_of_some_environments_only_their_jobs_are_listed_up_to_the_limit(self, jobs):
        for number, environment in enumerate(["a", "b", "", "a", "c"]):
            moment = MOMENT - timedelta(seconds=number)
            jobs.add(job(id=f"j{number}", environment=environment, created_at=moment))

        def listed(*environments: str) -> list[str]:
            found = jobs.list("1", active=False, limit=2, environments=frozenset(environments))
            return [row.id for row in found]

        assert listed("a") == ["j0", "j3"]
        assert listed("a", "c") == ["j0", "j3"]
        assert listed("c") == ["j4"]
        assert listed() == []

    def test_a_job_of_another_team_is_none(self, jobs):
        jobs.add(job())

        assert jobs.get("2", job().id) is None
        assert jobs.list("2", active=False, limit=10) == ()

    def test_the_list_is_newest_first_and_limited(self, jobs):
        for number in range(4):
            jobs.add(job(id=f"j{number}", created_at=MOMENT + timedelta(seconds=number)))

        assert names(jobs.list("1", active=False, limit=3)) == ["j3", "j2", "j1"]

    def test_the_active_ones_are_those_that_have_not_ended(self, jobs):
        for status in Status:
            jobs.add(job(id=status, status=status))

        assert set(names(jobs.list("1", active=True, limit=10))) == {"queued", "running"}
        assert set(names(jobs.unfinished())) == {"queued", "running"}
        assert len(jobs.list("1", active=False, limit=10)) == len(Status)

    def test_unfinished_ones_of_every_team_come_oldest_first(self, jobs):
        for number, team in enumerate("121"):
            moment = MOMENT - timedelta(seconds=number)
            jobs.add(job(id=f"j{number}", actor=actor(team), created_at=moment))

        assert names(jobs.unfinished()) == ["j2", "j1", "j0"]

    def test_waiting_jobs_are_listed_in_the_order_in_which_they_began(self, jobs):
        for name in "abc":
            jobs.add(job(id=name))
        jobs.queue("c", 1, BootKind.SERVE)
        jobs.queue("a", 2, BootKind.INSTALL)
        jobs.queue("b", 3, BootKind.SERVE)

        jobs.queue("a", 1, BootKind.INSTALL)  # moving up does not change the order

        assert list(jobs.waiting()) == [
            WaitingBoot("c", "1", BootKind.SERVE),
            WaitingBoot("a", "1", BootKind.INSTALL),
            WaitingBoot("b", "1", BootKind.SERVE),
        ]

    def test_waiting_again_is_waiting_from_then(self, jobs):
        for name in "ab":
            jobs.add(job(id=name))
            jobs.queue(name, 1, BootKind.SERVE)

        jobs.queue("a", 0, BootKind.SERVE)
        jobs.queue("a", 2, BootKind.SERVE)

        assert [boot.job for boot in jobs.waiting()] == ["b", "a"]

    def test_a_queued_job_shows_its_place_until_it_runs(self, jobs):
        jobs.add(job())

        jobs.queue(job().id, 2, BootKind.SERVE)
        waiting = jobs.get("1", job().id)
        jobs.queue(job().id, 0, BootKind.SERVE)
        running = jobs.get("1", job().id)

        assert (waiting.status, waiting.position) == (Status.QUEUED, 2)
        assert (running.status, running.position) == (Status.RUNNING, 0)
        assert MOMENT < waiting.updated_at <= running.updated_at

    def test_a_job_keeps_its_last_progress(self, jobs):
        jobs.add(job())
        jobs.add(job(id="other"))

        for name, progress in ((job().id, CHECKOUT), ("other", CHECKOUT), (job().id, DATABASE)):
            jobs.progress(name, progress)

        assert jobs.get("1", job().id).progress == DATABASE
        assert jobs.get("1", "other").progress == CHECKOUT

    @pytest.mark.parametrize("status", sorted(FINISHED))
    def test_a_finished_job_never_changes(self, jobs, status):
        jobs.add(job(progress=CHECKOUT))
        jobs.finish(job().id, status, {"status": "first"})
        ended = jobs.get("1", job().id)

        jobs.finish(job().id, Status.INTERRUPTED, {"status": "second"})
        jobs.progress(job().id, DATABASE)
        jobs.queue(job().id, 1, BootKind.SERVE)
        jobs.request_cancel(job().id)

        assert jobs.get("1", job().id) == ended
        assert (ended.status, ended.result) == (status, {"status": "first"})

    def test_a_job_that_ends_while_it_waits_leaves_the_queue(self, jobs):
        jobs.add(job())
        jobs.queue(job().id, 4, BootKind.SERVE)

        jobs.finish(job().id, Status.CANCELLED, {})

        assert jobs.get("1", job().id).position == 0

    def test_a_cancellation_reaches_the_owner(self, jobs):
        jobs.add(job())
        assert not jobs.cancel_requested(job().id)

        jobs.request_cancel(job().id)

        assert jobs.cancel_requested(job().id)
        assert jobs.get("1", job().id).cancel_requested
        assert not jobs.cancel_requested("unknown")

    def test_pruning_deletes_old_finished_jobs(self, jobs):
        for name in ("old", "running", "fresh"):
            jobs.add(job(id=name))
            jobs.progress(name, CHECKOUT)
        jobs.finish("old", Status.OK, {})
        middle = now()
        jobs.finish("fresh", Status.OK, {})

        assert jobs.prune(middle) == 1

        assert set(names(jobs.list("1", active=False, limit=10))) == {"running", "fresh"}


def names(rows):
    return [row.id for row in rows]
