from tests.support.fakes import BLUE_PASSWORD, basic, make_world


def test_a_server_that_shuts_down_begins_nothing():
    world = make_world()
    world.context.draining.set()
    answer = world.client().post("/api/things", json={"name": "a"}, headers=basic(BLUE_PASSWORD))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["kind"] == "busy"
    assert world.audit.outcomes == [("draining", "busy")]


def test_a_draining_server_still_answers_reads():
    world = make_world()
    world.context.draining.set()
    assert world.client().get("/api/things", headers=basic(BLUE_PASSWORD)).status_code == 200


def test_a_stranger_learns_nothing_about_it():
    world = make_world()
    world.context.draining.set()
    answer = world.client().post("/api/things", headers={"Host": "evil.example"})
    assert answer.status_code == 421
