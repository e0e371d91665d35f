"""Slow operations over REST."""

from tests.support.fakes import BLUE_PASSWORD, World, basic, make_world

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
    assert f"wait_for_job job={job}" in answer.json["next"]
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
