"""Whatever is sent to the API, as its own description has it or not: never a server error."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error

from oduflow.kernel.registry import Registry
from tests.support.api_world import KNOWN, ApiWorld, api_world
from tests.support.fakes import BASE_URL, BLUE_PASSWORD, basic, make_world

EXAMPLES = 12
BLUE = basic(BLUE_PASSWORD)
WORLD = make_world(operations=Registry.discover("oduflow.operations"))
DOCUMENT = WORLD.client().get("/api/openapi.json", headers=BLUE).json
DESCRIBED: Any = schemathesis.openapi.from_dict(DOCUMENT)
API = [found.ok() for found in DESCRIBED.get_all_operations()]

always_the_same = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


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


def test_the_description_leaves_no_operation_out():
    assert len(API) == len(WORLD.runner.registry)


def send(case: Case[Any], world: ApiWorld, **headers: str) -> None:
    answer = case.call(app=world.app, headers={**BLUE, **headers}, base_url=f"{BASE_URL}/api")
    case.validate_response(answer, checks=[not_a_server_error])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with api_world(tmp_path_factory.mktemp("api")) as made:
        yield made
