from typing import Any

import pytest
from openapi_spec_validator import validate

from oduflow.blueprints.rest.openapi import describe
from oduflow.kernel.registry import Registry
from tests.support.things import THINGS


def test_the_description_is_valid_openapi_3_1(document):
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_operation_is_in_it_under_its_own_name(document):
    names = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    assert names == {operation.name for operation in THINGS}


def test_what_a_path_takes_is_not_asked_for_in_the_body(document):
    bake = document["paths"]["/things/{name}/bake"]["post"]
    [name, prefer] = bake["parameters"]
    assert (name["name"], name["in"], name["required"]) == ("name", "path", True)
    assert prefer["name"] == "Prefer"
    body = bake["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"colours", "heavy"}
    assert bake["requestBody"]["required"] is False


def test_a_required_field_makes_the_body_required(document):
    create = document["paths"]["/things"]["post"]
    body = create["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["name"]
    assert create["requestBody"]["required"] is True


def test_a_get_asks_by_its_query(document):
    parameters = {
        parameter["name"]: parameter
        for parameter in document["paths"]["/things"]["get"]["parameters"]
    }
    assert set(parameters) == {"text", "colours", "heavy", "limit"}
    assert {parameter["in"] for parameter in parameters.values()} == {"query"}
    assert parameters["limit"]["schema"]["maximum"] == 9
    assert parameters["limit"]["description"] == "How many at most."


def test_a_slow_operation_answers_its_job_at_once(document):
    responses = document["paths"]["/things/{name}/bake"]["post"]["responses"]
    assert set(responses) == {"200", "202", "default"}
    assert "Location" in responses["202"]["headers"]


def test_making_something_is_201(document):
    assert set(document["paths"]["/things"]["post"]["responses"]) == {"201", "default"}


def test_a_failure_is_problem_details(document):
    problem = document["components"]["responses"]["Problem"]
    assert set(problem["content"]) == {"application/problem+json"}
    fields = document["components"]["schemas"]["Problem"]["properties"]
    assert {"kind", "hint", "detail", "status", "title", "type"} <= set(fields)


def test_everything_needs_the_password(document):
    assert document["security"] == [{"basic": []}, {"grant": []}]
    assert document["components"]["securitySchemes"]["basic"]["scheme"] == "basic"


@pytest.fixture
def document() -> dict[str, Any]:
    return describe(Registry(THINGS))
