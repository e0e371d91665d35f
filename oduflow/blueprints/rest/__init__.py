"""REST below `/api`: every operation, derived from its declaration."""

from oduflow.blueprints.rest.routes import blueprint, credentials

__all__ = ["blueprint", "credentials"]
