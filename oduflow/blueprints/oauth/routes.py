"""The OAuth server's blueprint with all its routes, and a session that sets no cookie."""

from typing import cast

from flask import Flask, Request, Response
from flask.blueprints import BlueprintSetupState
from flask.sessions import SecureCookieSession, SessionInterface

# Importing each of these adds its routes to the blueprint.
from oduflow.blueprints.oauth import authorize, metadata, register, teams, token
from oduflow.blueprints.oauth.blueprint import EXTENSION, blueprint
from oduflow.blueprints.oauth.github_sign_in import github

__all__ = [
    "EXTENSION",
    "authorize",
    "blueprint",
    "metadata",
    "register",
    "teams",
    "token",
]

blueprint.register_blueprint(github)


class RequestSession(SessionInterface):
    """Flask's session without a cookie: libraries' values in it end with the request."""

    def open_session(self, _app: Flask, _request: Request) -> SecureCookieSession:
        """Return an empty session."""
        return SecureCookieSession()

    def save_session(self, _app: Flask, _session: object, _response: Response) -> None:
        """Do nothing: the session is not kept."""


@blueprint.record
def _set_session_interface(state: BlueprintSetupState) -> None:
    cast("Flask", state.app).session_interface = RequestSession()
