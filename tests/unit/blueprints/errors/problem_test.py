import pytest
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound

from oduflow.blueprints.errors import Problem
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import ErrorView


@pytest.mark.parametrize("kind", Kind)
def test_a_failure_keeps_its_kind_its_words_and_its_next_step(kind):
    error = ErrorView(kind=kind, message="It broke.", hint="Repair it.", output="last line")
    problem = Problem.of(error, instance="/api/jobs/a", snapshot="before-sql-1")
    assert problem.snapshot == "before-sql-1"
    assert (problem.kind, problem.detail, problem.hint) == (kind, "It broke.", "Repair it.")
    assert (problem.output, problem.instance, problem.type) == (
        "last line",
        "/api/jobs/a",
        "about:blank",
    )


def test_the_title_is_the_status_in_words():
    problem = Problem.of(ErrorView(kind=Kind.BUSY, message="Wait."))
    assert (problem.status, problem.title) == (423, "Locked")


def test_an_error_of_http_keeps_what_we_said_about_it():
    problem = Problem.of_http(BadRequest("There is more than one Host header."), "/")
    assert (problem.status, problem.detail) == (400, "There is more than one Host header.")


def test_a_wrong_method_is_told_which_ones_are_right():
    assert Problem.of_http(MethodNotAllowed(["POST", "GET"]), "/").hint == "Allowed: GET, POST."


def test_a_wrong_path_is_told_where_to_look():
    problem = Problem.of_http(NotFound(), "/nowhere")
    assert problem.detail == "Not found: /nowhere"
    assert "/api/openapi.json" in problem.hint


def test_an_error_without_a_code_is_ours():
    problem = Problem.of_http(HTTPException("some detail"), "/")
    assert (problem.status, problem.kind) == (500, Kind.INTERNAL)
    assert "some detail" not in problem.model_dump_json()
