import pytest

from oduflow.domain.status import HealthFinding
from tests.support.fakes import BLUE_PASSWORD, BLUE_TOKEN, ONE_TEAM, basic, bearer, make_world

SICK = (
    HealthFinding("docker", ok=True, message="Docker answers."),
    HealthFinding("disk", ok=False, message="The disk is full.", hint="Free some."),
)
STRANGER = {"REMOTE_ADDR": "192.168.1.2"}


def test_the_process_says_that_it_is_alive_without_looking_at_anything():
    world = make_world()
    world.probe.parts = SICK
    answer = world.client().get("/healthz", environ_overrides=STRANGER)
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})
    assert world.probe.looks == 0


def test_the_server_is_ready_when_every_part_is():
    answer = make_world().client().get("/readyz", environ_overrides=STRANGER)
    assert answer.status_code == 200
    assert answer.json["ready"] is True
    assert [part["part"] for part in answer.json["parts"]] == ["docker"]


def test_a_part_that_is_not_ready_makes_the_server_unready_and_is_named():
    world = make_world()
    world.probe.parts = SICK
    answer = world.client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["ready"] is False
    assert answer.json["parts"][1] == {
        "part": "disk",
        "ok": False,
        "message": "The disk is full.",
        "hint": "Free some.",
        "degraded": False,
    }


def test_a_part_that_some_teams_cannot_use_leaves_the_server_ready_and_degraded():
    world = make_world()
    message = "The PostgreSQL of 1 of 2 teams cannot be used."
    world.probe.parts = (HealthFinding("postgres", ok=True, message=message, degraded=True),)
    answer = world.client().get("/readyz")
    assert answer.status_code == 200
    assert (answer.json["ready"], answer.json["degraded"]) == (True, True)


def test_asking_a_hundred_times_looks_once():
    world = make_world()
    client = world.client()
    for _ in range(100):
        client.get("/readyz")
    assert world.probe.looks == 1


def test_a_server_that_shuts_down_is_not_ready():
    world = make_world()
    world.context.draining.set()
    answer = world.client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["parts"][0]["part"] == "server"


def test_no_team_is_named_to_strangers():
    world = make_world(ONE_TEAM.replace("Blue", "Crimson"))
    for path in ("/healthz", "/readyz", "/metrics"):
        assert "Crimson" not in world.client().get(path).text


def test_a_program_of_this_machine_reads_the_numbers():
    world = make_world()
    client = world.client()
    client.get("/healthz")
    client.get("/api/nowhere")
    answer = client.get("/metrics")
    assert answer.mimetype == "text/plain"
    assert 'oduflow_http_requests_total{face="health",status="200"} 1.0' in answer.text
    assert 'oduflow_http_requests_total{face="other",status="404"} 1.0' in answer.text


def test_jobs_that_go_on_are_counted():
    world = make_world()
    world.slots.free.clear()
    path = "/api/things/a/bake"
    assert world.client().post(path, headers=basic(BLUE_PASSWORD)).status_code == 202
    numbers = world.client().get("/metrics").text
    assert 'oduflow_jobs{status="' in numbers
    world.slots.free.set()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (basic("wrong"), 401),
        (bearer(BLUE_TOKEN), 401),
        (basic(BLUE_PASSWORD), 200),
    ],
)
def test_a_stranger_needs_the_password_for_the_numbers(headers, status):
    client = make_world().client()
    answer = client.get("/metrics", headers=headers, environ_overrides=STRANGER)
    assert answer.status_code == status


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For"])
def test_a_proxy_on_this_machine_does_not_show_them_to_the_world(header):
    answer = make_world().client().get("/metrics", headers={header: "x"})
    assert answer.status_code == 401


def test_a_wrong_password_is_refused_even_on_this_machine():
    assert make_world().client().get("/metrics", headers=basic("wrong")).status_code == 401
