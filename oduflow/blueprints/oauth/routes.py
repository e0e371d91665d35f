"""The OAuth server's blueprint with all its routes."""

# Importing each of these adds its routes to the blueprint.
from oduflow.blueprints.oauth import authorize, metadata, register, teams
from oduflow.blueprints.oauth.blueprint import EXTENSION, blueprint
from oduflow.blueprints.oauth.github_sign_in import github

__all__ = ["EXTENSION", "authorize", "blueprint", "metadata", "register", "teams"]

blueprint.register_blueprint(github)
