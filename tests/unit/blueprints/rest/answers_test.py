import pytest

from oduflow.blueprints.rest.openapi import success_status
from oduflow.blueprints.rest.routes import answer
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status
from oduflow.kernel.registry import Registry
from tests.support.fakes import BASE_URL, make_world
from tests.support.things import THINGS

REGISTRY = Registry(THINGS)


@pytest.mark.parametrize(
    ("name", "status"),
    [("create_thing", 201), ("list_things", 200), ("bake_thing", 200), ("delete_thing", 200)],
)
def test_only_a_post_to_what_get_lists_makes_something(name, status):
    assert success_status(REGISTRY.get(name), REGISTRY) == status


def test_a_job_that_makes_something_may_have_found_it_so_it_is_200():
    real = Registry.discover("oduflow.operations")
    assert success_status(real.get("create_environment"), real) == 200


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_what_still_goes_on_is_202_with_the_jobs_address(status):
    made = answered(Envelope[Nothing](status=status, summary="Soon.", job="abc"))
    assert (made.status_code, made.headers["Location"]) == (202, "/api/jobs/abc")


def test_what_is_done_has_no_location():
    made = answered(Envelope[Nothing](status=Status.OK, summary="Done.", job="abc"))
    assert made.status_code == 200
    assert "Location" not in made.headers


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED, Status.INTERRUPTED])
def test_a_job_that_failed_is_the_problem_it_failed_with(status):
    error = ErrorView(kind=Kind.QUOTA, message="Too many.")
    made = answered(Envelope[Nothing](status=status, summary="No.", job="abc", error=error))
    assert made.status_code == 403
    assert made.json is not None
    assert (made.json["kind"], made.json["instance"]) == ("quota", "/api/jobs/abc")


def answered(envelope: Envelope[Nothing]):
    with make_world().app.test_request_context("/api/things/a/bake", base_url=BASE_URL):
        return answer(REGISTRY.get("bake_thing"), envelope, REGISTRY)
