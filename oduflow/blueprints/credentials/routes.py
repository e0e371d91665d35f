"""The routes of git credentials: a blueprint of their own, derived as all routes are.

`GET /api/credentials`, and `POST /api/credentials/{add,delete,validate}`: their paths and bodies
are promised, so they can be found, and switched off, in one place.
"""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from oduflow.blueprints.rest.routes import APART, add_operations

NOUN = "credentials"

blueprint = Blueprint(NOUN, __name__, url_prefix="/api")


@blueprint.record
def _add_routes(state: BlueprintSetupState) -> None:
    assert NOUN in APART  # noqa: S101 - else every route would be there twice
    add_operations(state, NOUN.__eq__)
