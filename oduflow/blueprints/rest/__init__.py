"""REST below `/api`: every operation, derived from its declaration."""

from oduflow.blueprints.rest.routes import blueprint

__all__ = ["blueprint"]
