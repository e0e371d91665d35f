"""Who is asking: one `Actor` for every face, and what every request must be before that."""

from flask import Blueprint

from oduflow.blueprints.auth.basic import authenticate_basic, authenticate_rest
from oduflow.blueprints.auth.bearer import StaticTokenVerifier, authenticate_bearer
from oduflow.blueprints.auth.hops import notice_proxies
from oduflow.blueprints.auth.hosts import (
    allowed_hosts,
    refuse_repeated_headers,
    refuse_unknown_host,
)
from oduflow.blueprints.auth.paths import refuse_doubled_slash

__all__ = [
    "StaticTokenVerifier",
    "allowed_hosts",
    "authenticate_basic",
    "authenticate_bearer",
    "authenticate_rest",
    "blueprint",
]

blueprint = Blueprint("auth", __name__)
# In this order, and before any other blueprint's: an application runs them as they were added.
blueprint.before_app_request(refuse_repeated_headers)
blueprint.before_app_request(refuse_unknown_host)
blueprint.before_app_request(refuse_doubled_slash)
blueprint.before_app_request(notice_proxies)
