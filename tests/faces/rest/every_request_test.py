"""No request to the API, valid or not, causes a server error."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error

from oduflow.domain.audit.view import ReadAudit
from oduflow.kernel.registry import Registry
from tests.support.api_world import KNOWN, ApiWorld, api_world
from tests.support.fakes import BASE_URL, BLUE_PASSWORD, basic, make_world

EXAMPLES = 12
EXTREMES = (
    -(2**63) - 1,
    2**63 - 1,
    2**63,
    10**22,
    "1e400",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
)
BLUE = basic(BLUE_PASSWORD)
WORLD = make_world(operations=Registry.discover("oduflow.operations"))
DOCUMENT = WORLD.client().get("/api/openapi.json", headers=BLUE).json
DESCRIBED: Any = schemathesis.openapi.from_dict(DOCUMENT)
PRODUCT = list(WORLD.runner.registry)
API = [found.ok() for found in DESCRIBED.get_all_operations()]

always_the_same = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.thorough
@pytest.mark.parametrize("operation", API, ids=lambda operation: operation.label)
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_no_request_is_a_server_error(world: ApiWorld, operation, mode):
    @always_the_same
    @given(case=operation.as_strategy(mode))
    def answers(case: Case[Any]):
        world.put_back()
        send(case, world)
        for parameter in case.path_parameters or {}:  # hardly one finds what it is about
            case.path_parameters[parameter] = KNOWN[case.operation.path.split("/")[1]]
            send(case, world, Prefer="wait=9")

    answers()


@pytest.mark.parametrize("operation", PRODUCT, ids=lambda operation: operation.name)
def test_no_argument_is_too_large_too_early_or_too_late_for_an_answer(world: ApiWorld, operation):
    path = re.sub(r"{\w+}", KNOWN.get(operation.path.split("/")[1], "add"), operation.path)
    fields = operation.arguments.model_fields.keys() - set(re.findall(r"{(\w+)}", operation.path))
    for field, extreme in itertools.product(sorted(fields), EXTREMES):
        world.put_back()
        answer = asked(world, operation.method, f"/api{path}", {field: extreme})
        assert answer.status_code < 500, (field, extreme)


@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("field", sorted(ReadAudit.model_fields))
def test_no_page_of_the_trail_is_too_far_away_for_an_answer(world: ApiWorld, field, extreme):
    assert asked(world, "GET", "/audit", {field: extreme}).status_code < 500


@pytest.mark.parametrize("field", ["since", "until"])
@pytest.mark.parametrize("extreme", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_utc_does_not_know_is_refused_in_words(world: ApiWorld, field, extreme):
    answer = asked(world, "GET", "/api/audit", {field: extreme})

    assert answer.status_code == 422
    assert f"{field} is wrong: it lies outside of the years 1 to 9999" in answer.json["detail"]


def test_the_description_leaves_no_operation_out():
    assert len(API) == len(WORLD.runner.registry)


def asked(world: ApiWorld, method: str, path: str, arguments: dict[str, Any]) -> Any:
    """Call as a server does: an uncaught exception is a 500, not an exception of the test."""
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    where = "query_string" if method in {"GET", "DELETE"} else "json"
    sent: Any = {where: arguments, "headers": BLUE, "base_url": BASE_URL}
    return world.app.test_client().open(path, method=method, **sent)


def send(case: Case[Any], world: ApiWorld, **headers: str) -> None:
    answer = case.call(app=world.app, headers={**BLUE, **headers}, base_url=f"{BASE_URL}/api")
    case.validate_response(answer, checks=[not_a_server_error])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with api_world(tmp_path_factory.mktemp("api")) as made:
        yield made
