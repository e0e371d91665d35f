"""No argument that may hold a secret is written to the audit log."""

import re

import pytest

from oduflow import bootstrap
from oduflow.kernel.registry import Registry

SECRET = re.compile(r"passw|token|secret|credential|auth|key|cookie|url|uri|header|body|sql|code")


def test_no_argument_that_may_hold_a_secret_is_audited():
    audited = {
        operation.name: found
        for operation in Registry.discover(bootstrap.OPERATIONS)
        if (found := [name for name in operation.audit if SECRET.search(name)])
    }

    assert audited == {}


@pytest.mark.parametrize(
    "name", ["repo_url", "password", "auth_token", "client_secret", "api_key", "redirect_uris"]
)
def test_a_name_that_tells_of_a_secret_is_known(name):
    assert SECRET.search(name)
