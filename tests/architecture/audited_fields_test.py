"""No argument that may bear a secret is ever remembered."""

import re

import pytest

from oduflow import bootstrap
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry

SECRET = re.compile(r"passw|token|secret|credential|auth|key|cookie|url|uri|header|body|sql|code")

every_operation = pytest.mark.parametrize(
    "operation", list(Registry.discover(bootstrap.OPERATIONS)), ids=lambda found: found.name
)


@every_operation
def test_no_argument_that_may_bear_a_secret_is_audited(operation: Operation):
    assert [name for name in operation.audit if SECRET.search(name)] == []


@pytest.mark.parametrize(
    "name", ["repo_url", "password", "auth_token", "client_secret", "api_key", "redirect_uris"]
)
def test_a_name_that_tells_of_a_secret_is_known(name):
    assert SECRET.search(name)
