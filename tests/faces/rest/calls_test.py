"""A call over REST, from the request to the audit row."""

import pytest

from oduflow.domain.errors import Kind
from tests.support.fakes import BLUE_PASSWORD, RED_PASSWORD, TWO_TEAMS, basic, make_world

BLUE = basic(BLUE_PASSWORD)


def test_a_read_answers_the_envelope():
    answer = make_world().client().get("/api/things/lamp", headers=BLUE)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json["status"] == "ok"
    assert answer.json["summary"] == "lamp is here."
    assert answer.json["data"] == {"name": "lamp", "owner": "1", "colours": []}


def test_a_query_is_read_as_booleans_numbers_and_arrays():
    query = "?heavy=true&limit=3&colours=red&colours=blue&text=l%C3%A4mp"
    answer = make_world().client().get(f"/api/things{query}", headers=BLUE)
    assert answer.json["data"]["asked"] == {
        "heavy": True,
        "limit": 3,
        "colours": ["red", "blue"],
        "text": "lämp",
    }


def test_making_something_answers_201_with_warnings_and_next_steps():
    body = {"name": "Lamp One", "colours": ["red"]}
    answer = make_world().client().post("/api/things", json=body, headers=BLUE)
    assert answer.status_code == 201
    assert answer.json["data"] == {"name": "lamp-one", "owner": "1", "colours": ["red"]}
    assert answer.json["warnings"] == ["It is small."]
    assert [step["operation"] for step in answer.json["next"]] == ["get_thing"]


def test_the_credential_alone_says_whose_things_are_meant():
    client = make_world(TWO_TEAMS).client()
    red = client.get("/api/things/lamp", headers=basic(RED_PASSWORD))
    blue = client.get("/api/things/lamp", headers=BLUE)
    assert (red.json["data"]["owner"], blue.json["data"]["owner"]) == ("2", "1")


@pytest.mark.parametrize("kind", Kind)
def test_every_failure_is_a_problem_with_its_kind_its_hint_and_its_output(kind):
    client = make_world().client()
    answer = client.post("/api/things/lamp/fail", json={"kind": kind}, headers=BLUE)
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == answer.status_code >= 400
    assert (answer.json["kind"], answer.json["hint"]) == (kind, "Do this.")
    assert answer.json["detail"] == "It went wrong."
    if kind is Kind.RATE_LIMITED:
        assert answer.headers["Retry-After"] == "7"
    else:
        assert answer.json["output"] == "the last line"


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/api/things", {}, "name is required"),
        ("/api/things", {"name": "a", "colour": []}, "did you mean colours"),
        ("/api/things", {"name": "a", "heavy": "perhaps"}, "heavy"),
        ("/api/things/a/bake", {"name": "b"}, "name"),
        ("/api/things/a/bake?heavy=true", {}, "no query"),
    ],
)
def test_what_does_not_fit_is_422_and_says_which_field(path, body, named):
    answer = make_world().client().post(path, json=body, headers=BLUE)
    assert (answer.status_code, answer.json["kind"]) == (422, "invalid")
    assert named in answer.json["detail"]


def test_a_form_is_415():
    answer = make_world().client().post("/api/things", data={"name": "a"}, headers=BLUE)
    assert (answer.status_code, answer.json["kind"]) == (415, "invalid")


def test_a_body_beyond_the_limit_is_413():
    body = b'{"name": "' + b"a" * (4 << 20) + b'"}'
    client = make_world().client()
    headers = {**BLUE, "Content-Type": "application/json"}
    answer = client.post("/api/things", data=body, headers=headers)
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def test_what_another_call_works_on_is_423_and_names_the_holder():
    world = make_world()
    world.slots.free.clear()
    world.client().post("/api/things/lamp/bake", headers=BLUE)
    answer = world.client().delete("/api/things/lamp", headers=BLUE)
    world.slots.free.set()
    assert (answer.status_code, answer.json["kind"]) == (423, "busy")
    assert "bake_thing by basic:admin" in answer.json["detail"]
    assert answer.json["hint"]


def test_a_defect_is_500_without_its_traceback():
    answer = make_world().client().post("/api/things/lamp/break", headers=BLUE)
    assert (answer.status_code, answer.json["kind"]) == (500, "internal")
    assert "secret detail" not in answer.text


def test_a_wrong_method_is_405_and_says_which_ones_are_right():
    for method in ("PUT", "OPTIONS", "TRACE"):
        answer = make_world().client().open("/api/things", method=method, headers=BLUE)
        assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_a_head_is_a_get_without_its_body():
    answer = make_world().client().head("/api/things", headers=BLUE)
    assert (answer.status_code, answer.data) == (200, b"")


def test_a_call_is_remembered_with_its_face_its_actor_and_the_clients_address():
    world = make_world()
    world.client().post("/api/things", json={"name": "lamp"}, headers=BLUE)
    [row] = world.audit.rows
    assert (row.face, row.address, str(row.actor)) == ("rest", "127.0.0.1", "basic:admin")
    assert (row.operation, row.fields, row.outcome) == ("create_thing", {"name": "lamp"}, "ok")


def test_a_stranger_causes_nothing_and_is_counted():
    world = make_world()
    answer = world.client().post("/api/things", json={"name": "lamp"}, headers=basic("wrong"))
    assert answer.status_code == 401
    assert world.audit.rows == []
    (row,) = world.audit.strangers
    assert (row.operation, row.face, row.address) == ("sign_in", "rest", "127.0.0.1")
