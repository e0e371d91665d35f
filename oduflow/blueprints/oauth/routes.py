"""All routes of the OAuth server, in one blueprint."""

from typing import cast

from flask import Flask
from flask.blueprints import BlueprintSetupState

# Each of these adds its routes to the blueprint.
from oduflow.blueprints.oauth import authorize, consent, metadata, register, teams, token
from oduflow.blueprints.oauth.configured import OneRequest
from oduflow.blueprints.oauth.face import EXTENSION, blueprint
from oduflow.blueprints.oauth.github import github

__all__ = [
    "EXTENSION",
    "authorize",
    "blueprint",
    "consent",
    "metadata",
    "register",
    "teams",
    "token",
]

blueprint.register_blueprint(github)


@blueprint.record
def _keep_no_session(state: BlueprintSetupState) -> None:
    cast("Flask", state.app).session_interface = OneRequest()
