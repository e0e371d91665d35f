"""Every operation of the product over REST, as far as no real part is needed."""

import pytest
from openapi_spec_validator import validate

from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry
from tests.support.fakes import BLUE_PASSWORD, OPEN, World, basic, bearer, make_world

REGISTRY = Registry.discover("oduflow.operations")
BLUE = basic(BLUE_PASSWORD)

every_operation = pytest.mark.parametrize("operation", list(REGISTRY), ids=lambda found: found.name)


@every_operation
@pytest.mark.parametrize("headers", [{}, basic("wrong"), bearer(BLUE_PASSWORD)])
def test_without_the_password_it_is_401_and_nothing_happens(world, operation, headers):
    answer = world.client().open(path(operation), method=operation.method, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert world.audit.rows == []


@every_operation
def test_a_field_that_it_does_not_have_is_422_and_remembered(world, operation):
    place = "json" if operation.method in {"POST", "PATCH"} else "query_string"
    sent = {place: {"nonsense": "1"}}
    answer = world.client().open(path(operation), method=operation.method, headers=BLUE, **sent)
    assert (answer.status_code, answer.json["kind"]) == (422, "invalid")
    assert "there is no field nonsense" in answer.json["detail"]
    assert world.audit.outcomes == [(operation.name, "invalid")]


@every_operation
def test_a_foreign_page_cannot_make_a_browser_call_it_where_it_changes_something(operation):
    if operation.method == "GET":
        assert operation.effect == "read"
        return
    world = make_world(OPEN, operations=REGISTRY)
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = world.client().open(path(operation), method=operation.method, headers=headers)
    assert answer.status_code == 403


def test_the_description_names_them_all_and_is_openapi(world):
    answer = world.client().get("/api/openapi.json", headers=BLUE)
    assert answer.status_code == 200
    validate(answer.json)
    described = {
        (method.upper(), route)
        for route, methods in answer.json["paths"].items()
        for method in methods
    }
    assert described == {(operation.method, operation.path) for operation in REGISTRY}


def test_the_description_needs_the_password_too(world):
    assert world.client().get("/api/openapi.json").status_code == 401


def path(operation: Operation) -> str:
    return "/api" + operation.path.replace("{job}", "a" * 12).replace("{", "").replace("}", "")


@pytest.fixture
def world() -> World:
    return make_world(operations=REGISTRY)
