"""No argument that may hold a secret is audited; addresses are, without their secrets."""

import re

import pytest

from oduflow import bootstrap
from oduflow.domain.audit.addresses import is_address
from oduflow.kernel.registry import Registry

SECRET = re.compile(r"passw|token|secret|credential|auth|key|cookie|url|uri|header|body|sql|code")


def test_no_argument_that_may_hold_a_secret_is_audited():
    audited = {
        operation.name: found
        for operation in Registry.discover(bootstrap.OPERATIONS)
        if (
            found := [
                name
                for name in operation.audit
                if SECRET.search(name)
                and not is_address(operation.arguments.model_fields.get(name))
            ]
        )
    }

    assert audited == {}


def test_every_address_of_a_repository_is_audited_as_an_address():
    for operation in Registry.discover(bootstrap.OPERATIONS):
        for name, field in operation.arguments.model_fields.items():
            if name == "repo_url" or is_address(field):
                assert is_address(field), operation.name
                assert name in operation.audit, operation.name


@pytest.mark.parametrize(
    "name", ["repo_url", "password", "auth_token", "client_secret", "api_key", "redirect_uris"]
)
def test_a_name_that_tells_of_a_secret_is_known(name):
    assert SECRET.search(name)
