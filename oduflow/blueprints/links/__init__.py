"""Links that sign a browser in to an environment."""

from oduflow.blueprints.links.routes import blueprint

__all__ = ["blueprint"]
