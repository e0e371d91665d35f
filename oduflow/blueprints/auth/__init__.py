"""Authentication: one `Actor` for every face, and the checks that every request passes first."""

from flask import Blueprint

from oduflow.blueprints.auth.basic import (
    authenticate_basic,
    authenticate_rest,
    authenticate_upload,
)
from oduflow.blueprints.auth.bearer import StaticTokenVerifier, authenticate_bearer
from oduflow.blueprints.auth.hosts import (
    refuse_repeated_headers,
    refuse_unknown_host,
)
from oduflow.blueprints.auth.proxy_count import check_proxy_count
from oduflow.blueprints.auth.requests import refuse_doubled_slash

__all__ = [
    "StaticTokenVerifier",
    "authenticate_basic",
    "authenticate_bearer",
    "authenticate_rest",
    "authenticate_upload",
    "blueprint",
]

blueprint = Blueprint("auth", __name__)
# Flask runs these in this order, before those of the blueprints that are registered later.
blueprint.before_app_request(refuse_repeated_headers)
blueprint.before_app_request(refuse_unknown_host)
blueprint.before_app_request(refuse_doubled_slash)
blueprint.before_app_request(check_proxy_count)
