"""Slow operations over REST."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from oduflow.blueprints.wait_limits import WaitKind
from oduflow.domain.access import Actor, ActorKind
from tests.support.fakes import BLUE_PASSWORD, World, basic, make_world
from tests.support.mcp_world import OPERATIONS, eventually

BLUE = basic(BLUE_PASSWORD)
PATH = "/api/things/lamp/bake"


def test_a_slow_operation_answers_its_job_at_once():
    world = make_world()
    world.slots.free.clear()
    answer = world.client().post(PATH, headers=BLUE)
    [job] = world.job_rows.rows
    finish(world, job)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/jobs/{job}"
    assert answer.json["job"] == job
    assert answer.json["status"] in {"queued", "running"}
    assert answer.json["next"][0]["arguments"] == {"job": job}
    assert "Preference-Applied" not in answer.headers


def test_who_would_rather_wait_gets_the_result():
    answer = make_world().client().post(PATH, headers={**BLUE, "Prefer": "wait=30"})
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert answer.json["data"]["name"] == "lamp"
    assert "Location" not in answer.headers


def test_who_waited_in_vain_gets_the_job():
    world = make_world()
    world.slots.free.clear()
    answer = world.client().post(PATH, headers={**BLUE, "Prefer": "wait=1"})
    [job] = world.job_rows.rows
    finish(world, job)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/jobs/{job}"
    assert "number 1 in the queue" in answer.json["summary"]


def test_a_job_that_fails_in_time_is_the_problem_it_failed_with():
    world = make_world()
    headers = {**BLUE, "Prefer": "wait=30"}
    body = {"kind": "upstream"}
    answer = world.client().post("/api/things/lamp/burn", json=body, headers=headers)
    [job] = world.job_rows.rows
    assert (answer.status_code, answer.json["kind"]) == (502, "upstream")
    assert answer.json["instance"] == f"/api/jobs/{job}"
    assert answer.mimetype == "application/problem+json"


def test_a_job_that_was_called_off_is_409():
    world = make_world()
    headers = {**BLUE, "Prefer": "wait=30"}
    answer = world.client().post(
        "/api/things/lamp/burn", json={"kind": "cancelled"}, headers=headers
    )
    assert (answer.status_code, answer.json["kind"]) == (409, "cancelled")


def test_a_slow_operation_that_is_refused_begins_no_job():
    world = make_world()
    answer = world.client().post(PATH, json={"nonsense": 1}, headers=BLUE)
    assert answer.status_code == 422
    assert world.job_rows.rows == {}


def test_a_quick_operation_passes_over_the_wish_to_wait():
    answer = make_world().client().get("/api/things", headers={**BLUE, "Prefer": "wait=30"})
    assert answer.status_code == 200
    assert "Preference-Applied" not in answer.headers


def finish(world: World, job: str) -> None:
    world.slots.free.set()
    world.runner.jobs.wait("1", job, 10)


def test_who_may_not_keep_another_thread_waiting_gets_the_job_at_once():
    world = make_world()
    world.slots.free.clear()
    with all_slots_taken(world):
        answer = world.client().post(PATH, headers={**BLUE, "Prefer": "wait=30"})
    [job] = world.job_rows.rows
    finish(world, job)
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


def test_a_call_that_only_waits_is_refused_for_a_while_where_too_many_do():
    world = make_world(operations=OPERATIONS)
    with all_slots_taken(world):
        refused = world.client().get("/api/rest", headers=BLUE)
        at_once = world.client().get("/api/rest?seconds=0", headers=BLUE)
    assert (refused.status_code, refused.json["kind"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 0
    assert "seconds=0" in refused.json["hint"]
    assert at_once.status_code == 200


def test_waiting_takes_a_slot_and_gives_it_back():
    world = make_world()
    world.slots.free.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(world.client().post, PATH, headers={**BLUE, "Prefer": "wait=30"})
        eventually(lambda: world.context.wait_limiter.taken == 1)
        world.slots.free.set()
        assert waiting.result().status_code == 200
    assert world.context.wait_limiter.taken == 0


def test_every_face_counts_the_same_waits():
    world = make_world()
    bridge = world.app.extensions["oduflow.mcp"]
    assert bridge.wait_limiter is world.context.wait_limiter


@contextmanager
def all_slots_taken(world: World) -> Iterator[None]:
    actor = Actor("1", ActorKind.BASIC, "admin")
    limiter = world.context.wait_limiter
    with ExitStack() as held:
        for _ in range(limiter.limits.actor):
            assert held.enter_context(limiter.permit(actor, WaitKind.CALL)).take()
        yield
